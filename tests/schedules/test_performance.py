"""lightning_modules.schedules.performance, and how measurements reach it."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch.optim.lr_scheduler import ReduceLROnPlateau

from lightning_modules import MLP, Classifier, Digits, Plateau, RateHistory, Warmup, quiet_trainer, scheduled
from lightning_modules.schedules.measurements import Measurements


def sgd(*rates):
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in rates or (0.8,)]
    return torch.optim.SGD(groups)


# By hand


def test_the_rate_falls_after_more_than_patience_measurements_that_are_no_better():
    optimizer = sgd()
    schedule = Plateau(optimizer, factor=0.5, patience=1, threshold=0.0)
    rates = []
    for loss in (1.0, 1.0, 1.0, 0.9, 0.95, 0.8, 0.9, 0.9):
        schedule.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.4, 0.2]
    assert schedule.reductions == [3, 8]


def test_a_better_one_must_differ_by_the_threshold():
    optimizer = sgd()
    schedule = Plateau(optimizer, monitor="val/accuracy", mode="max", factor=0.5, patience=0, threshold=0.1)
    for accuracy in (0.5, 0.54, 0.56):
        schedule.step(torch.tensor(accuracy))
    assert schedule.reductions == [2]


def test_groups_keep_their_ratios():
    optimizer = sgd(0.8, 0.08)
    schedule = Plateau(optimizer, factor=0.5, patience=0)
    for loss in (1.0, 1.0, 1.0):
        schedule.step(loss)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.02]


def test_measurements_do_to_it_what_they_do_to_torchs():
    torch.manual_seed(0)
    ours, theirs = sgd(), sgd()
    settings = {"factor": 0.3, "patience": 2, "cooldown": 1, "threshold": 0.05, "min_lr": 1e-3}
    schedule, oracle = Plateau(ours, **settings), ReduceLROnPlateau(theirs, **settings)
    for loss in torch.rand(60).tolist():
        schedule.step(loss)
        oracle.step(loss)
        assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]
    assert len(schedule.reductions) > 3


def test_what_is_not_a_number_is_no_improvement():
    optimizer = sgd()
    schedule = Plateau(optimizer, factor=0.5, patience=0)
    for loss in (1.0, float("nan")):
        schedule.step(loss)
    assert optimizer.param_groups[0]["lr"] == 0.4


def test_small_rates_fall_too_where_torchs_do_not():
    ours, theirs = sgd(1e-8), sgd(1e-8)
    schedule, oracle = Plateau(ours, patience=0), ReduceLROnPlateau(theirs, factor=0.5, patience=0)
    for _ in range(2):
        schedule.step(1.0)
        oracle.step(1.0)
    assert (ours.param_groups[0]["lr"], theirs.param_groups[0]["lr"]) == (5e-9, 1e-8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factor": 1.0}, "between 0 and 1, got 1.0"),
        ({"patience": -1}, "patience must not be negative"),
        ({"min_lr": -0.1}, "min_lr must not be negative"),
        ({"monitor": "val/accuracy"}, 'Use mode="max"'),
        ({"monitor": "val_acc"}, 'Use mode="max"'),
        ({"monitor": "valacc"}, "ReduceLROnPlateau, which does not look at names"),
        ({"monitor": "valAcc/top1"}, 'Use mode="max"'),
        ({"mode": "maximum"}, "maximum"),
    ],
)
def test_bad_values_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Plateau(sgd(), **settings)


@pytest.mark.parametrize(
    "monitor", ["val/acceleration_mae", "train/vaccination_loss", "val/accuracy_loss", "accumulated_seconds"]
)
def test_a_name_that_holds_acc_is_not_therefore_an_accuracy(monitor):
    assert Plateau(sgd(), monitor).monitor == monitor


# In a Trainer


class Scripted(Classifier):
    """Its validation loss is what the script says."""

    def __init__(self, losses, **arguments):
        torch.manual_seed(0)
        super().__init__(MLP([64, 10]), partial(torch.optim.SGD, lr=0.8), **arguments)
        self.losses = iter(losses)

    def on_validation_epoch_end(self):
        if not self.trainer.sanity_checking:
            self.log("mine", next(self.losses))


def fit(model, **settings):
    rates = RateHistory()
    # An epoch has two steps.
    trainer = quiet_trainer(**({"max_epochs": 6, "callbacks": [rates]} | settings))
    trainer.fit(model, Digits(train_size=64))
    return rates.rate(), trainer


HALVE = partial(Plateau, monitor="mine", patience=0, factor=0.5)


@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_each_validation_is_one_measurement(interval):
    rates, _ = fit(Scripted([5, 4, 4, 3, 3, 3], lr_scheduler=HALVE, interval=interval))
    assert rates[::2] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]
    assert rates[1::2] == rates[::2]


def test_what_was_not_measured_again_does_not_count_again():
    # Lightning would show it the second epoch's value in the third, too.
    rates, _ = fit(Scripted([5, 4, 4, 4], lr_scheduler=HALVE), max_epochs=8, check_val_every_n_epoch=2)
    assert rates[::4] == [0.8, 0.8, 0.8, 0.4]


def test_validations_within_an_epoch_count():
    rates, _ = fit(
        Scripted([5, 4, 4, 4, 3, 3, 3, 3], lr_scheduler=HALVE), max_epochs=4, val_check_interval=0.5
    )
    assert rates == [0.8, 0.8, 0.8, 0.4, 0.2, 0.2, 0.1, 0.05]


class Looks(pl.Callback):
    """Reads the metrics when a validation ends, as a checkpoint's callback may."""

    def on_validation_end(self, trainer, pl_module):
        self.seen = dict(trainer.callback_metrics)


