"""lightning_modules.doctor.doctor: the callback in real Trainers."""

import copy
import pickle
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy, cross_entropy, mse_loss
from torch.utils.data import DataLoader, TensorDataset

from lightning_modules import MLP, Classifier, ClipGradientNorm, Digits, quiet_trainer
from lightning_modules.doctor.doctor import Doctor
from lightning_modules.doctor.record import LAST, Thinned

SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9)


class Net(pl.LightningModule):
    """A network with dropout and batch normalization; what the tests change are its arguments."""

    def __init__(
        self,
        loss=cross_entropy,
        network=None,
        optimizer=SGD,
        manual=False,
        zero=True,
        held=None,
        direct=False,
    ):
        super().__init__()
        torch.manual_seed(0)
        self.network = network or nn.Sequential(
            nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3)
        )
        self.loss, self.optimizer, self.zero, self.held = loss, optimizer, zero, held
        self.automatic_optimization, self.direct = not manual, direct
        self.said = []

    def print(self, *words, **_):
        self.said.append(" ".join(map(str, words)))

    def training_step(self, batch, batch_idx):
        loss = self.loss(self.network(batch[0]), batch[1])
        if self.automatic_optimization:
            return loss
        optimizers = self.optimizers()
        for optimizer in optimizers if isinstance(optimizers, list) else [optimizers]:
            if self.zero:
                optimizer.zero_grad()
        loss.backward() if self.direct else self.manual_backward(loss)
        for optimizer in optimizers if isinstance(optimizers, list) else [optimizers]:
            optimizer.step()
        return None

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self.loss(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return self.optimizer(self.parameters() if self.held is None else self.held(self))


def data(classes=3, seed=0, batch=16):
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(classes, 6, generator=generator) * 2
    labels = torch.randint(classes, (256,), generator=generator)
    inputs = centers[labels] + torch.randn(256, 6, generator=generator)
    shuffled = torch.Generator().manual_seed(1)
    train = DataLoader(TensorDataset(inputs[:192], labels[:192]), batch, shuffle=True, generator=shuffled)
    return train, DataLoader(TensorDataset(inputs[192:], labels[192:]), 64)


def fit(model, doctor, loaders=None, epochs=4, **options):
    loaders = loaders or data()
    callbacks = [*options.pop("callbacks", []), *([doctor] if doctor else [])]
    torch.manual_seed(3)
    trainer = quiet_trainer(**({"max_epochs": epochs, "callbacks": callbacks} | options))
    trainer.fit(model, *loaders)
    return trainer


def two_optimizers(parameters):
    listed = list(parameters)
    return [torch.optim.SGD(listed[:2], lr=0.05), torch.optim.Adam(listed[2:], lr=0.01)]


MODES = {
    "plain": ({}, {}),
    "accumulated": ({}, {"accumulate_grad_batches": 3}),
    "clipped": ({}, {"gradient_clip_val": 0.1}),
    "clipped by a callback": ({}, {"callbacks": [ClipGradientNorm(0.1)]}),
    "16 bits": ({}, {"precision": "bf16-mixed"}),
    "manual": ({"manual": True}, {}),
    "two optimizers": ({"manual": True, "optimizer": two_optimizers}, {}),
    "LBFGS": ({"optimizer": partial(torch.optim.LBFGS, lr=0.1, max_iter=3)}, {}),
    "fused": ({"optimizer": partial(torch.optim.AdamW, lr=0.01, fused=True)}, {}),
    "recurrent": (
        {
            "network": nn.Sequential(nn.Unflatten(1, (6, 1)), nn.LSTM(1, 8, batch_first=True)),
            "loss": lambda y, t: y[0].square().mean(),
        },
        {},
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_training_with_a_doctor_is_training_without_bit_for_bit(mode):
    arguments, options = MODES[mode]
    ended = []
    for doctor in (None, Doctor(probe=True)):
        model = Net(**copy.deepcopy(arguments))
        fit(model, doctor, **copy.deepcopy(options))
        hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()]
        modes = [module.training for module in model.modules()]
        ended.append(
            (model.state_dict(), torch.get_rng_state(), hooks, modes, model.trainer.callback_metrics)
        )
    without, beside = ended
    assert all(torch.equal(one, beside[0][name]) for name, one in without[0].items())
    assert torch.equal(without[1], beside[1])
    assert without[2:4] == beside[2:4]
    assert {name: value.item() for name, value in without[4].items()} == {
        name: value.item() for name, value in beside[4].items()
    }


def test_a_run_that_goes_well_is_left_in_peace():
    doctor, model = Doctor(), Net()
    fit(model, doctor, epochs=8)
    assert not doctor.diagnosis
    assert str(doctor.diagnosis) == "nothing found"
    assert model.said == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("softmax-before-cross-entropy", {"loss": lambda y, t: cross_entropy(y.softmax(1), t)}),
        ("softmax-before-cross-entropy", {"loss": lambda y, t: cross_entropy(nn.Softmax(dim=1)(y), t)}),
        ("nll-without-log-softmax", {"loss": nn.NLLLoss()}),
        (
            "broadcast-loss",
            {"network": nn.Linear(6, 1), "loss": lambda y, t: (y - t.float()).square().mean()},
        ),
        ("foreign-parameters", {"held": lambda model: copy.deepcopy(model.network).parameters()}),
        (
            "parameters-not-in-optimizer",
            {"network": nn.Linear(6, 3), "held": lambda model: [model.network.bias]},
        ),
        ("missing-zero-grad", {"manual": True, "zero": False}),
        ("missing-zero-grad", {"manual": True, "zero": False, "direct": True}),
    ],
)
def test_a_mistake_is_named_from_what_the_program_really_does(name, arguments):
    doctor, model = Doctor(), Net(**arguments)
    fit(model, doctor)
    assert doctor.diagnosis.names[0] == name
    assert [line for line in model.said if line.startswith(f"Doctor: {name} since step ")]


