"""lightning_modules.optimizers.adamax."""

import pytest
import torch
from torch import nn

from lightning_modules import Adam, AdaMax


def steps(gradients, optimizer_class=AdaMax, **settings):
    """The length of each step downhill."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = optimizer_class([weight], **settings), []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


@pytest.mark.parametrize("size", [1e-2, 1.0, 1e4])
def test_the_first_steps_are_the_rate_whatever_the_gradient(size):
    assert steps([size, -size], lr=0.1, betas=(0.0, 0.999)) == pytest.approx([0.1, -0.1], rel=1e-5)


def test_the_largest_gradient_fades_by_beta2_until_another_is_larger():
    settings = {"lr": 1.0, "betas": (0.0, 0.5), "eps": 0.0}
    assert steps([8.0, 2.0, 2.0, 2.0], **settings) == pytest.approx([1, 2 / 4, 2 / 2, 2 / 2])
    assert steps([8.0, -16.0], **settings) == pytest.approx([1, -1])


def test_after_a_spike_its_steps_stay_shorter_than_adams():
    gradients = [1.0] * 100 + [100.0] + [1.0] * 1_000
    ours, adam = steps(gradients, lr=1.0), steps(gradients, Adam, lr=1.0)
    for later in (10, 50, 1_000):
        assert ours[100 + later] < 0.4 * adam[100 + later]


def test_the_papers_form_has_no_eps():
    assert steps([3.0], lr=1.0, eps=1.0) == pytest.approx([3 / 4])
    assert steps([3.0], lr=1.0, eps=0.0) == [1]
