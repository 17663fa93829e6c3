"""lightning_modules.gradients.initialization_callback: Initialize, in a Trainer."""

import copy
import math
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from initialization_checks import close
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn

from lightning_modules import MLP, Classifier, Digits, Initialize, quiet_trainer, range_test


def fit(model, callback, epochs=1, resume=None, **trainer_arguments):
    trainer = quiet_trainer(max_epochs=epochs, callbacks=[callback], **trainer_arguments)
    trainer.fit(model, Digits(train_size=40), ckpt_path=resume)
    return trainer


def classifier(**arguments):
    torch.manual_seed(0)
    # At rate 0 the weights after training are those that it began with.
    return Classifier(MLP([64, 20, 10], **arguments), optimizer=still)


def still(parameters):
    return torch.optim.SGD(parameters, lr=0.0)


def test_the_callback_initializes_before_the_first_step():
    model, callback = classifier(), Initialize("he", "uniform")
    assert callback.report is None
    fit(model, callback)
    assert callback.report["network.1"].scheme == "he"
    assert callback.report["network.1"].distribution == "uniform"
    assert callback.report["network.1"].std_after == pytest.approx(
        model.network[1].weight.std(correction=0).item()
    )


def test_a_second_fit_keeps_the_weights():
    model, callback = classifier(), Initialize()
    fit(model, callback)
    weight = model.network[1].weight.clone()
    fit(model, callback)
    assert torch.equal(model.network[1].weight, weight)


@pytest.mark.parametrize(
    "optimizer", [partial(torch.optim.SGD, lr=0.1), partial(torch.optim.AdamW, fused=True)]
)
@pytest.mark.parametrize("first", [Initialize, None])
def test_a_new_callback_of_another_trainer_keeps_trained_weights(optimizer, first):
    model, callback = Classifier(MLP([64, 20, 10]), optimizer), Initialize()
    fit(model, pl.Callback() if first is None else first())
    weight, model.optimizer = model.network[1].weight.clone(), still
    fit(model, callback)
    assert torch.equal(model.network[1].weight, weight)
    assert callback.report is None


@pytest.mark.parametrize("normalization", [None, nn.BatchNorm1d])
def test_weights_from_a_checkpoint_are_kept_whoever_trained_them(tmp_path, normalization):
    first = Classifier(MLP([64, 20, 10], normalization=normalization), partial(torch.optim.SGD, lr=0.1))
    fit(first, pl.Callback()).save_checkpoint(tmp_path / "first.ckpt")
    network = MLP([64, 20, 10], normalization=normalization)
    loaded = Classifier.load_from_checkpoint(tmp_path / "first.ckpt", network=network, optimizer=still)
    fit(loaded, Initialize())
    assert torch.equal(loaded.network[1].weight, first.network[1].weight)


def test_a_copy_of_an_initialized_model_keeps_its_weights():
    model = classifier()
    fit(model, Initialize())
    twin = copy.deepcopy(model)
    fit(twin, Initialize())
    assert torch.equal(twin.network[1].weight, model.network[1].weight)


@pytest.mark.parametrize(
    "by_hand",
    [
        lambda layer: nn.init.kaiming_normal_(layer.weight),
        lambda layer: (nn.init.trunc_normal_(layer.weight, std=0.02), nn.init.zeros_(layer.bias)),
        lambda layer: (nn.init.orthogonal_(layer.weight), nn.init.constant_(layer.bias, 0.1)),
        lambda layer: layer.reset_parameters() or nn.init.zeros_(layer.bias),
    ],
)
def test_weights_that_were_drawn_by_hand_and_not_trained_are_drawn_anew(by_hand):
    model, callback = classifier(), Initialize()
    for layer in (model.network[1], model.network[3]):
        by_hand(layer)
    weight = model.network[1].weight.clone()
    fit(model, callback)
    assert callback.report is not None
    assert not torch.equal(model.network[1].weight, weight)