def test_gradients_that_are_zeroed_are_not_taken_for_old_ones():
    doctor = Doctor()
    fit(Net(manual=True), doctor)
    assert doctor.record.facts.checked_gradients > 5
    assert doctor.record.facts.stale_gradients == 0


@pytest.mark.parametrize("since", [1, 2])
def test_a_module_that_an_evaluation_has_left_is_found(since):
    class Forgets(Net):
        def on_train_epoch_start(self):
            self.network.eval()

    doctor = Doctor()
    fit(Forgets(), doctor, epochs=since)
    assert doctor.diagnosis.names[0] == "evaluation-mode"


def test_a_batch_norm_that_was_frozen_by_itself_is_no_fault():
    class Freezes(Net):
        def on_train_epoch_start(self):
            self.network[1].eval()

    doctor = Doctor()
    fit(Freezes(), doctor)
    assert doctor.record.facts.evaluating == 0


def test_a_label_too_many_is_named_though_an_error_ends_the_run():
    doctor, model = Doctor(), Net()
    with pytest.raises(IndexError):
        fit(model, doctor, data(classes=4))
    assert doctor.diagnosis.names[0] == "labels-out-of-range"
    assert len(model.said) >= 1


def test_a_binary_cross_entropy_that_raises_is_explained():
    loss = lambda y, t: binary_cross_entropy(y[:, 0], (t > 0).float())  # noqa: E731
    doctor = Doctor()
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        fit(Net(loss), doctor)
    assert doctor.diagnosis.names[0] == "bce-without-sigmoid"


def test_an_interruption_by_hand_is_not_judged():
    class Interrupts(Net):
        def on_train_batch_end(self, *_):
            raise KeyboardInterrupt

    doctor = Doctor()
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit(Interrupts(), doctor)
    assert not doctor.diagnosis


def test_one_nan_among_the_inputs_is_found_where_it_came():
    train, val = data()
    train.dataset.tensors[0][5, 2] = torch.nan
    doctor = Doctor()
    fit(Net(), doctor, (train, val))
    assert doctor.diagnosis.names[0] == "nan-inputs"
    assert doctor.diagnosis.findings[0].since < 12


def test_a_hopeless_run_is_ended():
    doctor = Doctor(on="stop")
    held = lambda model: copy.deepcopy(model.network).parameters()  # noqa: E731
    trainer = fit(Net(held=held), doctor, epochs=50)
    assert trainer.global_step < 30
    assert doctor.diagnosis.names[0] == "foreign-parameters"


