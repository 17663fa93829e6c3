"""lightning_modules.schedules.run: how long a run is, held against what Lightning does."""

import math
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import (
    BackboneFinetuning,
    GradientAccumulationScheduler,
    LearningRateFinder,
    StochasticWeightAveraging,
)
from pytorch_lightning.tuner import Tuner
from torch import nn
from torch.optim import lr_scheduler as torchs

from lightning_modules import (
    LinearDecay,
    OneCycle,
    Plateau,
    PowerDecay,
    RateHistory,
    ScheduleCheck,
    Warmup,
    preview,
    quiet_trainer,
    scheduled,
)
from lightning_modules.schedules.run import Run, run_of

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
ACCUMULATED = {
    "no": ((0, 1),),
    "by four": ((0, 4),),
    "from four to one": ((0, 4), (2, 1)),
    "three times": ((0, 1), (1, 4), (3, 3)),
}


class Module(pl.LightningModule):
    """Asks for its schedule in one of two ways, and keeps at which steps Lightning steps it."""

    def __init__(self, schedule=LinearDecay, check=False, **config):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.head = nn.Linear(4, 2)
        self.schedule, self.check, self.config = schedule, check, config
        self.lr = 0.1

    def training_step(self, batch, batch_idx):
        loss = nn.functional.cross_entropy(self.head(self.backbone(batch)), batch[:, 0].long() % 2)
        self.log("train/loss", loss)
        return loss

    def configure_optimizers(self):
        optimizer = SGD([p for p in self.parameters() if p.requires_grad], lr=self.lr)
        if not self.check:
            return scheduled(self.trainer, optimizer, self.schedule, **self.config)
        config = {"scheduler": self.schedule(optimizer), "interval": "step"} | self.config
        return {"optimizer": optimizer, "lr_scheduler": config}


def fit(module, *callbacks, batches=10, resume=None, **settings):
    rates = RateHistory()
    settings = {"max_epochs": 4, "limit_val_batches": 0} | settings
    trainer = quiet_trainer(callbacks=[*callbacks, rates], **settings)
    data = torch.arange(8.0 * batches).reshape(2 * batches, 4) / 100
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=2), ckpt_path=resume)
    return rates.rate(), trainer


def stepped(schedule, places):
    """The rates of a schedule by hand: `places` says how often it has been stepped before each of the run's steps."""
    alone = preview(schedule(SGD([nn.Parameter(torch.ones(1))])), max(places) + 1)
    return [alone[place] for place in places]


def by_hand(epochs, batches, accumulated, max_steps, interval, frequency):
    """How often the schedule has been stepped before each of the optimizer's steps, and in all."""
    places, steps, begun = [], 0, 0
    for epoch in range(epochs):
        number = [number for start, number in accumulated if start <= epoch][-1]
        if len(places) >= max_steps:
            break
        begun += 1
        for batch in range(1, batches + 1):
            if batch % number == 0 or batch == batches:
                places.append(steps)
                steps += interval == "step" and batch % frequency == 0
            if len(places) >= max_steps and batch < batches:
                break
        steps += interval == "epoch" and (epoch + 1) % frequency == 0
    return places, steps, begun


@pytest.mark.parametrize("interval", ["step", "epoch"])
@pytest.mark.parametrize("accumulated", ACCUMULATED.values(), ids=ACCUMULATED)
@pytest.mark.parametrize("max_steps", [math.inf, 1, 5, 13, 20])
@pytest.mark.parametrize("batches", [1, 7, 10, 12])
def test_steps_are_counted_as_a_loop_over_the_batches_counts_them(interval, accumulated, max_steps, batches):
    run = Run(4, batches, accumulated, max_steps)
    for frequency in range(1, 7):
        places, steps, begun = by_hand(4, batches, accumulated, max_steps, interval, frequency)
        assert (run.steps, run.begun) == (len(places), begun)
        counted = run.counted(interval, frequency)
        assert (counted.steps, counted.rates) == (steps, len(set(places)))


