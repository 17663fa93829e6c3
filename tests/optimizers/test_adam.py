"""lightning_modules.optimizers.adam."""

import pytest
import torch
from torch import nn

from lightning_modules import Adam


def steps(gradients, **settings):
    """The length of each step downhill."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = Adam([weight], **settings), []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


@pytest.mark.parametrize("size", [1e-2, 1.0, 1e4])
def test_the_first_step_is_the_rate_whatever_the_gradient(size):
    assert steps([size, size, size], lr=0.1) == pytest.approx([0.1] * 3, rel=1e-5)


def test_without_correction_the_first_step_is_the_ratio_of_both_starts():
    # 0.1 g / √(0.001 g²)
    assert steps([5.0], lr=0.1, bias_correction=False) == pytest.approx([0.1 * 0.1 / 0.001**0.5])


def test_two_steps_by_hand():
    first, second = steps([2.0, -1.0], lr=1.0, betas=(0.5, 0.75), eps=0.0)
    assert first == pytest.approx(1)
    # m = 0.5 · 1 − 0.5 = 0; the means cancel
    assert second == pytest.approx(0)
    _, second = steps([2.0, 1.0], lr=1.0, betas=(0.5, 0.75), eps=0.0)
    # m = 1, m̂ = 1 / 0.75; s = 0.75 · 1 + 0.25, ŝ = 1 / (1 − 0.5625)
    assert second == pytest.approx(1 / 0.75 * 0.4375**0.5)


def test_eps_stands_inside_the_root_if_asked_to():
    assert steps([3.0], lr=1.0, eps=1.0) == pytest.approx([3 / (3 + 1)])
    assert steps([3.0], lr=1.0, eps=1.0, eps_inside=True) == pytest.approx([3 / 10**0.5])


def test_no_weight_moves_farther_than_about_the_rate_while_gradients_are_alike():
    torch.manual_seed(0)
    lengths = steps((1 + 0.3 * torch.randn(300)).tolist(), lr=0.1)
    assert max(map(abs, lengths)) < 0.11