def test_whoever_else_looks_at_a_measurement_makes_no_second_one_of_it():
    rates = RateHistory()
    fit(Scripted([5, 4, 4, 3, 3, 3], lr_scheduler=HALVE), callbacks=[rates, Looks()])
    assert rates.rate()[::2] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]


def test_a_metric_that_steps_alone_log_is_measured_once_an_epoch():
    class Steps(Scripted):
        def training_step(self, batch, batch_idx):
            self.log("steps", 1.0, on_step=True, on_epoch=False)
            return super().training_step(batch, batch_idx)

    still = partial(Plateau, monitor="steps", patience=1, factor=0.5)
    rates, _ = fit(Steps([0] * 6, lr_scheduler=still))
    assert rates[::2] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]


def test_without_a_name_of_its_own_it_waits_for_the_one_that_the_module_says():
    bare = partial(Plateau, patience=0, factor=0.5)
    for schedule, monitor in ((bare, "mine"), (HALVE, "val/loss")):
        rates, _ = fit(Scripted([5, 4, 4, 3, 3, 3], lr_scheduler=schedule, monitor=monitor))
        assert rates[::2] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]
    with pytest.raises(ValueError, match='Use mode="max"'):
        fit(Scripted([1] * 6, lr_scheduler=bare, monitor="val/accuracy"))


@pytest.mark.parametrize(
    "settings",
    [{"val_check_interval": "00:01:00:00"}, {"val_check_interval": 3, "check_val_every_n_epoch": None}],
)
def test_a_run_whose_validations_come_late_or_by_the_clock_is_no_error(settings):
    rates, _ = fit(Scripted([5, 4, 4, 4, 4, 4], lr_scheduler=HALVE), **settings)
    assert rates[:6] == [0.8] * 6


def test_batches_that_are_counted_across_epochs_make_measurements():
    settings = {"val_check_interval": 3, "check_val_every_n_epoch": None}  # 12 batches: 4 measurements
    with pytest.raises(MisconfigurationException, match="needs 5 measurements, this run makes 4"):
        fit(Scripted([1] * 6, lr_scheduler=partial(HALVE, patience=2)), **settings)
    rates, _ = fit(Scripted([1] * 6, lr_scheduler=partial(HALVE, patience=1)), **settings)
    assert rates[-1] == 0.4


def test_a_training_loss_is_measured_once_per_epoch():
    still = partial(Plateau, monitor="train/loss", patience=1, factor=0.5, threshold=0.99)
    rates, _ = fit(Scripted([0] * 6, lr_scheduler=still))
    assert rates[::2] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]


def test_a_warm_up_in_steps_is_no_obstacle():
    warm = partial(Warmup, steps=3, after=HALVE)
    rates, _ = fit(Scripted([5, 4, 4, 3, 3, 3], lr_scheduler=warm, interval="step"))
    # The first measurement, after two steps, falls into the warm-up.
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2])


def test_what_a_warm_up_ignores_is_not_counted_as_a_measurement():
    # Of the six measurements the first three fall into it.
    warm = partial(Warmup, steps=6, after=partial(HALVE, patience=1))
    with pytest.raises(MisconfigurationException, match="needs 4 measurements, this run makes 3"):
        fit(Scripted([1] * 6, lr_scheduler=warm, interval="step"))


def test_two_processes_that_measure_different_values_go_on_at_one_rate(tmp_path, run_program):
    run_program(
        """
        import sys
        from functools import partial
        import pytorch_lightning as pl
        import torch
        from lightning_modules import MLP, Classifier, Digits, Plateau, RateHistory, quiet_trainer

        class Apart(Classifier):
            def on_validation_epoch_end(self):
                falling, rising = -self.current_epoch, 3 * self.current_epoch
                self.log("mine", float(rising if self.global_rank else falling))

        class Save(pl.Callback):
            def on_train_end(self, trainer, pl_module):
                torch.save(rates.rate(), f"{sys.argv[1]}/{trainer.global_rank}.pt")

        if __name__ == "__main__":
            rates = RateHistory()
            halve = partial(Plateau, monitor="mine", patience=0, factor=0.5)
            model = Apart(MLP([64, 10]), partial(torch.optim.SGD, lr=0.8), halve)
            trainer = quiet_trainer(max_epochs=4, devices=2, strategy="ddp_fork", callbacks=[rates, Save()])
            trainer.fit(model, Digits(train_size=64))
        """
    )
    # Their mean rises from the first epoch on.
    assert [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)] == [[0.8, 0.8, 0.4, 0.2]] * 2


