"""lightning_modules.optimizers.adagrad."""

import math

import pytest
import torch
from torch import nn

from lightning_modules import AdaGrad


def steps(gradients, **settings):
    """The length of each step downhill."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = AdaGrad([weight], **settings), []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_the_first_step_is_the_rate_and_the_rest_shrink_like_the_root_of_time(size):
    lengths = steps([size] * 100, lr=0.1)
    assert lengths == pytest.approx([0.1 / t**0.5 for t in range(1, 101)])


def test_what_was_steep_once_stays_slow():
    # √(3² + 4²) = 5
    assert steps([3.0, 4.0, 0.0], lr=1.0) == pytest.approx([1, 0.8, 0])


def test_eps_stands_inside_the_root_if_asked_to():
    assert steps([3.0], lr=1.0, eps=1.0) == pytest.approx([3 / (3 + 1)])
    assert steps([3.0], lr=1.0, eps=1.0, eps_inside=True) == pytest.approx([3 / 10**0.5])


def test_a_weight_that_never_had_a_gradient_stays_where_it_is():
    assert steps([0.0, 0.0], lr=1.0) == [0, 0]
    assert math.isnan(steps([0.0], lr=1.0, eps=0.0)[0])  # as documented
