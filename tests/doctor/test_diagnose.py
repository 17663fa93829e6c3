"""lightning_modules.doctor.first_minute: a short run, of which nothing is left."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from lightning_modules import MLP, Classifier, Digits, diagnose


def classifier(rate=0.1, hidden=(30,), activation=nn.ReLU):
    torch.manual_seed(0)
    return Classifier(MLP([64, *hidden, 10], activation), partial(torch.optim.SGD, lr=rate))


@pytest.mark.parametrize(
    ("name", "model"),
    [
        (None, classifier()),
        ("rate-too-low", classifier(1e-6)),
        ("rate-too-high", classifier(100.0)),
        ("vanishing-gradients", classifier(0.1, [30] * 10, nn.Sigmoid)),
    ],
)
def test_a_short_run_says_what_is_wrong(name, model):
    found = diagnose(model, Digits())
    assert found.names[:1] == ([] if name is None else [name])


def test_a_copy_that_fares_better_at_another_rate_makes_it_surer():
    assert diagnose(classifier(1e-4), Digits(), steps=100).findings[0].sure == 0.95


def test_nothing_is_left_of_it():
    model, data = classifier(1e-6), Digits()
    before, mode = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    random = torch.get_rng_state()
    diagnose(model, data, steps=30)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert [module.training for module in model.modules()] == mode
    assert torch.equal(torch.get_rng_state(), random)


def test_an_error_in_training_is_explained_and_not_raised():
    torch.manual_seed(0)
    model = Classifier(MLP([64, 10]), partial(torch.optim.SGD, lr=0.1))
    model.training_step = lambda batch, batch_idx: nn.functional.cross_entropy(model(batch[0]), batch[1] + 5)
    with pytest.warns(UserWarning, match=r"Training ended with IndexError: Target \d+ is out of bounds"):
        assert diagnose(model, Digits()).names[0] == "labels-out-of-range"


def test_an_error_that_nothing_explains_is_raised_and_nothing_is_left():
    model = classifier()
    before, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()

    def fails(batch, batch_idx):
        if batch_idx == 3:
            raise KeyError("no such column")
        return Classifier.training_step(model, batch, batch_idx)

    model.training_step = fails
    with pytest.raises(KeyError, match="no such column"):
        diagnose(model, Digits())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


def test_it_says_nothing_by_itself(capsys):
    diagnose(classifier(1e-6), Digits(), steps=30)
    assert capsys.readouterr().out == ""


def test_data_that_cannot_be_read_is_an_error_and_no_diagnosis():
    with pytest.raises(Exception, match="train_dataloader"):
        diagnose(classifier(), object())


def test_too_few_steps_and_a_length_of_the_trainers_are_refused():
    with pytest.raises(ValueError, match="at least 20 steps, got 5"):
        diagnose(classifier(), Digits(), steps=5)
    with pytest.raises(ValueError, match="max_epochs itself"):
        diagnose(classifier(), Digits(), max_epochs=3)
