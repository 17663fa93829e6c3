"""How far a study or the ledger is, on stderr: a bar that is rewritten in a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 24
_PAUSE = 60.0  # seconds between two lines where there is no terminal


class Progress:
    """The bar of one stage.

    Args:
        what: What is being run.
        total: How many runs there are.
        seconds: About how long one takes, as long as none has ended.
        workers: How many go on at once.
    """

    def __init__(
        self, what: str, total: int, seconds: float, workers: int, stream: TextIO | None = None
    ) -> None:
        self._what, self._total, self._workers = what, total, max(1, min(workers, total))
        self._guess = seconds
        self._spent: list[float] = []
        self._started = self._told = time.monotonic()
        self._stream = stream or sys.stderr
        self._show()

    def add(self, seconds: float) -> None:
        """Note that a run has ended that took so long."""
        self._spent.append(seconds)
        self._show()

    def close(self) -> None:
        if self._stream.isatty():
            self._stream.write("\n")

    @property
    def left(self) -> float:
        """About how many seconds are left."""
        each = sum(self._spent) / len(self._spent) if self._spent else self._guess
        return (self._total - len(self._spent)) * each / self._workers

    def _show(self) -> None:
        done, now = len(self._spent), time.monotonic()
        bar = "█" * (_WIDTH * done // self._total)
        line = f"{self._what} {bar:░<{_WIDTH}} {done}/{self._total} runs, {clock(self.left)} left"
        if self._stream.isatty():
            self._stream.write(f"\r{line}\033[K")
        elif done in (0, self._total) or now - self._told > _PAUSE:
            self._told = now
            self._stream.write(f"{line}\n")
        self._stream.flush()


def clock(seconds: float) -> str:
    """A time as a clock shows it.

    >>> clock(59.6), clock(3725)
    ('1:00', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
