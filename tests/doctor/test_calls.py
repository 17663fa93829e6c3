"""lightning_modules.doctor.calls and .losses: what is seen of a step, and what guessing would cost."""

import math

import pytest
import torch
from records import loss_seen
from torch import nn
from torch.nn import functional

from lightning_modules.doctor.calls import Calls
from lightning_modules.doctor.losses import constant_answer, largest_share, main_call, perfect_answer, take

LABELS = torch.tensor([0, 1, 1, 1])


def watched(program, model=None):
    parameters = set() if model is None else {id(parameter) for parameter in model.parameters()}
    calls = Calls(parameters, layers=True)
    with calls:
        program()
    return calls


def seen_of(program):
    calls = watched(program)
    main = main_call(calls.losses, None)
    return take(None, main, 0, float(main.value))


SCORES = torch.randn(4, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)


@pytest.mark.parametrize(
    ("before", "program"),
    [
        ("softmax", lambda: functional.cross_entropy(SCORES.softmax(1), LABELS)),
        ("softmax", lambda: nn.CrossEntropyLoss()(nn.Softmax(dim=1)(SCORES), LABELS)),
        ("softmax", lambda: functional.cross_entropy(torch.softmax(SCORES, 1).view(4, 2).clone(), LABELS)),
        ("sigmoid", lambda: functional.cross_entropy(SCORES.sigmoid(), LABELS)),
        ("log_softmax", lambda: functional.nll_loss(functional.log_softmax(SCORES, dim=1), LABELS)),
        ("log_softmax", lambda: functional.nll_loss(SCORES.softmax(1).log(), LABELS)),
        ("relu", lambda: functional.cross_entropy(nn.ReLU()(SCORES), LABELS)),
        ("", lambda: functional.cross_entropy(SCORES, LABELS)),
        ("", lambda: functional.cross_entropy(SCORES.relu() * 2 - 1, LABELS)),
    ],
)
def test_what_made_the_losses_input_is_known(before, program):
    assert watched(program).losses[-1].before == before


def test_a_network_of_functions_is_seen_like_one_of_modules():
    layer = nn.Linear(3, 2)
    inputs = torch.randn(4, 3)
    by_module = watched(lambda: nn.Sequential(layer, nn.Tanh())(inputs), layer)
    by_function = watched(lambda: functional.linear(inputs, layer.weight, layer.bias).tanh(), layer)
    for one in (by_module, by_function):
        assert [call.operation for call in one.layers] == ["linear", "tanh"]
        assert torch.equal(one.first_input, inputs)
        assert id(layer.weight) in one.used


def test_what_is_not_watched_any_more_is_not_seen():
    calls = watched(lambda: None)
    functional.cross_entropy(SCORES, LABELS)
    assert calls.losses == []


def test_the_measures_of_a_layer_are_those_that_one_can_count():
    layer = nn.Linear(1, 2, bias=False)
    layer.weight.data.copy_(torch.tensor([[3.0], [-4.0]]))
    linear, relu = watched(lambda: layer(torch.ones(2, 1)).relu(), layer).layers
    assert [round(float(value), 4) for value in linear.measures] == [
        3.5355,
        0,
        0,
        0,
    ]  # the root of (9 + 16) / 2
    assert float(relu.measures[2]) == 0.5
    assert linear.units == 2


def test_the_best_constant_answer_is_what_the_shares_and_the_variance_say():
    shares = loss_seen(classes=2, counts={0: 25, 1: 75})
    entropy = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert constant_answer(shares) == pytest.approx(entropy + 1 / 200)  # for so few items shares look uneven
    assert largest_share(shares) == 0.75
    targets = torch.tensor([[1.0], [3.0], [5.0]])
    squares = seen_of(lambda: functional.mse_loss(SCORES[:3, :1], targets))
    assert constant_answer(squares) == pytest.approx(8 / 3)
    binary = seen_of(lambda: functional.binary_cross_entropy_with_logits(SCORES[:, 0], LABELS.float()))
    assert constant_answer(binary) == pytest.approx(entropy)


def test_columns_of_targets_are_each_guessed_by_themselves():
    targets = torch.tensor([[0.0, 10.0], [2.0, 14.0]])
    assert constant_answer(seen_of(lambda: functional.mse_loss(SCORES[:2], targets))) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("outputs", "targets", "broadcast"),
    [((4, 1), (4,), True), ((4,), (4, 1), True), ((4, 1), (4, 1), False), ((1, 4), (4,), False)],
)
def test_shapes_that_grow_together_are_found(outputs, targets, broadcast):
    out = torch.randn(outputs, requires_grad=True)

    def program():
        return ((out - torch.randn(targets)) ** 2).mean()

    assert seen_of(program).broadcast is broadcast


def test_a_difference_is_a_loss_only_where_its_squares_are():
    difference = watched(lambda: SCORES[:, 0] - torch.ones(4)).losses[0]
    squares = float((SCORES.detach()[:, 0] - 1).square().mean())
    assert take(None, difference, 0, squares).reduction == "mean"
    assert take(None, difference, 0, 4 * squares).reduction == "sum"
    assert take(None, difference, 0, 0.3 * squares) is None


def test_where_targets_are_shares_a_perfect_answer_costs_their_own_entropy():
    targets = torch.tensor([0.5, 0.5, 1.0, 0.0])
    seen = seen_of(lambda: functional.binary_cross_entropy_with_logits(SCORES[:, 0], targets))
    assert perfect_answer(seen) == pytest.approx(math.log(2) / 2)
    classes = seen_of(lambda: functional.cross_entropy(SCORES, LABELS))
    assert perfect_answer(classes) == 0