@pytest.mark.parametrize("interval", ["step", "epoch"])
@pytest.mark.parametrize("accumulated", ACCUMULATED.values(), ids=ACCUMULATED)
@pytest.mark.parametrize("max_steps", [math.inf, 25])
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_what_is_left_of_a_run_has_the_steps_that_were_not_made_before(
    interval, accumulated, max_steps, epoch
):
    run = Run(4, 10, accumulated, max_steps)
    for frequency in range(1, 5):
        before, made, _ = by_hand(epoch, 10, accumulated, max_steps, interval, frequency)
        places, steps, _ = by_hand(4, 10, accumulated, max_steps, interval, frequency)
        left = run.after(epoch, len(before))
        counted = left.counted(interval, frequency)
        assert (left.steps, left.is_nothing) == (len(places) - len(before), places == before)
        assert counted.steps == steps - made
        if not left.is_nothing:
            assert counted.rates == len(set(places[len(before) :]))


@pytest.mark.parametrize(
    ("batches", "frequency", "accumulated", "steps"),
    [(10, 4, 1, 8), (40, 4, 4, 40), (10, 3, 1, 12), (10, 2, 4, 12), (10, 6, 4, 0), (7, 7, 3, 4)],
)
def test_a_loop_over_the_batches_counts_as_lightning_does(batches, frequency, accumulated, steps):
    module = Module(partial(PowerDecay, scale=4), check=True, frequency=frequency)
    rates, trainer = fit(module, batches=batches, accumulate_grad_batches=accumulated)
    places, made, _ = by_hand(4, batches, ((0, accumulated),), math.inf, "step", frequency)
    assert trainer.lr_scheduler_configs[0].scheduler.last_epoch == made == steps
    assert rates == pytest.approx(stepped(partial(PowerDecay, scale=4), places))


# A Trainer that trains again


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("interval", ["step", "epoch"])
@pytest.mark.parametrize(
    ("settings", "steps"),
    [({}, 20), ({"accumulate_grad_batches": 4}, 6), ({"scheduling": {0: 1, 3: 5}}, 12)],
)
def test_a_schedule_of_a_second_fit_has_what_the_first_has_left(check, interval, settings, steps):
    settings = dict(settings)
    others = [ScheduleCheck()] if check else []
    if by := settings.pop("scheduling", None):
        others.append(GradientAccumulationScheduler(by))
    module = Module(LinearDecay, check, interval=interval)
    _, trainer = fit(module, *others, max_epochs=2, **settings)
    first = trainer.global_step
    trainer.fit_loop.max_epochs = 4
    trainer.fit(module, trainer.train_dataloader)
    [rates] = [one for one in trainer.callbacks if isinstance(one, RateHistory)]
    assert len(rates.rate()) == first + steps
    schedule = trainer.lr_scheduler_configs[0].scheduler
    assert schedule.total_steps == schedule.last_epoch == (steps if interval == "step" else 2)
    assert rates.rate()[first] == 0.1


def test_a_second_fit_that_stops_at_a_step_comes_to_its_end():
    module = Module()
    _, trainer = fit(module, max_epochs=-1, max_steps=15)
    trainer.fit_loop.epoch_loop.max_steps = 20
    trainer.fit(module, trainer.train_dataloader)
    assert trainer.lr_scheduler_configs[0].scheduler.total_steps == 5


def test_a_second_fit_with_nothing_left_is_no_error():
    module = Module()
    _, trainer = fit(module)
    trainer.fit(module, trainer.train_dataloader)
    assert trainer.global_step == 40


def test_a_plateau_of_a_second_fit_has_to_act_in_what_is_left():
    module = Module(partial(Plateau, monitor="train/loss", patience=1))
    _, trainer = fit(module)
    trainer.fit_loop.max_epochs = 6
    with pytest.raises(MisconfigurationException, match="needs 4 measurements, this run makes 2"):
        trainer.fit(module, trainer.train_dataloader)


class Save(pl.Callback):
    """Saves a checkpoint at the end of an epoch."""

    def __init__(self, path, epoch=1):
        self.path, self.epoch = path, epoch

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch == self.epoch:
            trainer.save_checkpoint(self.path)


