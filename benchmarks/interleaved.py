"""How many times as long one way takes as another, when both take their steps in turn in one process.

A round is one step each way, in an order drawn anew, so that what slows the machine for a while slows all of them. Of
each round the ratio is taken; told are the median of all rounds and, by bootstrap, an interval for it. The clock is the
thread's own: it stands still while another program has the core. What a neighbor does to the caches it does not see.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytorch_lightning as pl

Step = Callable[[], float]
"""Makes one step, and returns the seconds that it took."""

_WARMUP = 3
_RESAMPLES = 2_000


@dataclass(frozen=True)
class Ratio:
    """A median ratio, with the 95% interval of its bootstrap, and the median seconds of both ways.

    Attributes:
        median: How many times as long.
        low: The lower end of the interval.
        high: The upper end, which is what a target of "at most" is held to.
        seconds: Of the way itself, a step.
        against: Of the way that it is compared with.
    """

    median: float
    low: float
    high: float
    seconds: float
    against: float

    @property
    def inverse(self) -> Ratio:
        """How many times as fast."""
        return Ratio(1 / self.median, 1 / self.high, 1 / self.low, self.seconds, self.against)


def ratios(ways: Mapping[str, Step], reference: str, rounds: int) -> dict[str, Ratio]:
    """How many times as long each way's step takes as that of the `reference`."""
    taken = in_turn(ways, rounds)
    return {name: ratio(taken[name], taken[reference]) for name in ways if name != reference}


def in_turn(ways: Mapping[str, Step], rounds: int) -> dict[str, list[float]]:
    """The seconds of each way's steps, by round."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    order, draw = list(ways), random.Random(0)
    for number in range(_WARMUP + rounds):
        draw.shuffle(order)
        for name in order:
            seconds = ways[name]()
            if number >= _WARMUP:
                taken[name].append(seconds)
    return taken


def ratio(seconds: Sequence[float], against: Sequence[float]) -> Ratio:
    """The median of the rounds' ratios, and its interval."""
    of_rounds = np.asarray(seconds) / np.asarray(against)
    generator = np.random.default_rng(0)
    drawn = generator.integers(len(of_rounds), size=(_RESAMPLES, len(of_rounds)))
    low, high = np.quantile(np.median(of_rounds[drawn], axis=1), [0.025, 0.975])
    medians = statistics.median(seconds), statistics.median(against)
    return Ratio(float(np.median(of_rounds)), float(low), float(high), *medians)


def timed(way: Callable[[], object], calls: int = 1) -> Step:
    """A step of so many calls; where one would mostly measure the clock, of several."""

    def step() -> float:
        started = time.thread_time()
        for _ in range(calls):
            way()
        return (time.thread_time() - started) / calls

    return step


class TrainerSteps:
    """The steps of a Trainer, one at a time: it runs in a thread of its own, which waits between two batches.

    A step lasts from one batch's beginning to the next one's, with everything that the Trainer and its callbacks do.

    Args:
        fit: Trains with the callbacks that it is given, for at least so many batches as there will be steps.
    """

    def __init__(self, fit: Callable[[pl.Callback], None]) -> None:
        self._pause = _Pause()
        self._thread = threading.Thread(target=self._run, args=(fit,), daemon=True)
        self._thread.start()

    def __call__(self) -> float:
        """Let the Trainer make a step."""
        return self._pause.go_on()

    def _run(self, fit: Callable[[pl.Callback], None]) -> None:
        try:
            fit(self._pause)
            self._pause.fail(RuntimeError("The Trainer has come to its end: give it more batches."))
        except _NoMore:
            pass
        except BaseException as error:
            self._pause.fail(error)

    def end(self) -> None:
        """Stop the Trainer where it is."""
        self._pause.stop()
        self._thread.join()


class _NoMore(Exception):
    """Ends a Trainer's run."""


class _Pause(pl.Callback):
    """Holds the Trainer at the beginning of each batch until it is told to go on."""

    def __init__(self) -> None:
        self._may_go, self._has_come = threading.Semaphore(0), threading.Semaphore(0)
        self._started: float | None = None
        self._seconds = 0.0
        self._is_over = False
        self._error: BaseException | None = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        if self._started is not None:
            self._seconds = time.thread_time() - self._started
            self._has_come.release()
        self._may_go.acquire()
        if self._is_over:
            raise _NoMore
        self._started = time.thread_time()

    def go_on(self) -> float:
        self._may_go.release()
        self._has_come.acquire()
        if self._error is not None:
            raise self._error
        return self._seconds

    def stop(self) -> None:
        self._is_over = True
        self._may_go.release()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._has_come.release()
