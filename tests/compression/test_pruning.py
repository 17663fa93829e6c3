"""lightning_modules.compression.pruning."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from lightning_modules import MLP, Classifier, Digits, ProximalL1, initialize, prune_smallest_, quiet_trainer


def two_layers():
    """Ten weights, with absolute values 1 to 10."""
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
    model[0].weight.data = torch.tensor([[1.0, -9.0, 2.0], [-3.0, 10.0, 4.0]])
    model[2].weight.data = torch.tensor([[5.0, -6.0], [7.0, -8.0]])
    return model


def test_the_smallest_of_all_layers_together_go():
    model = two_layers()
    assert prune_smallest_(model, 0.5) == 0.5
    assert model[0].weight.tolist() == [[0, -9, 0], [0, 10, 0]]
    assert model[2].weight.tolist() == [[0, -6], [7, -8]]


@pytest.mark.parametrize(("fraction", "zero"), [(0, 0), (0.1, 0.1), (1, 1)])
def test_any_part_of_the_weights_can_go(fraction, zero):
    assert prune_smallest_(two_layers(), fraction) == zero


def test_what_was_zero_already_counts():
    model = two_layers()
    prune_smallest_(model, 0.5)
    assert prune_smallest_(model, 0.3) == 0.5
    assert prune_smallest_(model, 0.7) == 0.7


def test_the_network_is_an_ordinary_one_afterwards():
    model = two_layers()
    before, names = list(model.parameters()), list(model.state_dict())
    prune_smallest_(model, 0.5)
    assert list(model.state_dict()) == names
    assert [a is b for a, b in zip(before, model.parameters(), strict=True)] == [True] * 4
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in model.parameters())


def test_biases_normalizations_and_what_is_exempt_stay():
    model = nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 4), nn.BatchNorm1d(4))
    kept = [model[0].weight.clone(), model[1].bias.clone(), model[2].weight.clone()]
    assert prune_smallest_(model, 1.0, exempt=[nn.Embedding]) == 1
    assert all(map(torch.equal, kept, [model[0].weight, model[1].bias, model[2].weight]))


def test_after_an_l1_penalty_most_of_a_network_can_go():
    torch.manual_seed(0)
    network, data = MLP([64, 50, 10]), Digits()
    initialize(network)
    trainer = quiet_trainer(max_epochs=15, callbacks=[ProximalL1(1e-3)])
    model = Classifier(network, lambda parameters: torch.optim.SGD(parameters, lr=0.1))
    trainer.fit(model, data)
    before = trainer.test(model, data)[0]["test/accuracy"]
    prune_smallest_(network, 0.5)
    assert trainer.test(model, data)[0]["test/accuracy"] > before - 0.02 > 0.9


def test_torch_ranks_alike():
    torch.manual_seed(0)
    mine = MLP([20, 30, 30, 4])
    theirs = copy.deepcopy(mine)
    prune_smallest_(mine, 0.83)
    places = [(layer, "weight") for layer in theirs if isinstance(layer, nn.Linear)]
    prune.global_unstructured(places, pruning_method=prune.L1Unstructured, amount=0.83)
    for (layer, _), other in zip(places, [m for m in mine if isinstance(m, nn.Linear)], strict=True):
        assert torch.equal(layer.weight, other.weight)


def test_shared_weights_stay_shared():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    assert prune_smallest_(nn.Sequential(first, second), 2 / 3) == 2 / 3
    assert second.weight is first.weight


def test_computed_weights_are_refused():
    with pytest.raises(ValueError, match="is what a weight is computed from"):
        prune_smallest_(nn.Sequential(parametrizations.orthogonal(nn.Linear(3, 3))), 0.5)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_part_is_from_0_to_1(fraction):
    with pytest.raises(ValueError, match=f"from 0 to 1, got {fraction}"):
        prune_smallest_(two_layers(), fraction)


def test_a_model_without_weights_is_refused():
    with pytest.raises(ValueError, match="BatchNorm1d has no weights to prune"):
        prune_smallest_(nn.BatchNorm1d(3), 0.5)
