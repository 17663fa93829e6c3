"""`python tests/verified_docs/studies_elsewhere_simulated.py`: what holding runs on another kind costs and finds.

Each recorded study is simulated: settings with the recorded means and spreads, of which seeds are drawn; settings
chosen by what was drawn; and of these one more run each, which has nothing in common with the others, as if training
kept nothing of its seed. A share is drawn from a beta distribution, which is skewed near 1 and has two humps where seeds
differ much, any other number from a gamma distribution; the metrics of a run go together as the recorded ones do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from verified_docs.base import files
from verified_docs.base.config import Config, find
from verified_docs.pages.page import every_page
from verified_docs.programs.study_file import StudyFile, every_study
from verified_docs.studies import elsewhere, runs
from verified_docs.study import Metric

PATH = Path(__file__).with_name("studies_elsewhere.json")
COMMAND = "python tests/verified_docs/studies_elsewhere_simulated.py"
POINTS = 0.05  # that a share is wrong by, for the rule to find
TRIED = 50_000  # runs of each study

Array = Any


@dataclass(frozen=True)
class Recorded:
    """The numbers of a study that runs elsewhere are held to: `values` (metrics, settings, seeds)."""

    metrics: dict[str, Metric]
    chosen_by: int
    values: Array

    @classmethod
    def of(cls, file: StudyFile) -> Recorded:
        study = file.module().study
        cells = elsewhere.evaluated(runs.recorded(file), study)
        seeds = min(map(len, cells))
        values = [[[run.metrics[name] for run in cell[:seeds]] for cell in cells] for name in study.metrics]
        return cls(study.metrics, list(study.metrics).index(study.choose), np.asarray(values))

    @property
    def shares(self) -> list[bool]:
        return [metric.format.endswith("%") for metric in self.metrics.values()]

    @property
    def tolerances(self) -> list[float]:
        return [metric.tolerance for metric in self.metrics.values()]


@dataclass(frozen=True)
class Found:
    """What came of it.

    Attributes:
        alarms: The part of right runs that the rule takes for wrong.
        seen: For each share, the part of runs `POINTS` too low that it finds.
    """

    alarms: float
    seen: dict[str, float]


def simulated(recorded: Recorded, now: Array, others: Array) -> Found:
    """Hold one more run of the settings that are chosen to others, as `elsewhere` does; both are `drawn`."""
    chosen = elsewhere.quieter(others[recorded.chosen_by].std(axis=-1, ddof=1))
    now = np.stack([np.take_along_axis(one, chosen, axis=-1) for one in now])
    others = np.stack([np.take_along_axis(one, chosen[..., None], axis=-2) for one in others])
    low, high = _intervals(recorded, others)
    same = others[..., 0]  # what is near to the recorded run of its seed passes, too
    near = np.asarray(recorded.tolerances)[:, None, None]
    return _found(recorded, now, np.minimum(low, same - near), np.maximum(high, same + near))


def with_one_spread(recorded: Recorded, now: Array, others: Array) -> Found:
    """The same with the spread of all settings, among all of which runs are chosen."""
    from scipy.special import stdtrit

    seeds = others.shape[-1]
    t = stdtrit(others.shape[-2] * (seeds - 1), (1 + elsewhere.LEVEL) / 2)
    spread = np.sqrt(others.var(axis=-1, ddof=1).mean(axis=-1, keepdims=True))
    half = np.maximum(t * np.sqrt(1 + 1 / seeds) * spread, np.asarray(recorded.tolerances)[:, None, None])
    mean = others.mean(axis=-1)
    return _found(recorded, now, mean - half, mean + half)


def left_out(recorded: Recorded) -> tuple[int, int]:
    """How many recorded runs the others of their settings take for wrong, of those among which runs would be chosen."""
    outside = tried = 0
    _, settings, seeds = recorded.values.shape
    spreads = recorded.values[recorded.chosen_by].std(axis=-1, ddof=1)
    for cell, seed in np.ndindex(settings, seeds):
        others = np.delete(recorded.values[:, cell], seed, axis=-1)
        without = spreads.copy()
        without[cell] = others[recorded.chosen_by].std(ddof=1)
        if cell in elsewhere.quieter(without):
            now = recorded.values[:, cell, seed]
            tried += 1
            outside += not all(map(_within, now, others, recorded.tolerances))
    return outside, tried


def _within(now: Array, others: Array, tolerance: float) -> bool:
    low, high = elsewhere.interval(others, tolerance)
    return bool(low <= now <= high)


def _intervals(recorded: Recorded, others: Array) -> tuple[Array, Array]:
    ends = [
        elsewhere.interval(one, tolerance) for one, tolerance in zip(others, recorded.tolerances, strict=True)
    ]
    low, high = zip(*ends, strict=True)
    return np.stack(low), np.stack(high)


def _found(recorded: Recorded, now: Array, low: Array, high: Array) -> Found:
    good = ((low <= now) & (now <= high)).all(axis=0)
    wrong = now - POINTS
    found = ((wrong < low) | (wrong > high)).mean(axis=(1, 2))
    named = zip(recorded.metrics, recorded.shares, found, strict=True)
    return Found(float(1 - good.mean()), {name: float(part) for name, is_share, part in named if is_share})


def drawn(recorded: Recorded, seeds: int, tried: int) -> tuple[Array, Array]:
    """Numbers distributed as the recorded ones: of one more run (metrics, times, settings), and of `seeds` others."""
    generator = np.random.default_rng(0)
    means, spreads = recorded.values.mean(axis=-1), recorded.values.std(axis=-1, ddof=1)
    settings = means.shape[-1]
    shape = 2 * tried // settings, settings, seeds + 1  # about half of the settings are chosen
    standard = np.stack(
        [
            _standard(generator, mean, spread, is_share, shape)
            for mean, spread, is_share in zip(means, spreads, recorded.shares, strict=True)
        ]
    )
    together = np.einsum("ij,j...->i...", np.linalg.cholesky(_correlations(recorded.values)), standard)
    numbers = means[:, None, :, None] + spreads[:, None, :, None] * together
    return numbers[..., 0], numbers[..., 1:]


def _standard(
    generator: np.random.Generator, mean: Array, spread: Array, is_share: bool, shape: tuple[int, ...]
) -> Array:
    """Numbers (times, settings, seeds) with mean 0 and spread 1."""
    mean, spread = mean[:, None], np.maximum(spread, 1e-6)[:, None]
    if is_share:
        both = np.maximum(mean * (1 - mean) / spread**2 - 1, 0.1)
        drawn = generator.beta(mean * both, (1 - mean) * both, shape)
        return (drawn - mean) / np.sqrt(mean * (1 - mean) / (both + 1))
    drawn = generator.gamma((mean / spread) ** 2, spread**2 / mean, shape)
    return (drawn - mean) / spread


def _correlations(values: Array) -> Array:
    """How the metrics of a run go together within settings: (metrics, metrics)."""
    spreads = values.std(axis=-1, ddof=1, keepdims=True)
    apart = (values - values.mean(axis=-1, keepdims=True)) / np.where(spreads > 1e-9, spreads, np.inf)
    found = np.corrcoef(apart.reshape(len(values), -1))
    return 0.999 * found + 0.001 * np.eye(len(values))  # so that metrics that always go together have a root


# The record


def table(config: Config) -> dict[str, Any]:
    """What verified_docs.tables shows."""
    pages, rows, alarms = _pages(config), [], []
    for file in every_study(config):
        recorded = Recorded.of(file)
        _, settings, seeds = recorded.values.shape
        now, others = drawn(recorded, seeds, TRIED)
        own, common = simulated(recorded, now, others), with_one_spread(recorded, now, others)
        outside, tried = left_out(recorded)
        alarms.append(own.alarms)
        cells = [
            [{"says": f"{(settings + 1) // 2} of {settings}"}],
            [{"says": f"{1000 * own.alarms:.1f}"}],
            _seen(own),
            [{"says": f"{outside} of {tried}"}],
            [{"says": f"{1000 * common.alarms:.1f}", "of": "alarms"}, *_seen(common)],
        ]
        rows.append({"name": file.name, "page": pages[file.name], "cells": cells})
    return {
        "caption": (
            f"Simulated, {TRIED:,} runs a study, with means, spreads and skewness like the recorded ones. Alarms: "
            "how many right runs of 1,000 would be called wrong; on average "
            f"{1000 * sum(alarms) / len(alarms):.1f}. Seen: how often a run is found out whose accuracy is "
            f"{100 * POINTS:.0f} points too low. Left out: of the recorded runs, each held to the others of its "
            "settings, those outside. The last column: the same with one spread, pooled over all settings of "
            "a study, for each of them."
        ),
        "columns": ["Study", "Settings chosen", "Alarms", "Seen", "Left out", "With one spread"],
        "rows": rows,
    }


def _seen(found: Found) -> list[dict[str, str]]:
    return [{"says": f"{part:.0%}", "of": name} for name, part in found.seen.items()]


def _pages(config: Config) -> dict[str, str]:
    """On which page each study is shown."""
    return {
        embedded.snippet.name: page.place.removeprefix("docs/")
        for page in every_page(config)
        for embedded in page.embedded()
    }


def load() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return record


def save(record: dict[str, Any]) -> None:
    """Write the record, a row a line."""
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in record["rows"])
    head = {key: value for key, value in record.items() if key != "rows"}
    text = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    files.replace(PATH, f'{text},\n "rows": [\n  {rows}\n ]\n}}\n')


def main() -> None:
    """Record."""
    save(table(find(Path(__file__).parent)))
    print(PATH)


if __name__ == "__main__":
    main()
