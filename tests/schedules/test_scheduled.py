"""lightning_modules.schedules.scheduled and .refusals: the run's length, and schedules that cannot be meant."""

import sys
import threading
import types
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch.optim import lr_scheduler as torchs
from torch.utils.data import DataLoader, IterableDataset

from lightning_modules import (
    MLP,
    Classifier,
    CosineDecay,
    CosineRestarts,
    Digits,
    LinearDecay,
    OneCycle,
    PiecewiseConstant,
    Plateau,
    PowerDecay,
    RateHistory,
    ScheduleCheck,
    Warmup,
    quiet_trainer,
    scheduled,
)
from lightning_modules.schedules.refusals import check_schedule
from lightning_modules.schedules.scheduled import run_length

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)


class Stranger(pl.LightningModule):
    """Knows nothing of this library."""

    def __init__(self, schedule, **config):
        super().__init__()
        self.layer = torch.nn.Linear(64, 10)
        self.schedule, self.config = schedule, config

    def training_step(self, batch, batch_idx):
        images, labels = batch
        return torch.nn.functional.cross_entropy(self.layer(images.flatten(1)), labels)

    def configure_optimizers(self):
        optimizer = SGD(self.parameters())
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": self.schedule(optimizer)} | self.config}


class Friend(Stranger):
    """Asks for a sized schedule in its own configure_optimizers."""

    def configure_optimizers(self):
        return scheduled(self.trainer, SGD(self.parameters()), self.schedule, **self.config)


def classifier(schedule, **arguments):
    return Classifier(MLP([64, 10]), SGD, schedule, **arguments)


def fit(model, data=None, **settings):
    """Six batches an epoch, 30 in all."""
    rates = RateHistory()
    callbacks = [rates, *settings.pop("callbacks", [])]
    settings = {"max_epochs": 5, "limit_val_batches": 0, "callbacks": callbacks} | settings
    trainer = quiet_trainer(**settings)
    torch.manual_seed(0)
    digits = Digits(train_size=96, batch_size=16)
    if data is None:
        data = digits if isinstance(model, Classifier) else digits.train_dataloader()
    trainer.fit(model, data)
    return rates.rate(), trainer


WAYS = {
    "Classifier": (lambda schedule: classifier(schedule, interval="step"), []),
    "scheduled": (Friend, []),
    "ScheduleCheck": (lambda schedule: Stranger(schedule, interval="step"), [ScheduleCheck()]),
}
every_way = pytest.mark.parametrize(("make", "callbacks"), WAYS.values(), ids=WAYS)


# The run's length


