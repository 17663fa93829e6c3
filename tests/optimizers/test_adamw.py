"""lightning_modules.optimizers.adamw."""

import pytest
import torch
from torch import nn

from lightning_modules import Adam, AdamW


def after(optimizer_class, gradients, start=1.0, **settings):
    weight = nn.Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer = optimizer_class([weight], **settings)
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    return weight.item()


def test_every_weight_loses_the_same_part_whatever_its_gradient():
    for size in (1e-3, 1.0, 1e3):
        assert after(AdamW, [size], lr=0.1, weight_decay=0.5) == pytest.approx(0.95 - 0.1, rel=1e-4)
        assert after(AdamW, [0.0] * 3, lr=0.1, weight_decay=0.5) == pytest.approx(0.95**3)


def test_adams_penalty_is_divided_away_where_gradients_are_large():
    # An alternating gradient moves nothing in the long run; what is left is the decay.
    def left(optimizer_class, size):
        return after(optimizer_class, [size, -size] * 2_000, lr=1e-3, weight_decay=0.1)

    assert left(AdamW, 1.0) == pytest.approx(left(AdamW, 100.0), abs=0.02)
    assert left(AdamW, 100.0) == pytest.approx((1 - 1e-4) ** 4_000, abs=0.02)
    assert left(Adam, 1.0) < 0.8
    assert left(Adam, 100.0) > 0.98


def test_twice_the_rate_is_twice_the_decay():
    assert after(AdamW, [0.0], lr=0.2, weight_decay=0.5) == pytest.approx(1 - 2 * 0.05)


def test_without_decay_it_is_adam():
    gradients = [1.0, -3.0, 0.5, 2.0]
    assert after(AdamW, gradients, weight_decay=0.0) == after(Adam, gradients)


def test_maximizing_decays_all_the_same():
    assert after(AdamW, [0.0], lr=0.1, weight_decay=0.5, maximize=True) == pytest.approx(0.95)
