"""lightning_modules.optimizers.momentum."""

import pytest
import torch
from torch import nn

from lightning_modules import Momentum


def steps(optimizer, weight, gradients):
    """The length of each step downhill."""
    lengths = []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


def weight_at(value=0.0):
    return nn.Parameter(torch.tensor([value], dtype=torch.float64))


@pytest.mark.parametrize("paper_form", [False, True])
def test_steps_add_up_where_gradients_agree(paper_form):
    optimizer = Momentum([weight := weight_at()], lr=1.0, momentum=0.5, paper_form=paper_form)
    assert steps(optimizer, weight, [1.0, 1.0, 1.0]) == pytest.approx([1, 1.5, 1.75])


def test_steps_cancel_where_gradients_alternate():
    optimizer = Momentum([weight := weight_at()], lr=1.0, momentum=0.5)
    assert steps(optimizer, weight, [1.0, -1.0, 1.0]) == pytest.approx([1, -0.5, 0.75])


@pytest.mark.parametrize("momentum", [0.5, 0.9, 0.99])
def test_the_longest_step_is_the_terminal_velocity(momentum):
    optimizer = Momentum([weight := weight_at()], lr=0.1, momentum=momentum)
    assert steps(optimizer, weight, [1.0] * 3_000)[-1] == pytest.approx(0.1 / (1 - momentum))


def test_without_momentum_it_is_gradient_descent():
    optimizer = Momentum([weight := weight_at()], lr=0.1, momentum=0.0)
    assert steps(optimizer, weight, [1.0, 3.0]) == pytest.approx([0.1, 0.3])


def test_a_new_rate_acts_on_the_whole_velocity_in_torchs_form_and_on_new_gradients_in_the_papers():
    lengths = {}
    for paper_form in (False, True):
        optimizer = Momentum([weight := weight_at()], lr=1.0, momentum=0.5, paper_form=paper_form)
        lengths[paper_form] = steps(optimizer, weight, [1.0])
        optimizer.param_groups[0]["lr"] = 0.1
        lengths[paper_form] += steps(optimizer, weight, [1.0])
    assert lengths[False] == pytest.approx([1, 0.1 * 1.5])
    assert lengths[True] == pytest.approx([1, 0.5 * 1 + 0.1])


def test_a_state_of_one_form_is_not_that_of_the_other():
    optimizer = Momentum([weight := weight_at()], paper_form=True)
    steps(optimizer, weight, [1.0])
    other = Momentum([weight])
    other.load_state_dict(optimizer.state_dict())  # the form is part of the state
    assert other.param_groups[0]["paper_form"]
    state = optimizer.state_dict()
    state["param_groups"][0]["paper_form"] = False
    with pytest.raises(ValueError, match="it has velocity for a parameter, and momentum_buffer is missing"):
        other.load_state_dict(state)


def test_on_a_bowl_the_best_momentum_shrinks_the_distance_as_theory_says():
    # Polyak: eigenvalues 1 and κ, η = (2 / (1 + √κ))², β = ((√κ − 1) / (√κ + 1))², and then a factor √β per step.
    root = 10.0
    curvature = torch.tensor([1.0, root**2], dtype=torch.float64)
    weight = nn.Parameter(torch.ones(2, dtype=torch.float64))
    best = (root - 1) / (root + 1)
    optimizer = Momentum([weight], lr=(2 / (1 + root)) ** 2, momentum=best**2)
    distance = []
    for _ in range(400):
        weight.grad = curvature * weight.detach()
        optimizer.step()
        distance.append(weight.norm().item())
    assert (distance[-1] / distance[99]) ** (1 / 300) == pytest.approx(best, abs=0.01)
