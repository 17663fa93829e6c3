"""What a Trainer's run will be: how many epochs and steps it has, and when Lightning steps a schedule in it.

Lightning looks, after each batch, whether the optimizer has stepped, and whether the batch's number *within its epoch*
is a multiple of the schedule's `frequency`. So of 10 batches with frequency 4 the schedule steps after the 4th and the
8th, and again after the 4th of the next epoch; and where gradients are accumulated it steps after batches that are a
multiple of both numbers, if there are any.

Gradients may be accumulated by a number, `Trainer(accumulate_grad_batches=4)`, or by `GradientAccumulationScheduler`,
which changes it from epoch to epoch; and `StochasticWeightAveraging` puts a schedule of its own in the place of
whatever is there.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import pytorch_lightning as pl
from pytorch_lightning.callbacks import GradientAccumulationScheduler, StochasticWeightAveraging

from lightning_modules.trainer_callbacks import callbacks_of

Interval = Literal["step", "epoch"]


@dataclass(frozen=True)
class Counted:
    """How often a schedule steps in a run.

    Attributes:
        steps: The steps.
        rates: How many of its rates are used: one more where the optimizer goes on after the schedule's last step.
    """

    steps: int
    rates: int


@dataclass(frozen=True)
class Run:
    """A run's length. What nobody can know is infinite.

    >>> run = Run(epochs=4, batches=10, accumulated=((0, 1),))
    >>> run.steps, run.counted("step", frequency=4), run.counted("epoch")
    (40, Counted(steps=8, rates=9), Counted(steps=4, rates=4))
    >>> Run(epochs=4, batches=10, accumulated=((0, 4),)).counted("step", frequency=3)  # after 4, 8 and 10
    Counted(steps=0, rates=1)
    >>> Run(epochs=4, batches=16, accumulated=((0, 1), (1, 4))).steps  # 16 + 3 x 4
    28

    Attributes:
        epochs: At most so many, unless `max_steps` comes first.
        batches: Of an epoch.
        accumulated: From which epoch on how many batches make a step, from epoch 0 on.
        max_steps: The optimizer steps at which the run stops.
        before: The epochs that were trained before it, which Lightning counts on from.
    """

    epochs: float
    batches: float
    accumulated: tuple[tuple[int, int], ...]
    max_steps: float = math.inf
    before: int = 0

    @property
    def steps(self) -> int | None:
        """The optimizer's steps; None if nobody can know."""
        return _whole(
            sum(
                left + (times * self._steps_in(accumulated) if times else 0)
                for times, accumulated, left in self._parts()
            )
        )

    @property
    def begun(self) -> int | None:
        """The epochs, one that `max_steps` cuts off among them; None if nobody can know."""
        parts = list(self._parts())
        cut = any(left for _, _, left in parts)
        return _whole(self.epochs if math.isinf(self.batches) else sum(part[0] for part in parts) + cut)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is trained in it."""
        return self.batches == 0 or self.epochs <= 0 or self.max_steps <= 0

    def until(self, epoch: int) -> "Run":
        """The part of the run that is over when this `epoch` begins."""
        return replace(self, epochs=min(self.epochs, epoch))

    def after(self, epoch: int, steps: int) -> "Run":
        """What is left of the run when this `epoch` begins and so many `steps` have been made.

        >>> run = Run(epochs=4, batches=10, accumulated=((0, 1), (1, 2), (3, 5))).after(epoch=2, steps=15)
        >>> run.accumulated, run.steps  # 5 + 2
        (((0, 2), (1, 5)), 7)
        """
        now = [number for start, number in self.accumulated if start <= epoch][-1]
        later = ((start - epoch, number) for start, number in self.accumulated if start > epoch)
        return replace(
            self,
            epochs=self.epochs - epoch,
            accumulated=((0, now), *later),
            max_steps=self.max_steps - steps,
            before=self.before + epoch,
        )

    def counted(self, interval: Interval, frequency: int = 1) -> Counted | None:
        """How often Lightning steps a schedule. None if nobody can know.

        Args:
            interval: "step" or "epoch", as in Lightning's notes on the schedule.
            frequency: After each so many batches of an epoch, or epochs.
        """
        if interval == "epoch":
            # An epoch that is cut off ends as any other.
            if self.begun is None:
                return None
            end = self.before + self.begun
            steps = end // frequency - self.before // frequency
            return Counted(steps, max(steps + (end % frequency > 0), 1))
        if self.steps is None:
            return None
        steps, is_last = 0, False
        for times, accumulated, left in self._parts():
            if times:
                steps += int(times) * self._stepped(accumulated, frequency, self._steps_in(accumulated))
                is_last = int(self.batches) % frequency == 0
            if left:
                steps += self._stepped(accumulated, frequency, left)
                is_last = self._place(accumulated, left) % frequency == 0
        return Counted(steps, steps if is_last else steps + 1)

    def validations(self, every: float | None, nth_epoch: int | None) -> int | None:
        """How many validations the run makes. None if nobody can know.

        Args:
            every: After how many batches; infinite is the epoch's end, None by the clock.
            nth_epoch: In which epochs; None counts batches on from epoch to epoch.
        """
        begun = self.begun
        if every is None or begun is None:
            return None
        cut = [self._place(accumulated, left) for _, accumulated, left in self._parts() if left]
        whole, rest = begun - len(cut), sum(cut)
        if math.isinf(every):
            return whole // (nth_epoch or 1)
        if math.isinf(self.batches):
            return None
        if nth_epoch is None:
            return int((whole * self.batches + rest) // every)
        in_cut = int(rest // every) if begun % nth_epoch == 0 else 0
        return whole // nth_epoch * int(self.batches // every) + in_cut

    def _parts(self) -> Iterator[tuple[float, int, int]]:
        """Whole epochs with the same accumulation, its number, and the steps of the epoch after them that is cut off."""
        if self.batches == 0:
            return
        left = self.max_steps
        ends = [*(epoch for epoch, _ in self.accumulated[1:]), math.inf]
        for (start, accumulated), end in zip(self.accumulated, ends, strict=True):
            epochs = min(end, self.epochs) - start
            if epochs <= 0 or left <= 0:
                return
            a_time = self._steps_in(accumulated)
            if math.isinf(left):
                yield epochs, accumulated, 0
            elif epochs * a_time <= left:
                yield epochs, accumulated, 0
                left -= epochs * a_time
            else:
                yield left // a_time, accumulated, int(left % a_time)
                return

    def _steps_in(self, accumulated: int) -> float:
        return math.ceil(self.batches / accumulated) if math.isfinite(self.batches) else math.inf

    def _place(self, accumulated: int, step: int) -> int:
        """The batch, counted from 1, after which an epoch's so-manieth step is made."""
        return int(min(step * accumulated, self.batches))

    def _stepped(self, accumulated: int, frequency: int, steps: float) -> int:
        """After how many of an epoch's first optimizer steps the schedule steps."""
        even = int(min(steps * accumulated, self.batches)) // math.lcm(accumulated, frequency)
        # The last batch's step is made whatever was accumulated.
        is_odd = steps * accumulated > self.batches and self.batches % frequency == 0
        return even + is_odd


