"""lightning_modules.regularization.early_stopping: back to the best weights."""

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import (
    EarlyStopping,
    EMAWeightAveraging,
    ModelPruning,
    StochasticWeightAveraging,
)
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason
from torch import nn
from torch.utils.data import DataLoader

from lightning_modules import MLP, Classifier, Digits, RestoringEarlyStopping, quiet_trainer, recipe


class Counting(pl.LightningModule):
    """Its weight and its buffer are the number of epochs that it has trained; its losses are given."""

    def __init__(self, losses, fails_in=None):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))
        self.losses = losses
        self.fails_in = fails_in

    def training_step(self, batch, batch_idx):
        if self.current_epoch == self.fails_in:
            raise RuntimeError("the disk is gone")
        self.seen += 1
        return -self.weight  # so that each step of rate 1 adds 1

    def validation_step(self, batch, batch_idx):
        self.log("loss", self.losses[self.current_epoch])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def train_dataloader(self):
        return DataLoader(torch.zeros(1, 1))

    val_dataloader = train_dataloader

    @property
    def trained(self):
        assert self.weight.item() == self.seen.item()
        return self.weight.item()


def fit(model, *callbacks, resume=None, **arguments):
    trainer = quiet_trainer(
        **{"max_epochs": 10, "callbacks": [*callbacks], "num_sanity_val_steps": 1} | arguments
    )
    trainer.fit(model, ckpt_path=resume)
    return trainer


LOSSES = [3.0, 1.0, 2.0, 2.5, 0.5, 0.0]


def test_training_ends_where_lightnings_would_and_the_model_is_that_of_the_best_epoch():
    theirs = Counting(LOSSES)
    fit(theirs, EarlyStopping("loss", patience=2))
    assert theirs.trained == 4, "two epochs past the best"
    ours, stopping = Counting(LOSSES), RestoringEarlyStopping("loss", patience=2)
    trainer = fit(ours, stopping)
    assert trainer.current_epoch == 4
    assert (stopping.stopped_epoch, stopping.best_epoch, stopping.best_score.item()) == (3, 1, 1.0)
    assert ours.trained == 2


def test_a_run_that_ends_by_itself_ends_at_its_best_epoch_too():
    model, stopping = Counting(LOSSES), RestoringEarlyStopping("loss", patience=9)
    fit(model, stopping, max_epochs=4)
    assert (model.trained, stopping.best_epoch) == (2, 1)


def test_larger_can_be_better_and_another_metric_may_be_looked_at_after_training():
    model = Counting([1.0, 5.0, 4.0, 4.0, 4.0])
    stopping = RestoringEarlyStopping("loss", patience=2, mode="max", check_on_train_epoch_end=False)
    fit(model, stopping)
    assert (model.trained, stopping.best_epoch) == (2, 1)


class Save(pl.Callback):
    """A checkpoint at the end of each epoch."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_epoch_end(self, trainer, pl_module):
        trainer.save_checkpoint(self.folder / f"{trainer.current_epoch}.ckpt")


def test_checkpoints_hold_what_was_trained_and_a_resumed_run_can_go_back_to_before_it(tmp_path):
    fit(Counting(LOSSES), RestoringEarlyStopping("loss", patience=9), Save(tmp_path), max_epochs=3)
    last = torch.load(tmp_path / "2.ckpt", weights_only=True)
    assert last["state_dict"]["weight"] == 3

    model, stopping = Counting(LOSSES), RestoringEarlyStopping("loss", patience=9)
    fit(model, stopping, resume=tmp_path / "2.ckpt", max_epochs=4)
    assert (model.trained, stopping.best_epoch) == (2, 1)


def test_another_training_begins_from_nothing():
    stopping = RestoringEarlyStopping("loss", patience=2)
    fit(Counting(LOSSES), stopping)
    model = Counting([9.0, 8.0, 7.0])
    fit(model, stopping, max_epochs=3)
    assert (model.trained, stopping.best_epoch) == (3, 2)
    assert (stopping.stopped_epoch, stopping.stopping_reason) == (0, EarlyStoppingReason.NOT_STOPPED)


def test_testing_and_an_error_leave_the_weights_alone():
    stopping, model = RestoringEarlyStopping("loss", patience=9), Counting(LOSSES, fails_in=3)
    with pytest.raises(RuntimeError, match="the disk is gone"):
        fit(model, stopping)
    assert model.trained == 3
    quiet_trainer(callbacks=[stopping]).validate(model, verbose=False)
    assert model.trained == 3


def test_a_trial_run_changes_nothing():
    model = Counting(LOSSES)
    fit(model, RestoringEarlyStopping("loss"), fast_dev_run=2)
    assert model.trained == 1


def test_a_metric_that_is_never_a_number_restores_nothing():
    model, stopping = Counting([float("nan")] * 3), RestoringEarlyStopping("loss")
    trainer = fit(model, stopping)
    assert (trainer.current_epoch, model.trained, stopping.best_epoch) == (1, 1, None)


def test_shards_are_refused(monkeypatch):
    monkeypatch.setattr("lightning_modules.life_cycle.is_sharded", lambda strategy: True)
    with pytest.raises(MisconfigurationException, match="RestoringEarlyStopping needs whole weights"):
        fit(Counting(LOSSES), RestoringEarlyStopping("loss"))


class Apart(Counting):
    """Each process measures something else."""

    def validation_step(self, batch, batch_idx):
        self.log("loss", LOSSES[self.current_epoch] if self.global_rank == 0 else float(self.current_epoch))

    def on_fit_end(self):
        assert self.trained == 2, "the first process's best, in each of them"


@pytest.mark.filterwarnings(
    "ignore:It is recommended to use `self.log:lightning_fabric.utilities.warnings.PossibleUserWarning"
)
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without torch.distributed")
def test_processes_that_measure_differently_go_back_to_one_epoch():
    model = Apart(LOSSES)
    fit(model, RestoringEarlyStopping("loss", patience=9), max_epochs=4, strategy="ddp_fork", devices=2)
    assert model.trained == 2


def test_a_recipe_ends_at_its_best_epoch_and_gives_way_to_a_stopping_of_yours():
    torch.manual_seed(0)
    chosen = recipe("default", schedule=None)
    (stopping,) = chosen.callbacks()
    assert isinstance(stopping, RestoringEarlyStopping)
    model = Classifier(MLP([64, 8, 10]), recipe=chosen)
    yours = EarlyStopping("val/accuracy", mode="max")
    trainer = quiet_trainer(max_epochs=1, callbacks=[yours])
    trainer.fit(model, Digits())
    assert trainer.early_stopping_callbacks == [yours]
    trainer = quiet_trainer(max_epochs=1, callbacks=[pl.Callback()])  # of which all callbacks are derived
    trainer.fit(model, Digits())
    assert [type(one) for one in trainer.early_stopping_callbacks] == [RestoringEarlyStopping]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (EMAWeightAveraging(), "EMAWeightAveraging ends training with its averages"),
        (StochasticWeightAveraging(0.1), "StochasticWeightAveraging ends training with its averages"),
        (ModelPruning("l1_unstructured"), "ModelPruning ends training with weights that it has made 0"),
    ],
)
def test_it_is_refused_beside_one_that_decides_what_weights_training_ends_with(other, message):
    model = Counting(LOSSES)
    with pytest.raises(MisconfigurationException, match=f"{message}.* Use Lightning's EarlyStopping"):
        fit(model, other, RestoringEarlyStopping("loss"))
    assert model.trained == 0
