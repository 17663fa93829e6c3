"""lightning_modules.life_cycle, and what every public piece with a life cycle keeps to."""

import copy
import pickle
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

import lightning_modules
from lightning_modules import (
    MLP,
    AdaptiveGradientClipping,
    AuxiliaryTask,
    Classifier,
    ClipGradientNorm,
    ClipGradientPercentile,
    ClipGradientValue,
    Digits,
    Doctor,
    FreezeBatchNorm,
    GradualUnfreezing,
    History,
    Initialize,
    L2Penalty,
    LogSignal,
    MaxNorm,
    Plateau,
    ProximalL1,
    RateHistory,
    RestoringEarlyStopping,
    ScheduleCheck,
    StackedAutoencoder,
    SubgradientL1,
    quiet_trainer,
)
from lightning_modules.life_cycle import LifeCycle

LAYERS = ["network.2", "network.1"]

# Some runs here are too short for it.
pytestmark = pytest.mark.filterwarnings("ignore:GradualUnfreezing will never thaw:UserWarning")


def classifier():
    torch.manual_seed(0)
    network = MLP([64, 6, 10], normalization=nn.BatchNorm1d)
    network(torch.rand(8, 64) + 1)  # statistics of its own
    return Classifier(network, partial(torch.optim.SGD, lr=0.1, momentum=0.9))


def autoencoder():
    torch.manual_seed(0)
    model = StackedAutoencoder.dense((1, 8, 8), [6, 4])
    model.encoder[0].append(nn.BatchNorm1d(6))
    return model


def auxiliary():
    torch.manual_seed(0)
    return AuxiliaryTask(MLP([64, 6]), nn.Linear(6, 4))


# Each public piece: what makes the callback, if it is one, and the module that is trained.
PIECES = {
    "AdaptiveGradientClipping": (AdaptiveGradientClipping, classifier),
    "AuxiliaryTask": (None, auxiliary),
    "Classifier": (None, classifier),
    "ClipGradientNorm": (partial(ClipGradientNorm, 0.5, every_step=True), classifier),
    "ClipGradientPercentile": (partial(ClipGradientPercentile, warmup=2), classifier),
    "ClipGradientValue": (partial(ClipGradientValue, 0.1), classifier),
    "Doctor": (Doctor, classifier),
    "FreezeBatchNorm": (partial(FreezeBatchNorm, affine=True), classifier),
    "GradualUnfreezing": (partial(GradualUnfreezing, LAYERS), classifier),
    "History": (partial(History, every_step=True), classifier),
    "Initialize": (Initialize, classifier),
    "L2Penalty": (partial(L2Penalty, 0.01), classifier),
    "LogSignal": (partial(LogSignal, 2), classifier),
    "MaxNorm": (partial(MaxNorm, 1.0), classifier),
    "ProximalL1": (partial(ProximalL1, 0.01), classifier),
    "RateHistory": (RateHistory, classifier),
    "RestoringEarlyStopping": (partial(RestoringEarlyStopping, "val/loss", patience=9), classifier),
    "ScheduleCheck": (ScheduleCheck, classifier),
    "StackedAutoencoder": (None, autoencoder),
    "SubgradientL1": (partial(SubgradientL1, 0.01), classifier),
}
NOT_TRAINED = {"DeepEnsemble", "MCDropout"}  # they predict; their own tests look after modes

CALLBACKS = sorted(name for name, (make, _) in PIECES.items() if make is not None)


def trainer_for(callback, *others, **arguments):
    callbacks = [*([] if callback is None else [callback]), *others]
    return quiet_trainer(**({"max_epochs": 3, "callbacks": callbacks} | arguments))


def fit(callback, model, *others, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = trainer_for(callback, *others, **arguments)
    trainer.fit(model, data(), ckpt_path=resume)
    return trainer


def data():
    return Digits(train_size=64, batch_size=16)


def kept(callback):
    """What a callback has to say, as something that can be compared; None is no callback."""
    seen = {} if callback is None else plain(callback.state_dict())
    for name in ("thawed", "penalized", "on_ball", "report", "clipped", "excluded"):
        seen[name] = str(getattr(callback, name, None))
    return seen


def plain(state):
    """A state with numbers for tensors, which cannot be compared by ==."""
    if isinstance(state, dict):
        return {name: plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, torch.Tensor) else state


def as_found(model):
    """Modes, what trains, and hooks."""
    hooks = [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in model.modules()
    ]
    return [m.training for m in model.modules()], [p.requires_grad for p in model.parameters()], hooks


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=0, atol=0, msg=name, equal_nan=True)


def made(name):
    make, model = PIECES[name]
    return None if make is None else make(), model()


