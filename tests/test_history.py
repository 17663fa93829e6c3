"""lightning_modules.history."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch

from lightning_modules import MLP, Classifier, Digits, History, quiet_trainer


def fit(history, data=None, resume=None, callbacks=(), **trainer_arguments):
    torch.manual_seed(0)
    model = Classifier(MLP([64, 8, 10]), optimizer=partial(torch.optim.SGD, lr=0.1))
    trainer = quiet_trainer(**({"max_epochs": 3, "callbacks": [history, *callbacks]} | trainer_arguments))
    trainer.fit(model, data or Digits(train_size=70), ckpt_path=resume)
    return trainer


def test_every_metric_has_one_number_per_epoch():
    history = History()
    trainer = fit(history)
    assert history.names == ["train/accuracy", "train/loss", "val/accuracy", "val/loss"]
    assert all(len(history[name]) == 3 for name in history.names)
    assert all(type(value) is float for name in history.names for value in history[name])
    assert history["val/loss"][-1] == trainer.callback_metrics["val/loss"].item()
    assert history["train/loss"][-1] == trainer.callback_metrics["train/loss"].item()


def test_steps_are_counted_at_the_end_of_each_epoch():
    history = History()
    fit(history)
    assert history.steps == [3, 6, 9]  # 70 images are 3 batches of up to 32


def test_epochs_without_validation_have_no_validation_values():
    history = History()
    fit(history, max_epochs=4, check_val_every_n_epoch=2)
    assert len(history["train/loss"]) == 4
    assert len(history["val/loss"]) == 2
    assert ["val/loss" in epoch for epoch in history.epochs] == [False, True, False, True]


def test_the_trial_validation_before_training_does_not_count():
    history = History()
    fit(history, num_sanity_val_steps=1)
    assert len(history["val/loss"]) == 3


@pytest.mark.parametrize("accumulate", [1, 3])
def test_every_steps_loss_is_what_the_batch_cost(accumulate):
    class Losses(pl.Callback):
        def __init__(self):
            self.seen = []

        def on_before_backward(self, trainer, pl_module, loss):
            self.seen.append(loss.item() * trainer.accumulate_grad_batches)

    losses = Losses()
    history = History(every_step=True)
    fit(history, callbacks=[losses], accumulate_grad_batches=accumulate)
    assert len(history["train/loss_step"]) == 9
    assert history["train/loss_step"] == pytest.approx(losses.seen)


def test_training_does_not_wait_for_the_losses(monkeypatch):
    history, trainer = History(every_step=True), quiet_trainer()
    for way in ("item", "tolist", "__float__"):
        monkeypatch.setattr(torch.Tensor, way, lambda _: pytest.fail("waited for a number"))
    for step in range(3):
        history.on_train_batch_end(trainer, None, {"loss": torch.tensor(float(step))}, None, step)
    monkeypatch.undo()
    assert history["train/loss_step"] == [0, 1, 2]


def test_a_loss_of_shape_1_is_a_number_like_any_other():
    history, trainer = History(every_step=True), quiet_trainer()
    history.on_train_batch_end(trainer, None, {"loss": torch.tensor([0.5])}, None, 0)
    history.on_train_batch_end(trainer, None, {"loss": torch.tensor(0.25)}, None, 1)
    assert history["train/loss_step"] == [0.5, 0.25]


def test_a_resumed_run_has_the_whole_history(tmp_path):
    whole = History(every_step=True)
    fit(whole)
    first = History(every_step=True)
    fit(first, max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    rest = History(every_step=True)
    fit(rest, resume=tmp_path / "two.ckpt")
    assert rest.epochs == whole.epochs
    assert rest.steps == whole.steps
    assert rest["train/loss_step"] == whole["train/loss_step"]
    torch.load(tmp_path / "two.ckpt", weights_only=True)


def test_a_module_without_automatic_loss_is_no_obstacle():
    class Manual(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)
            self.automatic_optimization = False

        def training_step(self, batch, batch_idx):
            self.log("mine", 2.0, on_epoch=True)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    history = History(every_step=True)
    quiet_trainer(max_epochs=1, callbacks=[history]).fit(Manual(), [torch.zeros(1, 1)])
    assert history["mine"] == [2.0]
    assert history["train/loss_step"] == []


def test_an_unknown_name_is_answered_with_the_known_ones():
    history = History()
    fit(history)
    with pytest.raises(KeyError, match="val/loss"):
        history["val_loss"]
    with pytest.raises(KeyError, match="every_step=True"):
        history["train/loss_step"]
    with pytest.raises(KeyError, match="nothing yet"):
        History()["val/loss"]


def test_a_metric_counts_in_the_epochs_in_which_it_was_logged_and_in_no_other():
    class NowAndThen(Classifier):
        def training_step(self, batch, batch_idx):
            if self.current_epoch in (0, 1, 3):
                self.log("epoch", float(self.current_epoch), on_step=False, on_epoch=True)
            return super().training_step(batch, batch_idx)

    history = History()
    trainer = quiet_trainer(max_epochs=6, callbacks=[history])
    trainer.fit(NowAndThen(MLP([64, 10])), Digits(train_size=70))
    assert [epoch.get("epoch") for epoch in history.epochs] == [0, 1, None, 3, None, None]
