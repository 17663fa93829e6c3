"""lightning_modules.regularization.ensemble: several networks predict together."""

import math
import pickle
from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lightning_modules import (
    MLP,
    Classifier,
    DeepEnsemble,
    Digits,
    MCPrediction,
    deep_ensemble,
    quiet_trainer,
)


class Says(nn.Module):
    """Returns these numbers for every item."""

    def __init__(self, *numbers):
        super().__init__()
        self.numbers = nn.Parameter(torch.tensor(numbers))

    def forward(self, inputs):
        return self.numbers.expand(len(inputs), -1)


def networks(count=3):
    torch.manual_seed(0)
    return [
        nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
        for _ in range(count)
    ]


def test_two_who_are_sure_of_different_things_disagree():
    prediction = deep_ensemble([Says(1.0, 0.0), Says(0.0, 1.0)], torch.zeros(1, 4), "probabilities")
    assert prediction.mean.tolist() == [[0.5, 0.5]]
    assert prediction.std.tolist() == [pytest.approx([math.sqrt(0.5)] * 2)]
    assert prediction.entropy.item() == pytest.approx(math.log(2))
    assert prediction.mutual_information.item() == pytest.approx(math.log(2))


def test_two_who_doubt_in_the_same_way_agree():
    prediction = deep_ensemble([Says(0.0, 0.0), Says(1.0, 1.0)], torch.zeros(1, 4))
    assert prediction.entropy.item() == pytest.approx(math.log(2))
    assert prediction.mutual_information.item() == 0


def test_numbers_have_a_mean_and_a_spread_and_no_entropy():
    prediction = deep_ensemble([Says(1.0), Says(3.0)], torch.zeros(2, 4), "values")
    assert prediction.mean.tolist() == [[2.0], [2.0]]
    assert prediction.std[0].item() == pytest.approx(math.sqrt(2))
    assert prediction.entropy is None


@pytest.mark.parametrize("rows", [1, 3, 1024])
def test_it_is_the_mean_of_the_networks_in_evaluation_mode_however_it_is_divided(rows):
    models, inputs = networks(), torch.randn(7, 4)
    models[1].eval()
    prediction = deep_ensemble(models, inputs, rows=rows, keep_samples=True)
    assert isinstance(prediction, MCPrediction)
    assert [model.training for model in models] == [True, False, True]
    with torch.no_grad():
        single = torch.stack([model.eval()(inputs).softmax(dim=1) for model in models])
    assert torch.allclose(prediction.samples, single, atol=1e-6)
    assert torch.allclose(prediction.mean, single.mean(dim=0), atol=1e-6)
    assert torch.allclose(prediction.std, single.std(dim=0), atol=1e-6)
    assert not prediction.mean.requires_grad


def test_trained_networks_predict_in_a_trainer_better_than_one_by_one():
    data = Digits(train_size=100, batch_size=20)
    models = []
    for seed in range(5):
        torch.manual_seed(seed)
        models.append(Classifier(MLP([64, 30, 10]), partial(torch.optim.SGD, lr=0.1)))
        quiet_trainer(max_epochs=30, limit_val_batches=0).fit(models[-1], data)
    images, labels = data.test
    loader = DataLoader(TensorDataset(images, labels), batch_size=100)
    ensemble = DeepEnsemble(models, keep_samples=True)
    prediction = MCPrediction.cat(quiet_trainer().predict(ensemble, loader))
    assert torch.allclose(prediction.mean, deep_ensemble(models, images).mean, atol=1e-6)
    right = labels.unsqueeze(1)
    together = -prediction.mean.gather(1, right).log().mean()
    # Jensen: the mean of probabilities is never less likely than the networks are on average.
    single = [-p.gather(1, right).log().mean() for p in prediction.samples]
    assert together < sum(single) / 5
    assert pickle.loads(pickle.dumps(prediction)).mean.shape == prediction.mean.shape


def test_it_can_be_saved_and_loaded():
    one, other = DeepEnsemble(networks()), DeepEnsemble(deepcopy(networks()))
    with torch.no_grad():
        one.models[0][0].weight.zero_()
    other.load_state_dict(one.state_dict())
    inputs = torch.randn(2, 4)
    assert torch.equal(one(inputs).mean, other(inputs).mean)


def test_what_networks_write_into_is_not_the_callers():
    inputs = torch.randn(5, 4)
    before = inputs.clone()
    models = [nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 2)) for _ in range(2)]
    ours = deep_ensemble(models, inputs)
    assert torch.equal(inputs, before)
    assert torch.equal(ours.mean, deep_ensemble(models, before).mean)


def test_half_precision_is_averaged_in_single():
    assert deep_ensemble(
        [Says(1.0, 2.0).bfloat16(), Says(0.0, 3.0).bfloat16()], torch.zeros(1, 4)
    ).mean.dtype == (torch.float32)


ONE = nn.Linear(4, 3)


@pytest.mark.parametrize(
    ("models", "arguments", "error", "message"),
    [
        ([ONE], {}, ValueError, "at least 2 models to see a spread, got 1"),
        (nn.Sequential(ONE, ONE), {}, TypeError, "list of networks, got one: Sequential"),
        ([ONE, nn.Linear(4, 3), ONE], {}, ValueError, r"models\[0\] and models\[2\] are the same object"),
        (
            [ONE, nn.Linear(4, 2)],
            {},
            ValueError,
            r"models\[0\] returned shape \(2, 3\), models\[1\] shape \(2, 2\)",
        ),
        ([ONE, Says(0.5, 0.2, 0.3)], {"outputs": "logits"}, ValueError, "are probabilities already"),
        ([Says(0.5, 0.5), Says(1.0, 2.0)], {"outputs": "probabilities"}, ValueError, "do not sum to 1"),
        ([ONE, nn.Linear(4, 1)], {"outputs": "classes"}, ValueError, "got 'classes'"),
        ([nn.Linear(4, 1), nn.Linear(4, 1)], {}, ValueError, 'use outputs="values"'),
        ([nn.Linear(4, 3), nn.Flatten(0)], {}, ValueError, r"shape \(8,\) for 2 inputs"),
        ([ONE, nn.GRU(4, 3)], {}, TypeError, "must return a tensor, got tuple"),
        ([ONE, nn.Linear(4, 3)], {"rows": 0}, ValueError, "rows must be at least 1, got 0"),
        ([ONE, nn.Linear(4, 3)], {"inputs": [1.0]}, TypeError, "got list"),
        ([ONE, nn.Linear(4, 3)], {"inputs": torch.zeros(0, 4)}, ValueError, "no inputs"),
    ],
)
def test_what_is_no_ensemble_is_refused(models, arguments, error, message):
    with pytest.raises(error, match=message):
        deep_ensemble(models, **({"inputs": torch.zeros(2, 4)} | arguments))


def test_a_module_of_them_refuses_at_once():
    with pytest.raises(ValueError, match="got 1"):
        DeepEnsemble([ONE])
    with pytest.raises(ValueError, match="got 'scores'"):
        DeepEnsemble(networks(), outputs="scores")