def run_of(trainer: pl.Trainer, interval: Interval = "step", frequency: int = 1) -> Run:
    """The run that a Trainer is about to make, whoever changes it among its callbacks.

    Args:
        trainer: It loads the training data, if it has not yet and an epoch's batches have to be known.
        interval: What is to be counted of it, "step" or "epoch".
        frequency: Each so manieth.
    """
    most, max_steps = trainer.max_epochs, math.inf if trainer.max_steps == -1 else float(trainer.max_steps)
    epochs = math.inf if most in (None, -1) else float(max(most or 0, 1)) - _measured_again(trainer)
    counts_steps = interval == "step" and frequency == 1
    batches = (
        math.inf if math.isinf(epochs) and (counts_steps or math.isinf(max_steps)) else _batches(trainer)
    )
    return Run(epochs, batches, _accumulated(trainer), max_steps)


def rest_of(trainer: pl.Trainer, run: Run) -> Run:
    """What is left of a run when the Trainer begins to train: all, unless it has trained before and goes on counting.

    What it goes on from by a checkpoint brings its schedules along, and these have the whole run.

    Args:
        trainer: It has made its optimizers, or is about to.
        run: From the Trainer's first step on.
    """
    if trainer.ckpt_path is not None or trainer.global_step == 0:
        return run
    return run.after(trainer.current_epoch, trainer.global_step)