@pytest.mark.filterwarnings("ignore:This LinearDecay comes from a run of:UserWarning")
@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("there", "here", "steps"),
    [
        ({}, {}, 40),
        ({}, {"batches": 5}, 30),  # 20 and 2 epochs of 5: as with twice the processes
        ({"batches": 5}, {}, 30),
        ({}, {"accumulate_grad_batches": 4}, 26),
        ({"accumulate_grad_batches": 3}, {"accumulate_grad_batches": 5}, 12),
        ({}, {"batches": 5, "max_steps": 23}, 23),
        ({}, {"batches": 5, "max_epochs": 6}, 40),
    ],
)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_schedule_that_goes_on_from_another_run_comes_to_its_end(
    there, here, steps, check, at_the_end, tmp_path
):
    checks = [ScheduleCheck()] if check else []
    if at_the_end:
        _, trainer = fit(Module(check=check), *checks, **({"max_epochs": 2} | there))
        trainer.save_checkpoint(tmp_path / "other.ckpt")
    else:
        fit(Module(check=check), Save(tmp_path / "other.ckpt"), *checks, **there)
    rates, trainer = fit(Module(check=check), *checks, resume=tmp_path / "other.ckpt", **here)
    schedule = trainer.lr_scheduler_configs[0].scheduler
    assert trainer.global_step == schedule.total_steps == schedule.last_epoch == steps
    assert rates[-1] == pytest.approx(0.1 / steps)


# Accumulation by callback


SCHEDULINGS = [{0: 4}, {0: 1, 1: 4}, {1: 3, 2: 2}]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("schedule", [OneCycle, LinearDecay, partial(Warmup, steps=0.2, after=LinearDecay)])
@pytest.mark.parametrize("scheduling", SCHEDULINGS)
def test_accumulation_by_a_callback_is_counted(scheduling, schedule, check):
    module = Module(schedule, check)
    callbacks = [GradientAccumulationScheduler(dict(scheduling)), ScheduleCheck()]
    rates, trainer = fit(module, *callbacks)
    sized = partial(schedule, total_steps=trainer.global_step)
    assert trainer.global_step < 40
    assert rates == pytest.approx(stepped(sized, range(trainer.global_step)))


def test_it_is_counted_where_the_run_stops_in_the_middle():
    rates, trainer = fit(Module(), GradientAccumulationScheduler({0: 1, 1: 4}), max_steps=14)
    assert trainer.global_step == 14  # 10 + 3 + 1
    assert rates == pytest.approx([0.1 * (1 - step / 14) for step in range(14)])
    rates, _ = fit(
        Module(interval="epoch"), GradientAccumulationScheduler({0: 1, 1: 4}), max_steps=14, max_epochs=-1
    )
    assert rates == pytest.approx([0.1] * 10 + [0.1 * 2 / 3] * 3 + [0.1 / 3])


def test_what_is_made_for_the_batches_is_refused_where_they_are_accumulated():
    schedule = partial(torchs.OneCycleLR, max_lr=0.1, total_steps=40)
    with pytest.raises(MisconfigurationException, match=r"made for 40 steps, the run has 12.*total_steps=12"):
        fit(Module(schedule), GradientAccumulationScheduler({0: 4}))
    fit(Module(partial(schedule, total_steps=12)), GradientAccumulationScheduler({0: 4}))


# Frequency


@pytest.mark.parametrize(("batches", "accumulated", "steps"), [(10, 1, 8), (40, 4, 40)])
def test_a_schedule_with_a_frequency_is_told_the_steps_that_it_makes(batches, accumulated, steps):
    module = Module(OneCycle, check=True, frequency=4)
    rates, trainer = fit(module, ScheduleCheck(), batches=batches, accumulate_grad_batches=accumulated)
    places, made, _ = by_hand(4, batches, ((0, accumulated),), math.inf, "step", 4)
    schedule = trainer.lr_scheduler_configs[0].scheduler
    assert schedule.total_steps == schedule.last_epoch == made == steps
    assert rates == pytest.approx(stepped(partial(OneCycle, total_steps=steps), places))
    assert rates[-1] == pytest.approx(4e-7)


def test_torchs_1cycle_has_to_last_where_the_optimizer_goes_on_after_the_last_step():
    # After 8 calls it has risen again, and two more batches are trained.
    schedule = partial(torchs.OneCycleLR, max_lr=0.1, total_steps=8)
    with pytest.raises(MisconfigurationException, match="made for 8 steps, the run has 9"):
        fit(Module(schedule, check=True, frequency=4), ScheduleCheck())
    rates, _ = fit(Module(partial(schedule, total_steps=9), check=True, frequency=4), ScheduleCheck())
    assert rates[-1] == pytest.approx(4e-7)


