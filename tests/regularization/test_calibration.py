"""lightning_modules.regularization.calibration: is an answer right as often as its probability says?"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_calibration_error

from lightning_modules import calibration_error


def two(*probabilities):
    """Probabilities of the first of two classes."""
    return torch.tensor([[p, 1 - p] for p in probabilities])


def test_a_network_that_knows_how_often_it_errs_has_no_error():
    report = calibration_error(two(0.75, 0.75, 0.75, 0.75), torch.tensor([0, 0, 0, 1]))
    assert (report.expected, report.largest) == (0, 0)


def test_the_distance_in_each_bin_counts_by_the_answers_in_it():
    # Three answers at 0.9, all right; one at 0.6, wrong: 3/4 · 0.1 + 1/4 · 0.6.
    report = calibration_error(two(0.9, 0.9, 0.1, 0.6), torch.tensor([0, 0, 1, 1]), bins=5)
    assert report.expected == pytest.approx(0.225)
    assert report.largest == pytest.approx(0.6)
    assert report.counts.tolist() == [0, 0, 1, 0, 3]
    assert report.confidence[[2, 4]].tolist() == pytest.approx([0.6, 0.9])
    assert report.accuracy[[2, 4]].tolist() == [0, 1]
    assert report.accuracy[[0, 1, 3]].isnan().all()


def test_a_bin_holds_its_upper_end():
    counts = calibration_error(two(0.5, 0.75, 1.0), torch.tensor([0, 0, 0]), bins=4).counts
    assert counts.tolist() == [0, 1, 1, 1]


def test_two_errors_in_one_bin_cancel_and_in_two_do_not():
    probabilities, labels = two(0.6, 0.9), torch.tensor([0, 1])
    assert calibration_error(probabilities, labels, bins=1).expected == pytest.approx(0.25)
    assert calibration_error(probabilities, labels, bins=10).expected == pytest.approx(0.65)


@settings(max_examples=30)
@given(st.integers(1, 200), st.integers(2, 6), st.integers(1, 20), st.integers(0, 1000))
def test_it_is_what_torchmetrics_computes(items, classes, bins, seed):
    generator = torch.Generator().manual_seed(seed)
    probabilities = (3 * torch.randn(items, classes, generator=generator)).softmax(dim=1)
    labels = torch.randint(classes, (items,), generator=generator)
    report = calibration_error(probabilities, labels, bins)
    for norm, ours in (("l1", report.expected), ("max", report.largest)):
        theirs = multiclass_calibration_error(probabilities, labels, classes, n_bins=bins, norm=norm)
        assert ours == pytest.approx(theirs.item(), abs=1e-5)


def test_pixels_count_as_items():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.randn(2, 3, 4, 5, generator=generator).softmax(dim=1)
    labels = torch.randint(3, (2, 4, 5), generator=generator)
    flat = probabilities.movedim(1, -1).flatten(0, -2), labels.flatten()
    assert calibration_error(probabilities, labels).expected == calibration_error(*flat).expected


def test_printed_it_is_a_table_of_the_bins_that_have_answers():
    text = str(calibration_error(two(0.9, 0.9, 0.1, 0.6), torch.tensor([0, 0, 1, 1]), bins=5))
    rows = [line.split() for line in text.splitlines()[1:]]
    assert rows == [
        ["40%", "to", "60%", "1", "60.0%", "0.0%"],
        ["80%", "to", "100%", "3", "90.0%", "100.0%"],
    ]


@pytest.mark.parametrize(
    ("probabilities", "labels", "bins", "error", "message"),
    [
        (torch.randn(3, 4), torch.zeros(3).long(), 15, ValueError, "not from 0 up.*softmax"),
        (torch.full((3, 2), torch.nan), torch.zeros(3).long(), 15, ValueError, "not from 0 up"),
        (torch.full((3,), 0.5), torch.zeros(3).long(), 15, ValueError, r"dimension 1.*torch.stack"),
        (torch.full((3, 1), 1.0), torch.zeros(3).long(), 15, ValueError, r"at least two.*\(3, 1\)"),
        (two(0.5), torch.zeros(2).long(), 15, ValueError, r"shape \(1,\) beside .* \(1, 2\), got \(2,\)"),
        (two(0.5), torch.zeros(1), 15, TypeError, "integers, .*got torch.float32"),
        (two(0.5), torch.tensor([-100]), 15, ValueError, "from 0 to 1, got -100. Leave out"),
        (two(0.5), torch.tensor([2]), 15, ValueError, "from 0 to 1, got 2"),
        (torch.zeros(0, 2), torch.zeros(0).long(), 15, ValueError, "no items"),
        (two(0.5), torch.tensor([0]), 0, ValueError, "bins must be at least 1, got 0"),
    ],
)
def test_what_has_no_calibration_is_refused(probabilities, labels, bins, error, message):
    with pytest.raises(error, match=message):
        calibration_error(probabilities, labels, bins)
