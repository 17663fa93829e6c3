"""lightning_modules.optimizers.rmsprop."""

import pytest
import torch
from torch import nn

from lightning_modules import RMSProp


def steps(gradients, **settings):
    """The length of each step downhill."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = RMSProp([weight], **settings), []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


@pytest.mark.parametrize(("alpha", "times"), [(0.99, 10), (0.9, 10**0.5), (0.0, 1)])
def test_the_first_step_is_longer_than_the_rate(alpha, times):
    assert steps([3.0], lr=0.01, alpha=alpha) == pytest.approx([0.01 * times])


def test_while_gradients_keep_their_size_steps_come_down_to_the_rate():
    lengths = steps([3.0] * 2_000, lr=0.01, alpha=0.99)
    assert lengths[-1] == pytest.approx(0.01)
    # 1 − 0.99ᵗ of the squares are there after t steps
    assert lengths == pytest.approx([0.01 / (1 - 0.99**t) ** 0.5 for t in range(1, 2_001)])


def test_when_gradients_shrink_steps_recover():
    lengths = steps([100.0] + [1.0] * 3_000, lr=0.01, alpha=0.99)
    assert lengths[1] < 0.002
    assert lengths[-1] == pytest.approx(0.01)


def test_eps_stands_inside_the_root_if_asked_to():
    settings = {"lr": 1.0, "alpha": 0.0, "eps": 1.0}
    assert steps([3.0], **settings) == pytest.approx([3 / (3 + 1)])
    assert steps([3.0], eps_inside=True, **settings) == pytest.approx([3 / 10**0.5])