def resumed_length(trainer: pl.Trainer, run: Run) -> int | None:
    """The optimizer's steps in a run that goes on from a checkpoint of another one; None if they are the `run`'s.

    Another number of processes, of accumulated batches or of a batch's items, and the steps before the checkpoint are
    not as many as here: to those that were made come those that are left.

    Args:
        trainer: Is about to take a checkpoint over.
        run: As if it had been this Trainer's from the beginning.
    """
    checkpoint = trainer._checkpoint_connector._loaded_checkpoint
    if trainer.ckpt_path is None or "loops" not in checkpoint or math.isinf(run.batches):
        return None
    progress = checkpoint["loops"]["fit_loop"]
    epochs = progress["epoch_progress"]["current"]
    first, batches = epochs["processed"], 0
    if epochs["ready"] > first:
        batches = progress["epoch_loop.batch_progress"]["current"]["processed"]
    unlimited = replace(run, max_steps=math.inf)
    left = unlimited.after(first, 0)
    begun = left.accumulated[0][1]
    in_epoch = math.ceil(batches / begun) if batches == run.batches else batches // begun
    here, steps = unlimited.until(first).steps, left.steps
    if here is None or steps is None or here + in_epoch == checkpoint["global_step"] or left.is_nothing:
        return None
    return int(min(run.max_steps, checkpoint["global_step"] + steps - in_epoch))


def run_length(trainer: pl.Trainer, interval: Interval = "step") -> int | None:
    """How many optimizer steps, or epochs, the Trainer's run has at most. None if nobody can know.

    Args:
        trainer: It loads the training data, if it has not yet.
        interval: What is counted.
    """
    run = run_of(trainer, interval)
    return run.steps if interval == "step" else run.begun


def replaced_from(trainer: pl.Trainer) -> int | None:
    """The epoch from which on `StochasticWeightAveraging` has the optimizer's rates; None without it."""
    for callback in callbacks_of(trainer):
        if isinstance(callback, StochasticWeightAveraging):
            start, most = callback._swa_epoch_start, trainer.max_epochs
            if isinstance(start, float):
                start = int((most or 0) * start)
            return max(start - 1, 0)
    return None


def _batches(trainer: pl.Trainer) -> float:
    had_data = trainer.fit_loop._combined_loader is not None
    trainer.fit_loop.setup_data()
    batches = 0.0 if trainer.limit_train_batches == 0 else float(trainer.num_training_batches)
    if trainer.ckpt_path is not None and not had_data:
        # Lightning would keep this loader, and so not set it to where the checkpoint stands (its issue 20550).
        trainer.fit_loop._combined_loader = None
    return batches


def _accumulated(trainer: pl.Trainer) -> tuple[tuple[int, int], ...]:
    accumulated: tuple[tuple[int, int], ...] = ((0, trainer.accumulate_grad_batches),)
    for callback in callbacks_of(trainer):
        if isinstance(callback, GradientAccumulationScheduler):
            accumulated = tuple(
                (epoch, callback.get_accumulate_grad_batches(epoch)) for epoch in callback.epochs
            )
    return accumulated


def _measured_again(trainer: pl.Trainer) -> int:
    """1 once `max_epochs` holds the epoch in which `StochasticWeightAveraging` only measures batch norms."""
    return sum(
        isinstance(callback, StochasticWeightAveraging)
        and bool(trainer.optimizers)  # before they are made, what the callback says is an earlier fit's
        and bool(callback._model_contains_batch_norm)
        and getattr(callback, "_max_epochs", -1) == (trainer.max_epochs or 0) - 1
        for callback in callbacks_of(trainer)
    )


def _whole(length: float) -> int | None:
    return None if math.isinf(length) else int(length)