def test_a_second_fit_measures_its_own_schedule():
    model = Scripted([5, 4, 4, 3, 3, 3] * 2, lr_scheduler=HALVE)
    _, trainer = fit(model)
    trainer.fit_loop.epoch_progress.reset()
    trainer.fit_loop.epoch_loop.reset()
    trainer.fit(model, Digits(train_size=64))
    (measurements,) = (callback for callback in trainer.callbacks if isinstance(callback, Measurements))
    assert measurements.schedule is trainer.lr_scheduler_configs[0].scheduler


class Two(pl.LightningModule):
    """Two optimizers with a schedule each, and a loss that the script says."""

    automatic_optimization = False

    def __init__(self, *schedules, loss=lambda epoch: 1.0):
        super().__init__()
        self.parts = torch.nn.ModuleList(torch.nn.Linear(64, 2) for _ in schedules)
        self.schedules, self.loss = schedules, loss

    def training_step(self, batch, batch_idx):
        for part, optimizer in zip(self.parts, self.optimizers(), strict=True):
            optimizer.zero_grad()
            self.manual_backward(part(batch[0].flatten(1)).square().mean())
            optimizer.step()
        self.log("train_loss", self.loss(self.current_epoch))

    def configure_optimizers(self):
        return [
            scheduled(
                self.trainer, torch.optim.SGD(part.parameters(), lr=0.1), schedule, monitor="train_loss"
            )
            for part, schedule in zip(self.parts, self.schedules, strict=True)
        ]


def test_two_schedules_of_one_module_are_both_handed_what_is_measured():
    halve = partial(Plateau, patience=0, factor=0.5)
    trainer = quiet_trainer(max_epochs=5)
    model = Two(halve, partial(Warmup, steps=1, after=halve), halve)
    for fits in (1, 2):
        trainer.fit(model, Digits(train_size=64).train_dataloader())
        rates = [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers]
        assert rates[::2] == [0.00625] * 2
        handed = [other.schedule for other in trainer.callbacks if isinstance(other, Measurements)]
        assert len(handed) == 3, f"fit {fits}"
        trainer.fit_loop.epoch_progress.reset()
        trainer.fit_loop.epoch_loop.reset()


def test_a_name_that_nobody_logs_is_an_error_after_the_first_epoch():
    model = Scripted([1] * 6, lr_scheduler=partial(Plateau, monitor="val_loss", patience=0))
    with pytest.raises(
        MisconfigurationException, match=r"waits for 'val_loss', and mine, .*val/loss is logged"
    ):
        fit(model)


@pytest.mark.parametrize(
    ("patience", "settings"),
    [(4, {}), (1, {"check_val_every_n_epoch": 2}), (10, {"val_check_interval": 0.5})],
)
def test_a_patience_that_outlasts_the_run_is_refused(patience, settings):
    with pytest.raises(MisconfigurationException, match=f"patience={patience} would never act"):
        fit(Scripted([1] * 12, lr_scheduler=partial(HALVE, patience=patience)), **settings)
    rates, _ = fit(Scripted([1] * 12, lr_scheduler=partial(HALVE, patience=patience - 1)), **settings)
    assert rates[-1] == 0.4


@pytest.mark.parametrize(
    ("epochs", "advice"), [(4, "Lower the patience to 1, or train longer"), (2, "Even patience=0 needs 3")]
)
def test_the_advice_can_be_followed(epochs, advice):
    with pytest.raises(MisconfigurationException, match=advice):
        fit(Scripted([1] * 12, lr_scheduler=partial(HALVE, patience=5)), max_epochs=epochs)


def test_validations_that_the_last_step_cuts_off_are_not_counted():
    # Of the fourth epoch's two batches one is trained.
    with pytest.raises(MisconfigurationException, match="this run makes 3"):
        fit(Scripted([1] * 12, lr_scheduler=partial(HALVE, patience=1)), max_steps=7)


def test_in_the_module_of_a_stranger_it_is_handed_over_by_lightning_and_works():
    class Stranger(Scripted):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.8)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": HALVE(optimizer), "monitor": "mine"},
            }

    rates, _ = fit(Stranger([5, 4, 4, 3, 3, 3]))
    assert rates[::2] == [0.8, 0.8, 0.8, 0.4, 0.4, 0.2]


def test_lightning_alone_would_count_every_step_if_told_to_step_so():
    class Stranger(Scripted):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.8)
            schedule = {"scheduler": HALVE(optimizer), "monitor": "mine", "interval": "step", "strict": False}
            return {"optimizer": optimizer, "lr_scheduler": schedule}

    with pytest.warns(RuntimeWarning, match="not available"):
        rates, _ = fit(Stranger([5, 4, 3, 2, 1, 0.5]))  # it improves at each validation
    assert rates[-1] < 0.1


def test_it_is_there_for_monitors():
    class Look(pl.Callback):
        def on_train_start(self, trainer, pl_module):
            self.names = [config.monitor for config in trainer.lr_scheduler_configs]

    look = Look()
    fit(Scripted([1] * 6, lr_scheduler=HALVE), callbacks=[look])
    assert look.names == ["mine"]
