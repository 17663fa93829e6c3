"""lightning_modules.gradients.gradient_clipping_percentile."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from lightning_modules import ClipGradientPercentile
from lightning_modules.gradients.gradient_clipping_percentile import percentile


def step(callback, *gradient):
    """One clipping of a parameter with this gradient; what it becomes."""
    weight = nn.Parameter(torch.zeros(len(gradient)))
    weight.grad = torch.tensor(gradient)
    callback.clip_([weight], weight.grad.norm().item())
    return weight.grad


def test_a_percentile_lies_between_two_values_in_proportion():
    assert percentile([1.0, 2.0, 3.0, 4.0, 5.0], 50) == 3
    assert percentile([10.0, 20.0], 25) == 12.5
    assert percentile([7.0], 90) == 7


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 90, 99.5, 100])
@pytest.mark.parametrize("count", [1, 2, 9, 10, 1000])
def test_percentiles_are_torchs_quantiles(percent, count):
    torch.manual_seed(count)
    values = torch.randn(count, dtype=torch.float64).sort().values
    expected = torch.quantile(values, percent / 100).item()
    assert percentile(values.tolist(), percent) == pytest.approx(expected, abs=1e-12)


def test_a_long_gradient_is_shortened_to_the_percentile_of_those_before_it():
    callback = ClipGradientPercentile(percent=50, warmup=3)
    for norm in (1.0, 2.0, 3.0):
        assert step(callback, norm).item() == norm
    assert callback.threshold == 2
    assert step(callback, 6.0, 8.0).tolist() == pytest.approx([1.2, 1.6])  # of norm 10, shortened to 2
    assert callback.threshold == 2.5  # of 1, 2, 3 and the unclipped 10


def test_nothing_is_clipped_during_warm_up():
    callback = ClipGradientPercentile(warmup=3)
    for norm in (1.0, 1.0, 100.0):
        assert callback.threshold == float("inf")
        assert step(callback, norm).item() == norm
    assert callback.threshold < 100


def test_a_largest_norm_holds_from_the_first_step_and_above_the_percentile():
    callback = ClipGradientPercentile(warmup=2, max_norm=3.0)
    assert [step(callback, norm).item() for norm in (100.0, 2.0)] == pytest.approx([3, 2])
    assert callback.threshold == 3  # the percentile of 100 and 2 is 90.2
    for _ in range(50):
        step(callback, 1.0)
    assert callback.threshold == 1


def test_one_enormous_gradient_hardly_moves_the_threshold():
    callback = ClipGradientPercentile(window=100)
    for _ in range(100):
        step(callback, 1.0)
    assert step(callback, 1e6).item() == pytest.approx(1)
    assert callback.threshold == 1


def test_only_the_window_counts():
    torch.manual_seed(0)
    callback = ClipGradientPercentile(window=5, warmup=5)
    norms = torch.rand(40).tolist()
    for index, norm in enumerate(norms):
        step(callback, norm)
        if index >= 4:
            expected = torch.quantile(torch.tensor(norms[index - 4 : index + 1]), 0.9).item()
            assert callback.threshold == pytest.approx(expected)


@pytest.mark.parametrize("percent", [50, 90, 99])
def test_of_norms_that_do_not_change_in_kind_the_rest_to_a_hundred_percent_is_clipped(percent):
    torch.manual_seed(0)
    callback = ClipGradientPercentile(percent=percent)
    clipped = sum(callback.clip_([], norm) for norm in torch.randn(20_000).exp().tolist())
    assert clipped / 20_000 == pytest.approx(1 - percent / 100, abs=0.01)


def test_the_threshold_follows_norms_that_shrink():
    callback = ClipGradientPercentile(window=20)
    thresholds = []
    for index in range(200):
        step(callback, 0.97**index)
        thresholds.append(callback.threshold)
    assert all(later < earlier for earlier, later in pairwise(thresholds[30:]))


def test_a_saved_window_goes_on_where_it_was():
    torch.manual_seed(0)
    whole, first, rest = (ClipGradientPercentile(window=8, warmup=2) for _ in range(3))
    norms = torch.rand(30).tolist()
    for norm in norms:
        whole.clip_([], norm)
    for norm in norms[:15]:
        first.clip_([], norm)
    rest.load_state_dict(first.state_dict())
    for norm in norms[15:]:
        rest.clip_([], norm)
    assert rest.threshold == whole.threshold
    assert rest.state_dict() == whole.state_dict()


def test_a_smaller_window_takes_over_the_last_norms_only():
    large, small = ClipGradientPercentile(), ClipGradientPercentile(window=10)
    for norm in range(1, 31):
        large.clip_([], float(norm))
    small.load_state_dict(large.state_dict())
    assert small.state_dict()["recent"] == list(range(21, 31))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"percent": 0}, "between 0 and 100, got 0"),
        ({"percent": 100}, "between 0 and 100, got 100"),
        ({"warmup": 0}, "got warmup 0 and window 1000"),
        ({"window": 5}, "got warmup 10 and window 5"),
        ({"max_norm": 0}, "max_norm must be positive, got 0"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ClipGradientPercentile(**arguments)