def test_a_run_that_goes_well_is_not_ended():
    trainer = fit(Net(), Doctor(on="stop"), epochs=10)
    assert trainer.global_step == 120


def test_loggers_get_the_findings():
    class Logger(pl.loggers.logger.DummyLogger):
        def __init__(self):
            super().__init__()
            self.seen = {}

        def log_metrics(self, metrics, step=None):
            self.seen |= metrics

    logger = Logger()
    fit(Net(nn.NLLLoss()), Doctor(), logger=logger, log_every_n_steps=1)
    assert 0.9 < logger.seen["doctor/nll-without-log-softmax"] < 1


def test_a_line_is_said_once():
    model = Net(nn.NLLLoss())
    fit(model, Doctor(), epochs=30)
    assert len([line for line in model.said if "nll-without-log-softmax" in line]) == 1


def test_what_is_ignored_is_not_found():
    doctor, model = Doctor(ignore=["nll-without-log-softmax"]), Net(nn.NLLLoss())
    fit(model, doctor)
    assert "nll-without-log-softmax" not in doctor.diagnosis.names
    assert not any("nll" in line for line in model.said)


def test_an_unknown_name_to_ignore_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no finding 'over-fitting' to ignore; there are .*overfitting"):
        Doctor(ignore=["over-fitting"])


def test_a_single_name_and_another_word_than_stop_are_refused():
    with pytest.raises(TypeError, match=r"\['overfitting'\]"):
        Doctor(ignore="overfitting")
    with pytest.raises(ValueError, match="'halt'"):
        Doctor(on="halt")


def test_a_resumed_run_goes_on_with_its_record(tmp_path):
    first = Doctor()
    fit(Net(), first, epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    torch.load(tmp_path / "two.ckpt", weights_only=True)
    rest, model = Doctor(), Net()
    torch.manual_seed(3)
    quiet_trainer(max_epochs=4, callbacks=[rest]).fit(model, *data(), ckpt_path=tmp_path / "two.ckpt")
    assert rest.record.batches == 48
    assert rest.record.first_losses[:24] == first.record.first_losses
    assert rest.record.facts.parameters == first.record.facts.parameters


def test_another_training_begins_with_an_empty_record():
    doctor = Doctor()
    fit(Net(nn.NLLLoss()), doctor)
    fit(Net(), doctor)
    assert doctor.record.batches == 48
    assert "nll-without-log-softmax" not in doctor.diagnosis.names


def test_it_can_be_pickled_and_copied_in_the_middle_of_a_run():
    class Copies(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            self.copy = pickle.loads(pickle.dumps(doctor))

    doctor, copies = Doctor(), Copies()
    fit(Net(), doctor, callbacks=[copies])
    assert copies.copy.record.batches == 47


def test_the_record_does_not_grow_with_the_run():
    doctor = Doctor()
    fit(Net(), doctor, epochs=60)
    record = doctor.record
    assert record.batches == 720
    assert len(record.losses.values) < 2 * Thinned().limit
    assert max(len(record.steps_last), len(record.layers_last), len(record.loss.values)) <= LAST
    assert len(record.validations) <= 24


def test_the_classifier_of_this_library_is_seen_through():
    doctor = Doctor()
    model = Classifier(MLP([64, 30, 10]), partial(torch.optim.SGD, lr=0.1))
    quiet_trainer(max_epochs=5, callbacks=[doctor]).fit(model, Digits())
    assert not doctor.diagnosis
    assert doctor.record.loss.kind == "cross_entropy"


def test_a_regression_by_hand_is_understood():
    doctor = Doctor()
    loss = lambda y, t: ((y[:, 0] - t.float()) ** 2).mean()  # noqa: E731
    fit(Net(loss, nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))), doctor, epochs=8)
    assert doctor.record.loss.kind == "difference"
    assert not doctor.diagnosis


def test_a_loss_function_with_names_for_its_arguments_is_seen():
    doctor = Doctor()
    fit(Net(lambda y, t: mse_loss(input=y[:, 0], target=t.float(), reduction="sum")), doctor)
    assert (doctor.record.loss.kind, doctor.record.loss.reduction) == ("mse_loss", "sum")