def test_every_public_callback_and_lightning_module_is_in_the_table():
    public = {name: getattr(lightning_modules, name) for name in lightning_modules.__all__}
    stateful = {
        name
        for name, value in public.items()
        if isinstance(value, type) and issubclass(value, pl.Callback | pl.LightningModule)
    }
    assert stateful == PIECES.keys() | NOT_TRAINED
    assert all(issubclass(public[name], pl.LightningModule) for name in NOT_TRAINED)


@pytest.mark.parametrize("name", PIECES)
def test_after_a_fit_nothing_that_evaluates_changes_what_was_kept(name, tmp_path):
    callback, model = made(name)
    found = as_found(model)

    class SaveEarly(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            if trainer.current_epoch == 0:
                trainer.save_checkpoint(tmp_path / "early.ckpt")

    trainer = fit(callback, model, SaveEarly())
    before = kept(callback)
    assert as_found(model) == found
    frozen = next(model.parameters()).requires_grad_(False)  # by its owner, for a purpose of his own
    trainer.validate(model, data(), ckpt_path=tmp_path / "early.ckpt")
    trainer_for(callback, SaveEarly()).validate(model, data(), ckpt_path=tmp_path / "early.ckpt")
    assert kept(callback) == before
    assert not frozen.requires_grad
    frozen.requires_grad_(True)
    assert as_found(model) == found


@pytest.mark.parametrize("name", PIECES)
def test_a_fit_after_another_is_as_a_fresh_one_and_so_is_one_of_a_copy(name, tmp_path):
    fresh, model = made(name)
    fit(fresh, model)
    again, other = made(name)
    fit(again, other, max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    trainer_for(again).validate(other, data(), ckpt_path=tmp_path / "two.ckpt")
    for used in (again, copy.deepcopy(again), pickle.loads(pickle.dumps(again))):
        third = made(name)[1]
        fit(used, third)
        assert kept(used) == kept(fresh)
        assert_same(weights(third), weights(model))


@pytest.mark.parametrize("name", PIECES)
def test_a_trained_module_can_be_copied_and_pickled(name):
    _, model = made(name)
    fit(None, model, max_epochs=2)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_same(weights(twin), weights(model))


@pytest.mark.parametrize("name", PIECES)
def test_a_run_that_is_resumed_in_the_middle_ends_as_an_uninterrupted_one(name, tmp_path):
    class SaveAt(pl.Callback):
        def on_train_batch_end(self, trainer, *args):
            if trainer.global_step == 6:  # of 4 a epoch
                trainer.save_checkpoint(tmp_path / "middle.ckpt")

    whole, model = made(name)
    fit(whole, model, SaveAt())
    # The object has another training behind it, which is to be forgotten.
    rest, other = made(name)
    fit(rest, made(name)[1], max_epochs=2)
    fit(rest, other, SaveAt(), resume=tmp_path / "middle.ckpt")
    assert_same(weights(other), weights(model))
    if name == "Initialize":
        assert rest.report is None  # it draws nothing
    elif name == "History":
        # What modules count of an epoch is in no checkpoint.
        assert rest.steps == whole.steps
        assert rest["train/loss_step"] == whole["train/loss_step"]
        assert rest.epochs[-1] == whole.epochs[-1]
    elif name == "Doctor":
        # Items and gradients that it had seen are in no checkpoint, what it had measured is.
        assert (rest.record.batches, rest.record.steps) == (whole.record.batches, whole.record.steps)
        assert rest.record.first_losses == whole.record.first_losses
        assert rest.record.losses == whole.record.losses
    else:
        assert kept(rest) == kept(whole)


class Stop(Exception):
    """Not one of Lightning's."""


IN_EPOCHS = [
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_before_optimizer_step",
    "on_train_batch_end",
    "on_validation_batch_start",
    "on_train_epoch_end",
]
OTHERS = [
    "setup",
    "on_fit_start",
    "on_sanity_check_start",
    "on_train_start",
    "on_train_end",
    "on_fit_end",
    "teardown",
]


@pytest.mark.parametrize("name", PIECES)
def test_an_error_in_any_phase_leaves_nothing_behind(name):
    def fails(self, trainer, *args, **kwargs):
        epoch = trainer.fit_loop.epoch_progress.current.completed
        if epoch >= 1 or phase not in IN_EPOCHS:
            raise Stop

    for phase in (*IN_EPOCHS, *OTHERS):
        faulty = type("Faulty", (pl.Callback,), {phase: fails})()
        for is_first in (True, False):
            callback, model = made(name)
            modes, *found = as_found(model)
            callbacks = [faulty, callback] if is_first else [callback, faulty]
            trainer = quiet_trainer(max_epochs=2, callbacks=[c for c in callbacks if c is not None])
            with pytest.raises(Stop):
                trainer.fit(model, data())
            now, *left = as_found(model)
            assert left == found, (phase, is_first)
            # Lightning itself leaves a model in evaluation mode whose validation fails.
            assert now == modes or phase == "on_validation_batch_start", (phase, is_first)
            for optimizer in trainer.optimizers:
                assert not optimizer._optimizer_step_post_hooks, (phase, is_first)
                assert not optimizer._optimizer_step_pre_hooks, (phase, is_first)


def test_ctrl_c_is_an_error_too():
    class Interrupt(pl.Callback):
        def on_train_batch_end(self, *args):
            raise KeyboardInterrupt

    for name in PIECES:
        callback, model = made(name)
        found = as_found(model)
        with pytest.raises(SystemExit):
            fit(callback, model, Interrupt())
        assert as_found(model) == found, name


def test_what_an_error_in_on_exception_has_kept_is_put_back_by_the_next_fit():
    class Worse(pl.Callback):
        def on_train_batch_end(self, *args):
            raise Stop

        def on_exception(self, *args):
            raise Stop

    callback, model = FreezeBatchNorm(), classifier()
    found = as_found(model)
    with pytest.raises(Stop):
        quiet_trainer(max_epochs=1, callbacks=[Worse(), callback]).fit(model, data())
    assert as_found(model) != found
    fit(callback, model)
    assert as_found(model) == found


def test_the_same_trainer_goes_on_counting():
    history, model = History(), classifier()
    trainer = fit(history, model, max_epochs=1)
    trainer.test(model, data())
    trainer.fit_loop.max_epochs = 3
    trainer.fit(model, data())
    assert history.steps == [4, 8, 12]


def test_another_trainer_begins_an_empty_history():
    history, model = History(), classifier()
    fit(history, model)
    fit(history, model, max_epochs=1)
    assert history.steps == [4]


def test_a_checkpoint_that_knows_nothing_of_a_callback_begins_an_empty_one(tmp_path):
    fit(None, classifier(), max_epochs=1).save_checkpoint(tmp_path / "without.ckpt")
    history = History()
    trainer = fit(history, classifier(), max_epochs=1)
    trainer.fit_loop.max_epochs = 3
    trainer.fit(classifier(), data(), ckpt_path=tmp_path / "without.ckpt")
    assert history.steps == [8, 12]


def test_a_plateau_learns_nothing_from_a_validation_after_the_training():
    model = classifier()
    model.lr_scheduler = partial(Plateau, patience=0)
    trainer = fit(None, model)
    schedule = trainer.lr_scheduler_configs[0].scheduler
    before = schedule.state_dict()
    for _ in range(2):
        trainer.validate(model, data())
    assert schedule.state_dict() == before


def test_a_tests_end_within_a_training_releases_nothing():
    class TestWithin(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            quiet_trainer(callbacks=[unfreezing]).test(classifier(), data())
            frozen.append(not pl_module.network[1].weight.requires_grad)

    frozen, unfreezing = [], GradualUnfreezing(LAYERS, at=[0, 5])
    fit(unfreezing, classifier(), TestWithin())
    assert frozen == [True] * 3


def test_a_base_class_alone_keeps_nothing():
    callback = LifeCycle()
    fit(callback, classifier(), max_epochs=1)
    assert callback.state_dict() == {}


def test_what_is_frozen_is_not_counted_among_what_a_penalty_has_made_small():
    class WithTeacher(Classifier):
        def __init__(self):
            torch.manual_seed(0)
            super().__init__(MLP([64, 10]), partial(torch.optim.SGD, lr=0.1))
            self.teacher = nn.Linear(64, 10).requires_grad_(False)
            nn.init.zeros_(self.teacher.weight)

    trainer = fit(ProximalL1(1e-6), WithTeacher(), max_epochs=1)
    assert trainer.callback_metrics["weights/zero"] < 0.1


def test_a_frozen_teacher_behind_the_network_is_not_its_output_layer():
    model = classifier()
    model.teacher = nn.Linear(64, 10).requires_grad_(False)
    clipping = AdaptiveGradientClipping()
    fit(clipping, model, max_epochs=1)
    assert clipping.excluded == ("network.4.weight", "network.4.bias")


def test_a_frozen_teachers_weight_norm_does_not_matter_to_max_norm():
    model = classifier()
    model.teacher = nn.utils.parametrizations.weight_norm(nn.Linear(64, 10)).requires_grad_(False)
    ball = MaxNorm(1.0)
    fit(ball, model, max_epochs=1)
    assert list(ball.on_ball) == ["network.1", "network.4"]
