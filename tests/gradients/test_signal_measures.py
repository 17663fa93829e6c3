"""lightning_modules.gradients.signal_measures: many together are what each is alone."""

import pytest
import torch

from lightning_modules.gradients import signal_measures
from lightning_modules.gradients.signal_measures import Kind, Measures, Measuring


def alone(values, kind):
    """As torch computes them."""
    units = (None, None)
    if kind.spread:
        unit_std = values.std(kind.spread, correction=0).mean()
        units = (unit_std.item(), (values == 0).float().amin(kind.spread).mean().item())
    outside = None
    if kind.bounds is not None:
        low, high = kind.bounds
        outside = ((values < low) | (values > high)).float().mean().item()
    return Measures(values.mean().item(), values.std(correction=0).item(), *units, outside)


def outputs(shape, count):
    generator = torch.Generator().manual_seed(len(shape))
    made = [torch.randn(shape, generator=generator) * 3 + 1 for _ in range(count)]
    made[0] = made[0].relu()
    made[1].zero_()
    made[2].fill_(0.1)  # whose mean is 0.1 but for the last bit
    made[3][..., 0] = 0.0
    return made


KINDS = [
    Kind((32, 100), (0,), None),
    Kind((32, 7), (0,), (-0.9, 0.9)),
    Kind((8, 3, 5, 5), (0, 2, 3), None),
    Kind((4, 6, 11), (0, 1), (0.01, 0.99)),
    Kind((9,), (), None),
    Kind((1, 5), (0,), None),
    Kind((256, 100), (0,), None),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.shape))
def test_measured_together_they_are_what_torch_says_of_each_to_the_last_bit(kind):
    measuring, taken = Measuring(), outputs(kind.shape, 25)
    for values in taken:
        measuring.take(values, kind)
    assert measuring.all() == [alone(values, kind) for values in taken]


def test_kinds_that_come_in_turn_keep_their_order():
    measuring, expected = Measuring(), []
    for one in zip(*(outputs(kind.shape, 12) for kind in KINDS), strict=True):
        for kind, values in zip(KINDS, one, strict=True):
            measuring.take(values, kind)
            expected.append(alone(values, kind))
    assert measuring.all() == expected


def test_an_output_that_is_changed_in_place_afterwards_is_told_as_it_was():
    kind, measuring, values = KINDS[0], Measuring(), torch.randn(32, 100)
    expected = alone(values, kind)
    measuring.take(values, kind)
    values.relu_()
    assert measuring.all() == [expected]


@pytest.mark.parametrize("special", [float("nan"), float("inf"), -0.0, 1e-45, 1e38])
def test_unusual_numbers_are_told_as_torch_tells_them(special):
    kind, measuring = KINDS[0], Measuring()
    values = torch.zeros(32, 100)
    values[3, 5] = special
    measuring.take(values, kind)
    measuring.take(torch.ones(32, 100), kind)
    found, expected = measuring.all()[0], alone(values, kind)
    assert found[:4] == pytest.approx(expected[:4], nan_ok=True, rel=1e-6, abs=0)


def test_small_ones_wait_and_large_ones_do_not(monkeypatch):
    sizes = []
    add_up = signal_measures._OneKind._add_up
    monkeypatch.setattr(
        signal_measures._OneKind, "_add_up", lambda self, x: (sizes.append(len(x)), add_up(self, x))[1]
    )
    measuring = Measuring()
    for shape in [(32, 100)] * 25 + [(256, 100)] * 2:
        measuring.take(torch.randn(shape), Kind(shape, (0,), None))
    assert sizes == [20, 1, 1]
    measuring.all()
    assert sizes == [20, 1, 1, 5]


def test_float64_is_measured_in_float64():
    values, measuring = torch.randn(32, 100, dtype=torch.float64), Measuring()
    measuring.take(values, KINDS[0])
    assert measuring.all()[0].mean == values.mean().item()