def test_a_frozen_teacher_was_trained_and_its_student_is_not():
    model, callback = classifier(), Initialize("he")
    teacher = nn.Linear(64, 10)
    teacher.load_state_dict(nn.Linear(64, 10).state_dict())
    weight, model.teacher = model.network[1].weight.clone(), teacher.requires_grad_(False)
    fit(model, callback)
    assert not torch.equal(model.network[1].weight, weight)
    assert callback.report["teacher"].note == "left as it is: frozen"


@pytest.mark.parametrize("with_it", [True, False])
def test_a_range_test_is_no_training(with_it):
    model, callback = classifier(), Initialize()
    model.optimizer = partial(torch.optim.SGD, lr=0.1)
    weight = model.network[1].weight.clone()
    range_test(
        model, Digits(train_size=400), lowest=1e-3, highest=1.0, steps=15, callbacks=[callback] * with_it
    )
    assert torch.equal(model.network[1].weight, weight)
    model.optimizer = still
    fit(model, callback)
    assert not torch.equal(model.network[1].weight, weight)


def test_another_model_is_initialized_by_the_same_callback():
    callback, other = Initialize(), classifier()
    fit(classifier(), callback)
    weight = other.network[1].weight.clone()
    fit(other, callback)
    assert not torch.equal(other.network[1].weight, weight)


def test_a_resumed_fit_keeps_the_weights(tmp_path):
    first = classifier()
    fit(first, Initialize()).save_checkpoint(tmp_path / "first.ckpt")
    callback, resumed = Initialize(), classifier()
    fit(resumed, callback, epochs=2, resume=tmp_path / "first.ckpt")
    assert callback.report is None
    assert torch.equal(resumed.network[1].weight, first.network[1].weight)


def test_evaluating_initializes_nothing():
    model, callback = classifier(), Initialize()
    weight = model.network[1].weight.clone()
    quiet_trainer(callbacks=[callback]).validate(model, Digits(train_size=40))
    assert torch.equal(model.network[1].weight, weight)


class Strangers(pl.LightningModule):
    """A LightningModule of somebody who has never heard of this library."""

    def __init__(self):
        super().__init__()
        self.hidden, self.output = nn.Linear(64, 20), nn.Linear(20, 10)

    def forward(self, images):
        return self.output(torch.tanh(self.hidden(images.flatten(1))))

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        return still(self.parameters())


@pytest.mark.filterwarnings("ignore:You passed in a `val_dataloader` but have no `validation_step`")
def test_a_strangers_module_shows_its_activations_by_its_example_input():
    model = Strangers()
    model.example_input_array = torch.zeros(2, 1, 8, 8)
    callback = Initialize()
    fit(model, callback)
    assert callback.report["hidden"].note == "before Tanh"


@pytest.mark.filterwarnings("ignore:You passed in a `val_dataloader` but have no `validation_step`")
def test_a_model_without_layers_is_refused_with_the_way_out():
    class Late(Strangers):
        def __init__(self):
            pl.LightningModule.__init__(self)

    with pytest.raises(MisconfigurationException, match="configure_model"):
        fit(Late(), Initialize())


def test_two_processes_train_from_the_same_weights(tmp_path, run_program):
    run_program(
        """
        import os, sys
        import pytorch_lightning as pl
        import torch
        from lightning_modules import MLP, Classifier, Digits, Initialize, quiet_trainer

        class Save(pl.Callback):
            def on_train_start(self, trainer, pl_module):
                torch.save(pl_module.network.state_dict(), f"{sys.argv[1]}/{trainer.global_rank}.pt")

            def setup(self, trainer, pl_module, stage):
                torch.manual_seed(trainer.global_rank)  # the worst case: every process draws others

        if __name__ == "__main__":
            trainer = quiet_trainer(max_epochs=1, strategy="ddp_fork", devices=2, callbacks=[Save(), Initialize()])
            trainer.fit(Classifier(MLP([64, 8, 10])), Digits(train_size=40))
        """
    )
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert first["3.bias"].abs().max() == 0
    assert close(first["1.weight"].std().item(), math.sqrt(2 / 64), relative=0.2)