def test_torchs_1cycle_rises_again_when_the_run_is_over_and_ours_does_not():
    theirs = partial(torchs.OneCycleLR, max_lr=0.1, total_steps=40)
    ends = []
    for schedule in (theirs, partial(theirs, anneal_strategy="linear"), OneCycle):
        rates, trainer = fit(Module(schedule))
        assert rates[-1] == pytest.approx(4e-7)
        ends.append(trainer.optimizers[0].param_groups[0]["lr"])
    assert ends[0] > 1e-4
    assert ends[1] < -1e-3
    assert ends[2] == pytest.approx(4e-7)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"frequency": 3, "interval": "step"},
            r"multiple of frequency=3 .*none, with 10 batches.*Use frequency=1",
        ),
        ({"frequency": 5, "interval": "epoch"}, "frequency=5 epochs, the run has 4"),
    ],
)
def test_a_frequency_with_which_it_never_steps_is_refused(config, message):
    module = Module(check=True, **config)
    with pytest.raises(MisconfigurationException, match=message):
        fit(module, ScheduleCheck(), accumulate_grad_batches=4)


def test_every_second_epoch_of_five():
    rates, _ = fit(
        Module(check=True, interval="epoch", frequency=2), ScheduleCheck(), max_epochs=5, batches=1
    )
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.0])


# Lightning's callbacks that write into the optimizer


def averaging(**settings):
    return StochasticWeightAveraging(**({"swa_lrs": 0.05, "annealing_epochs": 1} | settings))


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("averaging_is_first", [False, True])
def test_a_schedule_that_weight_averaging_replaces_is_refused_until_it_fits(check, averaging_is_first):
    def callbacks():
        both = [averaging(swa_epoch_start=3), ScheduleCheck()]
        return both if averaging_is_first else both[::-1]

    with pytest.raises(MisconfigurationException, match=r"when epoch 2 begins.* 20 steps.*total_steps=20"):
        fit(Module(OneCycle, check), *callbacks())
    with pytest.warns(UserWarning, match="only supported every epoch"):  # Lightning's
        rates, _ = fit(Module(partial(OneCycle, total_steps=20), check), *callbacks())
    assert rates[:20] == pytest.approx(stepped(partial(OneCycle, total_steps=20), range(20)))
    with pytest.raises(MisconfigurationException, match="made for 40 steps, the run has 20"):
        fit(Module(partial(OneCycle, total_steps=40), check), *callbacks())


def test_a_fraction_of_the_run_is_taken_as_weight_averaging_takes_it():
    with pytest.raises(MisconfigurationException, match="when epoch 2 begins"):  # int(.8 x 4) − 1
        fit(Module(), averaging())
    with pytest.raises(MisconfigurationException, match="leaves LinearDecay no step"):
        fit(Module(), averaging(swa_epoch_start=1))
    rates, _ = fit(Module(interval="epoch", schedule=partial(LinearDecay, total_steps=2)), averaging())
    assert rates[:20] == pytest.approx([0.1] * 10 + [0.05] * 10)


def test_the_epoch_that_weight_averaging_adds_trains_nothing_and_is_not_counted():
    seen = []

    class Look(pl.Callback):
        def on_train_start(self, trainer, pl_module):
            seen.append((trainer.max_epochs, run_of(trainer).steps))

    fit(Module(partial(PowerDecay, scale=4), interval="epoch"), averaging(), Look())
    assert seen == [(5, 40)]