@every_way
@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({}, 30),
        ({"accumulate_grad_batches": 4}, 10),  # 6 batches are one step of 4 and one of 2
        ({"limit_train_batches": 2}, 10),
        ({"max_steps": 17}, 17),
        ({"max_epochs": -1, "max_steps": 40}, 40),
    ],
)
def test_a_schedule_fills_the_run(make, callbacks, settings, steps):
    rates, trainer = fit(make(LinearDecay), callbacks=callbacks, **settings)
    assert trainer.global_step == steps
    assert rates == pytest.approx([0.1 * (1 - step / steps) for step in range(steps)])


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        ({}, 5),
        ({"max_steps": 13}, 3),
        ({"max_epochs": -1, "max_steps": 24}, 4),
        ({"accumulate_grad_batches": 4}, 5),
    ],
)
def test_epochs_are_counted_where_the_schedule_counts_epochs(settings, epochs):
    rates, trainer = fit(classifier(LinearDecay, interval="epoch"), **settings)
    per_epoch = 2 if "accumulate_grad_batches" in settings else 6
    assert rates == pytest.approx(
        [0.1 * (1 - step // per_epoch / epochs) for step in range(trainer.global_step)]
    )


def test_lightnings_default_is_the_epoch():
    rates, _ = fit(Stranger(LinearDecay), callbacks=[ScheduleCheck()])
    assert rates == pytest.approx([0.1 * (1 - step // 6 / 5) for step in range(30)])


def test_a_frequency_makes_steps_longer():
    rates, _ = fit(Stranger(LinearDecay, interval="step", frequency=3), callbacks=[ScheduleCheck()])
    assert rates == pytest.approx([0.1 * (1 - step // 3 / 10) for step in range(30)])


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield torch.zeros(64), 0


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_a_run_without_a_known_length_is_refused_if_the_schedule_needs_it():
    loader = DataLoader(Endless(), batch_size=2)
    with pytest.raises(
        MisconfigurationException, match=r"LinearDecay needs the run's length.*max_steps or max_epochs"
    ):
        fit(Friend(LinearDecay), loader)
    rates, _ = fit(Friend(LinearDecay), loader, max_steps=10)
    assert rates == pytest.approx([0.1 * (1 - step / 10) for step in range(10)])
    rates, _ = fit(
        Friend(partial(PowerDecay, scale=5)),
        loader,
        max_time={"seconds": 1},
        max_epochs=-1,
        limit_train_batches=10,
    )
    assert rates[5] == pytest.approx(0.05)


def test_how_long_a_run_is():
    seen = []

    class Look(pl.Callback):
        def on_fit_start(self, trainer, pl_module):
            seen.append((run_length(trainer), run_length(trainer, "epoch")))

    fit(classifier(None), callbacks=[Look()])
    fit(classifier(None), callbacks=[Look()], max_steps=13)
    assert seen == [(30, 5), (13, 3)]


@pytest.mark.parametrize("schedule", [OneCycle, CosineDecay, Plateau])
def test_a_run_that_trains_on_nothing_refuses_no_schedule(schedule):
    _, trainer = fit(classifier(schedule), limit_train_batches=0)
    assert trainer.global_step == 0
    assert run_length(trainer) == run_length(trainer, "epoch") == 0


def test_a_trial_run_is_sized_and_not_checked():
    for schedule in (
        LinearDecay,
        partial(PiecewiseConstant, boundaries=[500, 800]),
        OneCycle,
        CosineRestarts,
    ):
        rates, _ = fit(classifier(schedule, interval="step"), fast_dev_run=True)
        assert len(rates) == 1


# What cannot be meant: four published notebooks are here


REFUSED = {
    # A OneCycleLR for 21,120 steps, stepped 60 times: its rate went from 4.00e-4 to 4.02e-4.
    "1cycle, too long": (
        partial(torchs.OneCycleLR, max_lr=0.1, total_steps=21_120),
        "made for 21,120 steps, the run has 30",
    ),
    # It would stop with an error in the middle.
    "1cycle, too short": (
        partial(torchs.OneCycleLR, max_lr=0.1, total_steps=20),
        "made for 20 steps, the run has 30",
    ),
    # Boundaries beyond the run.
    "boundaries": (
        partial(torchs.MultiStepLR, milestones=[10, 50_000]),
        "never act at 50000: the run has 30",
    ),
    "our boundaries": (
        partial(PiecewiseConstant, boundaries=[10, 30]),
        "never act at 30: the run's last step is 29",
    ),
    "boundaries in the middle of the last step": (
        partial(PiecewiseConstant, boundaries=[0.5, 0.99]),
        "never act at 0.99",
    ),
    "step size": (partial(torchs.StepLR, step_size=30), "never act at 30"),
    "cosine": (partial(torchs.CosineAnnealingLR, T_max=31), "T_max=31 steps, the run has 30"),
    "restarts": (partial(torchs.CosineAnnealingWarmRestarts, T_0=31), "T_0=31"),
    "linear": (partial(torchs.LinearLR, total_iters=40), "total_iters=40"),
    "our cosine": (
        partial(CosineDecay, total_steps=300),
        "made for 300 steps, the run has 30: it would be cut off",
    ),
    "our linear": (
        partial(LinearDecay, total_steps=5),
        "made for 5 steps, the run has 30: it would be over too early",
    ),
    "hardly any decay": (partial(PowerDecay, scale=100_000), "from 1 to 0.9997 times"),
    "a lambda": (
        partial(torchs.LambdaLR, lr_lambda=lambda step: 0.1 if step > 30 else 1.0),
        "from 0.1 to 0.1",
    ),
    "warm-up": (partial(Warmup, steps=30), "takes 30 steps, the whole run has 30"),
    "behind a warm-up": (
        partial(Warmup, steps=10, after=partial(PiecewiseConstant, boundaries=[25], factors=[0.1])),
        "never act at 25",
    ),
    "torch's, behind a warm-up": (
        partial(Warmup, steps=10, after=partial(torchs.CosineAnnealingLR, T_max=30)),
        "T_max=30 steps, the run has 20",
    ),
}


@every_way
@pytest.mark.parametrize(("schedule", "message"), REFUSED.values(), ids=REFUSED)
def test_a_schedule_that_would_not_act_is_an_error_before_training(make, callbacks, schedule, message):
    model = make(schedule)
    before = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(MisconfigurationException, match=message):
        fit(model, callbacks=callbacks)
    assert all(map(torch.equal, model.parameters(), before))


def test_a_sequence_is_looked_into():
    def sequence(optimizer, warm, rest):
        parts = [
            torchs.LinearLR(optimizer, total_iters=warm),
            torchs.CosineAnnealingLR(optimizer, T_max=rest),
        ]
        return torchs.SequentialLR(optimizer, parts, milestones=[warm])

    fit(Friend(partial(sequence, warm=5, rest=25)))
    for warm, rest, message in ((5, 30, "T_max=30 steps, the run has 25"), (40, 10, "never act at 40")):
        with pytest.raises(MisconfigurationException, match=message):
            fit(Friend(partial(sequence, warm=warm, rest=rest)))


def test_steps_counted_as_epochs_are_refused_with_the_way_out():
    in_steps = partial(torchs.CosineAnnealingLR, T_max=30)
    with pytest.raises(MisconfigurationException, match=r'T_max=30 steps, the run has 5.*interval="epoch"'):
        fit(Stranger(in_steps), callbacks=[ScheduleCheck()])
    fit(Stranger(in_steps, interval="step"), callbacks=[ScheduleCheck()])


def test_a_cosine_that_rises_again_is_worth_a_warning():
    with pytest.warns(
        UserWarning, match="end after 10 steps, and in the run's other 20 the rate rises again"
    ):
        fit(Friend(partial(torchs.CosineAnnealingLR, T_max=10)))


def test_a_plateau_that_is_shown_the_same_value_at_every_step_is_refused():
    model = Stranger(partial(Plateau, patience=1), interval="step", monitor="train/loss")
    with pytest.raises(MisconfigurationException, match="the same measurement at every step"):
        fit(model, callbacks=[ScheduleCheck()])


def test_a_warm_up_whose_plateau_gets_nothing_is_refused():
    model = Stranger(partial(Warmup, steps=2, after=partial(Plateau, patience=1)), interval="step")
    with pytest.raises(MisconfigurationException, match="only one of both"):
        fit(model, callbacks=[ScheduleCheck()])


def test_both_checks_together_agree():
    fit(classifier(partial(Plateau, monitor="train/loss", patience=1)), callbacks=[ScheduleCheck()])
    fit(classifier(LinearDecay), callbacks=[ScheduleCheck()])


def test_a_schedule_that_acts_after_thousands_of_steps_is_found_to_act():
    optimizer = SGD([torch.nn.Parameter(torch.ones(1))])
    check_schedule(torchs.LambdaLR(optimizer, lambda step: 1.0 if step < 5_000 else 0.1), steps=6_000)


@pytest.mark.parametrize("check", [False, True])
def test_a_rate_that_the_module_says_is_taken_as_plain_lightning_takes_it(check):
    class Says(Stranger):
        def __init__(self, rate_at):
            super().__init__(None)
            self.lock, self.rate_at = threading.Lock(), types.MethodType(rate_at, self)

        def configure_optimizers(self):
            optimizer = SGD(self.parameters())
            make = partial(torchs.LambdaLR, lr_lambda=self.rate_at)
            if not check:
                return scheduled(self.trainer, optimizer, make)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": make(optimizer), "interval": "step"},
            }

    for rate_at, rates in (
        (
            lambda self, step: 1 - step / self.trainer.estimated_stepping_batches,
            [0.1 * (1 - t / 30) for t in range(30)],
        ),
        (
            lambda self, step: 0.5**self.current_epoch,
            [0.1] * 6 + [0.05] * 6,
        ),  # constant, if it is asked before
    ):
        found, _ = fit(Says(rate_at), callbacks=[ScheduleCheck()], num_sanity_val_steps=0)
        assert found[: len(rates)][1:6] == pytest.approx(rates[1:6])
        assert found[8] == pytest.approx(rates[8])


def test_one_group_that_moves_is_enough():
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))]} for _ in range(2)]
    check_schedule(torchs.LambdaLR(SGD(groups), [lambda step: 1.0, lambda step: 0.9**step]), steps=30)


def test_a_module_that_steps_by_itself_is_left_alone():
    class Manual(Friend):
        automatic_optimization = False

        def training_step(self, batch, batch_idx):
            optimizer = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(super().training_step(batch, batch_idx))
            optimizer.step()
            if batch_idx % 3 == 2:
                self.lr_schedulers().step()

    fit(Manual(partial(LinearDecay, total_steps=10)))


def test_an_unknown_interval_is_refused():
    with pytest.raises(ValueError, match="interval='batch'"):
        fit(Friend(LinearDecay, interval="batch"))


# Elsewhere


@pytest.mark.skipif(sys.platform == "win32", reason="tried on POSIX only")
def test_two_processes_share_the_steps(run_program):
    """Of which Lightning starts the second as a user's program is: anew."""
    done = run_program(
        """
        import warnings
        warnings.simplefilter("ignore")
        import torch
        from lightning_modules import MLP, Classifier, Digits, LinearDecay, RateHistory, quiet_trainer
        rates = RateHistory()
        torch.manual_seed(0)
        model = Classifier(MLP([64, 10]), lr_scheduler=LinearDecay, interval="step")
        trainer = quiet_trainer(max_epochs=2, devices=2, strategy="ddp", limit_val_batches=0, callbacks=[rates])
        trainer.fit(model, Digits(train_size=128))
        if trainer.is_global_zero:
            print(*(f"{rate / 0.001:.2f}" for rate in rates.rate()))
        """
    )
    assert done.stdout.split() == ["1.00", "0.75", "0.50", "0.25"]  # 128 / (2 * 32) = 2 an epoch


def test_the_command_line_takes_every_schedule(tmp_path, monkeypatch):
    from lightning_modules.cli import main

    monkeypatch.chdir(tmp_path)
    # Lightning 2.6 calls jsonargparse by names that it has deprecated.
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")

    quiet = [
        "--trainer.accelerator=cpu",
        "--trainer.logger=false",
        "--trainer.enable_checkpointing=false",
        "--trainer.enable_progress_bar=false",
        "--trainer.enable_model_summary=false",
        "--trainer.max_epochs=4",
        "--data.train_size=96",
        "--model.optimizer=torch.optim.SGD",
        "--model.optimizer.lr=0.1",
        "--model.optimizer.momentum=0.9",
        "--model.interval=step",
    ]
    for arguments, kind in [
        (["--model.lr_scheduler=lightning_modules.PowerDecay", "--model.lr_scheduler.scale=5"], PowerDecay),
        (
            ["--model.lr_scheduler=lightning_modules.OneCycle", "--model.lr_scheduler.momentum=[0.8,0.9]"],
            OneCycle,
        ),
        (
            [
                "--model.lr_scheduler=lightning_modules.PiecewiseConstant",
                "--model.lr_scheduler.boundaries=[3,6]",
            ],
            PiecewiseConstant,
        ),
        (
            ["--model.lr_scheduler=lightning_modules.CosineRestarts", "--model.lr_scheduler.cycles=2"],
            CosineRestarts,
        ),
        (["--model.lr_scheduler=lightning_modules.Plateau", "--model.lr_scheduler.patience=1"], Plateau),
        (
            [
                "--model.lr_scheduler=lightning_modules.Warmup",
                "--model.lr_scheduler.steps=0.25",
                "--model.lr_scheduler.after=lightning_modules.CosineDecay",
                "--model.lr_scheduler.after.end=0.1",
            ],
            Warmup,
        ),
    ]:
        run = main(["fit", *quiet, *arguments])
        schedule = run.trainer.lr_scheduler_configs[0].scheduler
        assert type(schedule) is kind
        if kind is PowerDecay:
            assert schedule.scale == 5
            assert isinstance(schedule.scale, int)
        if kind is Warmup:
            assert (schedule.warmup_steps(), schedule.after.end, schedule.after.total_steps) == (3, 0.1, 9)
