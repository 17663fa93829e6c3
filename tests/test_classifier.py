"""lightning_modules.classifier."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
import torchmetrics
from pytorch_lightning.cli import ReduceLROnPlateau
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lightning_modules import MLP, Classifier, Digits, History, quiet_trainer

SGD = partial(torch.optim.SGD, lr=0.1)


def small(**arguments):
    torch.manual_seed(0)
    return Classifier(MLP([64, 16, 10]), **arguments)


def digits(**arguments):
    return Digits(**({"train_size": 70} | arguments))


def test_what_is_logged_is_the_mean_over_all_images_not_over_batches():
    # 360 images in batches of 100: the last one has 60, and counts as 60.
    model, data = small(), digits(evaluation_batch_size=100)
    logged = quiet_trainer().test(model, data)[0]
    with torch.no_grad():
        scores = model(data.test.images)
    assert logged["test/loss"] == pytest.approx(
        nn.functional.cross_entropy(scores, data.test.labels).item(), rel=1e-5
    )
    assert logged["test/accuracy"] == pytest.approx(
        (scores.argmax(1) == data.test.labels).double().mean().item()
    )


def test_training_logs_the_mean_of_the_losses_that_were_stepped_on():
    model, data = small(optimizer=partial(torch.optim.SGD, lr=0.0)), digits(batch_size=16)
    trainer = quiet_trainer(max_epochs=1)
    trainer.fit(model, data)
    with torch.no_grad():
        expected = nn.functional.cross_entropy(model(data.train.images), data.train.labels)
    assert trainer.callback_metrics["train/loss"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_each_epoch_is_counted_from_zero():
    history = History()
    # At rate 0 every epoch is the same, however the images are divided into batches.
    model = small(optimizer=partial(torch.optim.SGD, lr=0.0))
    quiet_trainer(max_epochs=3, callbacks=[history]).fit(model, digits())
    assert history["train/loss"] == pytest.approx(history["train/loss"][:1] * 3, rel=1e-6)
    model = small(optimizer=partial(torch.optim.SGD, lr=0.1, momentum=0.9))
    quiet_trainer(max_epochs=20, callbacks=[history]).fit(model, digits())
    assert history["train/accuracy"][-1] == 1  # the first epochs' mistakes are forgotten


def test_what_an_interrupted_training_has_counted_is_forgotten():
    class Stops(pl.Callback):
        def on_train_batch_end(self, trainer, *_):
            raise RuntimeError("on purpose")

    model = small(optimizer=partial(torch.optim.SGD, lr=0.0))
    with pytest.raises(RuntimeError, match="on purpose"):
        quiet_trainer(max_epochs=1, callbacks=[Stops()]).fit(model, digits(label_noise=1.0))
    once, twice = quiet_trainer(max_epochs=1), quiet_trainer(max_epochs=1)
    once.fit(model, digits())
    twice.fit(model, digits())
    assert once.callback_metrics["train/loss"].item() == pytest.approx(
        twice.callback_metrics["train/loss"].item()
    )


def test_it_logs_training_and_validation_and_learns_the_digits():
    model = small(optimizer=partial(torch.optim.SGD, lr=0.1, momentum=0.9))
    trainer = quiet_trainer(max_epochs=10)
    trainer.fit(model, Digits())
    assert set(trainer.callback_metrics) == {"train/loss", "train/accuracy", "val/loss", "val/accuracy"}
    assert trainer.callback_metrics["val/accuracy"] > 0.9


def test_it_steps_as_a_bare_loop_does():
    model, twin = small(optimizer=SGD), small()
    data = digits()
    quiet_trainer(max_epochs=2).fit(model, data)
    optimizer = SGD(twin.parameters())
    batches = digits().train_dataloader()
    for _ in range(2):
        for images, labels in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(twin(images), labels).backward()
            optimizer.step()
    for mine, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)


def test_a_second_training_of_the_same_model_logs_too():
    model = small()
    quiet_trainer(max_epochs=1).fit(model, digits())
    again = quiet_trainer(max_epochs=1)
    again.fit(model, digits())
    assert "train/loss" in again.callback_metrics


@pytest.mark.filterwarnings(
    "ignore:.*does not have many workers", "ignore:.*smaller than the logging interval"
)
def test_it_can_be_validated_and_tested_before_it_is_trained():
    data = Digits()
    model = Classifier(MLP([64, 10]))
    before = quiet_trainer().validate(model, data)[0]["val/accuracy"]
    quiet_trainer().test(model, data)
    trainer = quiet_trainer(max_epochs=3)
    trainer.fit(model, data)
    assert trainer.callback_metrics["val/accuracy"] > before
    assert quiet_trainer().test(model, data)[0]["test/accuracy"] > before


def test_labels_beyond_the_networks_outputs_are_refused_by_name():
    model = Classifier(MLP([64, 9]))
    with pytest.raises(ValueError, match="9 outputs, for classes 0 to 8, but the labels go from 0 to 9"):
        quiet_trainer(max_epochs=1).fit(model, Digits())


def test_batches_from_a_plain_data_loader_are_welcome():
    items = TensorDataset(torch.randn(20, 1, 8, 8), torch.randint(10, (20,)))
    quiet_trainer(max_epochs=1).fit(small(), DataLoader(items, batch_size=5), DataLoader(items, batch_size=5))


def test_the_default_optimizer_is_fused_adamw():
    optimizer = small().configure_optimizers()
    assert isinstance(optimizer, torch.optim.AdamW)
    assert optimizer.defaults["fused"]


@pytest.mark.parametrize(("interval", "steps"), [("epoch", 3), ("step", 9)])
def test_a_schedule_steps_once_per_interval(interval, steps):
    halving = partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.5)
    model = small(optimizer=SGD, lr_scheduler=halving, interval=interval)
    trainer = quiet_trainer(max_epochs=3)
    trainer.fit(model, digits())  # 70 images are 3 batches of up to 32
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**steps)


@pytest.mark.parametrize(
    "plateau",
    [
        partial(torch.optim.lr_scheduler.ReduceLROnPlateau, factor=0.5, patience=0),
        partial(ReduceLROnPlateau, monitor="train/loss", factor=0.5, patience=0),
    ],
    ids=["torch's", "Lightning's"],
)
def test_a_plateau_lowers_the_rate(plateau):
    # At rate 1e-12 nothing improves, so after the first epoch each one halves the rate.
    model = small(optimizer=partial(torch.optim.SGD, lr=1e-12), lr_scheduler=partial(plateau, eps=0.0))
    trainer = quiet_trainer(max_epochs=3)
    trainer.fit(model, digits())
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(1e-12 / 4)


def test_predictions_are_probabilities_with_or_without_labels():
    model, images = small().eval(), torch.randn(3, 1, 8, 8)
    for batch in (images, (images, torch.zeros(3)), [images]):
        probabilities = model.predict_step(batch, 0)
        assert torch.allclose(probabilities.sum(1), torch.ones(3))
        assert torch.allclose(
            probabilities.log() - model(images), probabilities.log()[:, :1] - model(images)[:, :1]
        )


def test_a_checkpoint_loads_into_the_network_that_it_is_given(tmp_path):
    model = small(interval="step")
    trainer = quiet_trainer(max_epochs=1)
    trainer.fit(model, digits())
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    loaded = Classifier.load_from_checkpoint(tmp_path / "model.ckpt", network=MLP([64, 16, 10]))
    assert loaded.interval == "step"
    for mine, theirs in zip(model.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_checkpoint_holds_only_what_torch_loads_safely(tmp_path):
    trainer = quiet_trainer(max_epochs=1)
    trainer.fit(small(), digits())
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    torch.load(tmp_path / "model.ckpt", weights_only=True)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (torch.zeros(3, 10), torch.zeros(3), r"dtype int64, got torch.float32. Use labels.long\(\)"),
        (torch.zeros(3, 10), torch.zeros(3, 1, dtype=torch.int64), r"scores \(3, 10\) and labels \(3, 1\)"),
        (torch.zeros(3, 10, 2), torch.zeros(3, dtype=torch.int64), r"scores \(3, 10, 2\) and labels \(3,\)"),
        (torch.zeros(3, 10), torch.zeros(4, dtype=torch.int64), r"scores \(3, 10\) and labels \(4,\)"),
    ],
)
def test_labels_that_are_not_one_class_number_per_item_are_refused(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        Classifier(nn.Identity()).training_step((scores, labels), 0)


def test_a_schedule_needs_a_known_interval():
    with pytest.raises(ValueError, match="got interval='batch'"):
        small(interval="batch")


def test_scores_that_are_not_numbers_are_all_of_the_first_class():
    accuracy = torchmetrics.Accuracy("multiclass", num_classes=3)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert accuracy(torch.full((10, 3), float("nan")), labels).item() == pytest.approx(0.4)