class Replace(pl.Callback):
    """Puts a schedule that does nothing in the place of the module's."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == self.epoch:
            other = torchs.LambdaLR(trainer.optimizers[0], lambda step: 1.0)
            trainer.lr_scheduler_configs[0].scheduler = other


@pytest.mark.parametrize("warm", [False, True])
def test_a_plateau_that_was_replaced_is_handed_nothing_more(warm):
    plateau = partial(Plateau, patience=0, factor=0.5, threshold=0.999, monitor="train/loss")
    schedule = partial(Warmup, steps=1, after=plateau) if warm else plateau
    rates, _ = fit(Module(schedule), Replace(epoch=3), max_epochs=6, batches=2)
    assert rates[2] == 2 * rates[4]
    assert rates[6:] == [rates[6]] * 6


def test_beside_weight_averaging_a_plateau_rests_when_that_has_the_rates():
    plateau = partial(Plateau, patience=0, factor=0.5, threshold=0.999, monitor="train/loss")
    with pytest.warns(UserWarning, match="only supported every epoch"):  # Lightning's
        rates, _ = fit(Module(plateau), averaging(swa_epoch_start=4), max_epochs=8, batches=1)
    assert rates[:3] == [0.1, 0.1, 0.05]
    assert rates[-2:] == pytest.approx([0.05] * 2)


def test_a_patience_that_lasts_until_weight_averaging_begins_is_refused():
    plateau = partial(Plateau, patience=2, monitor="train/loss")
    with pytest.raises(MisconfigurationException, match="needs 5 measurements, this run makes 3"):
        fit(Module(plateau), averaging(swa_epoch_start=4), max_epochs=8, batches=1)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    "schedule", [LinearDecay, partial(Warmup, steps=3), partial(torchs.LambdaLR, lr_lambda=lambda s: 0.9**s)]
)
def test_a_schedule_that_has_no_rate_for_the_backbone_is_refused_before_the_first_step(schedule, check):
    module = Module(schedule, check)
    with pytest.raises(MisconfigurationException, match=r'GradualUnfreezing\(\["backbone"\], at=\[2\]\)'):
        fit(module, BackboneFinetuning(2), ScheduleCheck())
    assert module.trainer.global_step == 0
    fit(Module(schedule, check), BackboneFinetuning(4), ScheduleCheck())  # never comes


@pytest.mark.filterwarnings("ignore:The provided params to be frozen already exist")  # of the batch norm
@pytest.mark.parametrize(
    "schedule", [partial(torchs.StepLR, step_size=15), partial(torchs.ExponentialLR, gamma=0.9)]
)
def test_one_that_goes_on_from_any_rate_takes_the_backbone(schedule):
    rates, trainer = fit(Module(schedule), BackboneFinetuning(2))
    assert rates == pytest.approx(stepped(schedule, range(40)))
    assert len(trainer.optimizers[0].param_groups) == 2


def test_a_group_that_comes_late_beside_a_warm_up_is_named():
    optimizer = SGD([nn.Parameter(torch.ones(1))])
    warmup = Warmup(optimizer, steps=3)
    optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))]})
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"2 parameter groups, Warmup was made for 1.*GradualUnfreezing"):
        warmup.step()


@pytest.mark.parametrize("check", [False, True])
def test_a_rate_that_is_found_in_the_run_and_would_be_lost_is_refused(check, tmp_path):
    finder = partial(LearningRateFinder, num_training_steps=20)
    with pytest.raises(MisconfigurationException, match=r"Tuner\(trainer\).lr_find\(model\)"):
        fit(Module(LinearDecay, check), ScheduleCheck(), finder(), default_root_dir=tmp_path)
    rates, _ = fit(
        Module(partial(torchs.StepLR, step_size=15)),
        finder(min_lr=1e-3, max_lr=1.0),
        default_root_dir=tmp_path,
    )
    assert rates[0] != 0.1
    assert rates == pytest.approx([rates[0]] * 15 + [rates[0] / 10] * 15 + [rates[0] / 100] * 10)


def test_a_rate_that_was_found_before_is_the_schedules(tmp_path):
    module, rates = Module(LinearDecay), RateHistory()
    trainer = quiet_trainer(max_epochs=4, limit_val_batches=0, default_root_dir=tmp_path, callbacks=[rates])
    data = torch.utils.data.DataLoader(torch.rand(20, 4), batch_size=2)
    Tuner(trainer).lr_find(module, data, num_training=25, min_lr=1e-3)  # goes through three epochs
    assert module.lr != 0.1
    trainer.fit(module, data)
    assert rates.rate()[-40:] == pytest.approx([module.lr * (1 - step / 40) for step in range(40)])
