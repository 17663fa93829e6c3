"""lightning_modules.table: what reports say in a line, printed and in a notebook."""

import pytest
import torch
from torch import nn

from lightning_modules import (
    MLP,
    Digits,
    MCPrediction,
    RangeTest,
    Split,
    calibration_error,
    initialize,
    mc_dropout,
    plan_folding,
    recipe,
    reuse,
    selective_accuracy,
    signal,
)
from lightning_modules.table import Table


def network():
    torch.manual_seed(0)
    return MLP([64] + [20] * 20 + [10], normalization=nn.BatchNorm1d)


def dropping():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))


def probabilities():
    return mc_dropout(dropping(), torch.randn(50, 4), samples=10, keep_samples=True)


def fallen():
    return RangeTest([1e-4 * 1.1**i for i in range(60)], [2.0 - i / 100 for i in range(60)], steps=60)


REPORTS = {
    "InitializationReport": (lambda: initialize(network()), "21 of 41 layers drawn"),
    "SignalReport": (
        lambda: signal(network(), (torch.randn(5, 64), torch.zeros(5).long()), nn.CrossEntropyLoss()),
        "61 calls of layers, loss 2.",
    ),
    "ReuseReport": (
        lambda: reuse(network(), network().state_dict()),
        "loaded 122 of 122 tensors, ",
    ),
    "FoldingReport": (
        lambda: plan_folding(network().eval()),
        "20 of 20 batch normalizations can be folded",
    ),
    "RangeTest": (fallen, "rates 0.0001 to 0.0277, search between 0.0"),
    "MCPrediction": (
        probabilities,
        "mean: 50 × 3, std: 50 × 3, entropy: 50, mutual_information: 50, samples: 10 × 50 × 3",
    ),
    "CalibrationReport": (
        lambda: calibration_error(probabilities().mean, torch.zeros(50).long()),
        "expected error ",
    ),
    "Selective": (
        lambda: selective_accuracy(torch.arange(50) < 40, torch.arange(50.0)),
        "50 limits, answered 2.0% to 100.0%, accuracy 100.0% to 80.0%",
    ),
    "Recipe": (lambda: recipe("default"), "initializer: He, activation: ReLU, "),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_a_line_in_a_list_and_a_table_in_a_notebook(name):
    make, summary = REPORTS[name]
    report = make()
    line = repr(report)
    assert line.startswith(f"{name}({summary}")
    assert "\n" not in line
    assert len(line) < 200
    html = report._repr_html_()
    assert html.startswith("<table>\n<tr><th")
    assert html.count("<tr>") == len(report.table().rows)
    assert len(str(report)) < 200 or "\n" in str(report)


def test_the_first_ten_predictions_are_shown_with_the_likeliest_class():
    mean = torch.tensor([[0.1, 0.9]]).repeat(30, 1)
    prediction = MCPrediction(mean, mean / 10, torch.full((30,), 0.5), torch.full((30,), 0.25))
    rows = prediction.table().rows
    assert rows[1] == ("0", "1", "0.900", "0.090", "0.500", "0.250")
    assert len(rows) == 11
    values = MCPrediction(torch.zeros(4), torch.zeros(4))
    assert values.table().rows == [("", "shape"), ("mean", "4"), ("std", "4")]


def test_limits_of_doubt_are_shown_from_end_to_end():
    rows = selective_accuracy(torch.arange(50) < 40, torch.arange(50.0)).table().rows
    assert len(rows) == 11
    assert (rows[1], rows[-1]) == (("0", "2.0%", "100.0%"), ("49", "100.0%", "80.0%"))


def test_what_a_cell_says_is_no_markup():
    html = Table([("<b>", "n"), ("a & b", "1")], left=[0]).html()
    assert "&lt;b&gt;" in html
    assert "a &amp; b" in html
    assert html.count("text-align: left") == html.count("text-align: right") == 2


def test_a_split_and_a_data_module_do_not_print_their_images():
    assert repr(Split(torch.zeros(5, 1, 8, 8), torch.zeros(5).long())) == (
        "Split(images of shape (5, 1, 8, 8), labels of shape (5,))"
    )
    assert str(Digits(batch_size=8)) == repr(Digits(batch_size=8)) == "Digits(batch_size=8)"
