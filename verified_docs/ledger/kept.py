"""Trials that have ended, in the git-ignored cache: a command that was stopped goes on from there.

A kept one is good while nothing that it depended on has changed: the program, the seeds and the environment that it
was run with, the installed versions, and every file of the project that it really imported.
"""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from verified_docs.base import files
from verified_docs.base.config import Config
from verified_docs.base.installed import installed
from verified_docs.records.gave import Gave
from verified_docs.running.trial import Trial, Tried

_ENGINE = (
    "base/plain.py",
    "running/child.py",
    "running/claims.py",
    "running/drawn.py",
    "running/leaving.py",
    "running/runner.py",
    "running/seeds.py",
    "running/server.py",
)  # what decides a trial


class Kept:
    """The trials of a project that have ended."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._digests = files.Digests(config.root)

    def get(self, trial: Trial) -> Tried | None:
        """What came of `trial`; None where it was not made, or not as things are now."""
        try:
            held = json.loads(self._path(trial).read_text(encoding="utf-8"))
            if not self._digests.are(held["imported"]):
                return None
            told = {int(number): text for number, text in held["told"].items()}
            gave = Gave(**held["gave"]) if held["gave"] else None
            return Tried(**{**held, "imported": list(held["imported"]), "told": told, "gave": gave})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # none, or not one of ours

    def add(self, trial: Trial, tried: Tried) -> None:
        """Write down what came of `trial`, whole or not at all."""
        held = {**asdict(tried), "imported": self._digests.of(tried.imported)}
        files.replace(self._path(trial), json.dumps(held))

    def _path(self, trial: Trial) -> Path:
        pinned = {name: value for name, value in trial.env.items() if str(self._config.root) not in value}
        settings = trial.snippet.settings
        key = (
            trial.snippet.code_digest,
            trial.by,
            trial.kind,
            sorted(pinned.items()),
            settings.data,
            settings.memory_gib,
        )
        name = files.digest(repr((key, self._surroundings)))[:24]
        return self._config.cache / "ledger" / trial.snippet.name / f"{name}.json"

    @cached_property
    def _surroundings(self) -> str:
        here = Path(__file__).parents[1]
        engine = [files.digest((here / name).read_bytes()) for name in _ENGINE]
        config = self._config
        return repr(
            (engine, config.ledger.seed_shift, config.preload, sys.version, platform.machine(), installed())
        )
