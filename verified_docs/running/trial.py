"""A trial: one run of a snippet in which its seeds are shifted, or the processor is another; and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from verified_docs.base.config import Config
from verified_docs.base.ledger_settings import Processor
from verified_docs.programs.snippet import Snippet
from verified_docs.records.gave import Gave

STRIDE = 1_000_003  # from one shift of the seeds to the next: further than programs count seeds up


@dataclass(frozen=True)
class Machine:
    """An instruction set and a number of threads, on a kind of processor."""

    name: str
    processor: Processor = field(compare=False)
    threads: int
    kind: str | None = None

    @property
    def label(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return ", ".join(filter(None, [self.name, threads, self.kind]))

    def env(self, config: Config) -> dict[str, str]:
        """What is declared, changed to be this machine."""
        threads = dict.fromkeys(config.ledger.threads, str(self.threads))
        return {**config.env, **self.processor.env, **threads}


def processor_of(label: str) -> str:
    """The name of the processor in a machine's label."""
    return label.split(", ")[0]


@dataclass(frozen=True)
class Trial:
    """One run on a `kind` of processor: its seeds shifted by `shift` strides, or its own seeds on `machine`."""

    snippet: Snippet
    shift: int = 0
    machine: Machine | None = None
    kind: str | None = None

    @property
    def by(self) -> int:
        """How much larger each seed is than in the program."""
        return self.shift * STRIDE

    @property
    def label(self) -> str:
        """As the ledger and messages call it."""
        return self.machine.label if self.machine else f"seed + {self.by}"

    @property
    def env(self) -> Mapping[str, str]:
        config = self.snippet.config
        return self.machine.env(config) if self.machine else config.env

    @property
    def threads(self) -> int:
        return self.machine.threads if self.machine else 1


@dataclass(frozen=True)
class Tried:
    """What a trial gave.

    Attributes:
        held: Of each claim, whether it held; one that was not reached held only where the program ran through.
        told: Why not, by the number of the claim.
        seconds: How long it ran.
        imported: The project's own files that it loaded.
        stopped: Whether it was killed, or left without a word: another time it may run through.
        gave: What it printed, computed and drew; None where it did not run through.
    """

    held: list[bool]
    told: dict[int, str]
    seconds: float
    imported: list[str]
    stopped: bool = False
    gave: Gave | None = None
