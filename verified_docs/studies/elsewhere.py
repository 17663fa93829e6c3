"""What a run may give on another kind of processor than the one that its record was made on.

There sums are taken in another order, and training is chaotic: the same seed ends with another number, as far away as
that of another seed may be. So a number is held to those that the seeds of the same settings gave on the record's kind,
by Student's prediction interval for one more of them, mean ± t · s · √(1 + 1/n), of 99.9%.

The spread s is that of the same settings, not one for all: within a study it differs up to a hundredfold, and a common
one is too narrow for settings that spread much and far too wide for the others. And runs are chosen among the half of
the settings that spread least: where seeds differ by ten points, nothing smaller can be seen. What this costs and finds
is simulated by `tests/verified_docs/studies_elsewhere_simulated.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from verified_docs.studies.runs import Run
from verified_docs.study import Metric, Study

LEAST = 8  # seeds that settings must have been run with
LEVEL = 0.999


def evaluated(recorded: Iterable[Run], study: Study) -> list[list[Run]]:
    """The runs on the study's seeds, a list for each settings of which at least `LEAST` are finite.

    Those on tuning seeds are left out: the settings were chosen because these came out well.
    """
    found: dict[str, list[Run]] = {}
    for run in recorded:
        if run.seed in study.seeds:
            found.setdefault(json.dumps(run.settings, sort_keys=True), []).append(run)
    return [
        runs
        for _, runs in sorted(found.items())
        if all(len(_finite([run.metrics for run in runs], name)) >= LEAST for name in study.metrics)
    ]


def comparable(recorded: Iterable[Run], study: Study) -> list[Run]:
    """The runs worth making again: of the half of the settings whose seeds differ least in `study.choose`."""
    cells = evaluated(recorded, study)
    spreads = [np.std(_finite([run.metrics for run in runs], study.choose), ddof=1) for runs in cells]
    return [run for index in quieter(spreads) for run in cells[index]]


def quieter(spreads: Any) -> Any:
    """The indices of the half of `spreads` (…, settings) that are least; of an odd number, the larger half.

    >>> quieter([0.3, 0.1, 0.2]).tolist()
    [1, 2]
    """
    array: Any = np.asarray(spreads, dtype=float)
    return np.argsort(array, axis=-1, kind="stable")[..., : (array.shape[-1] + 1) // 2]


def interval(recorded: Any, tolerance: float) -> tuple[Any, Any]:
    """The ends (…) of where one more number may lie, given `recorded` (…, n): at least ± `tolerance` about the mean.

    The two values 1 and 3 have mean 2, s = √2 and t = 636.6192, so the ends are 2 ± 636.6192 · √2 · √1.5:

    >>> low, high = interval([1.0, 3.0], tolerance=0.0)
    >>> round(float(low), 2), round(float(high), 2)
    (-1100.66, 1104.66)
    """
    from scipy.special import stdtrit

    array: Any = np.asarray(recorded, dtype=float)
    seeds = array.shape[-1]
    t = float(stdtrit(seeds - 1, (1 + LEVEL) / 2))
    half = np.maximum(t * np.sqrt(1 + 1 / seeds) * array.std(axis=-1, ddof=1), tolerance)
    mean = array.mean(axis=-1)
    return mean - half, mean + half


def differences(
    metrics: Mapping[str, Metric], recorded: Sequence[Mapping[str, Any]], now: Mapping[str, Any]
) -> list[str]:
    """Each of `metrics` that is outside of what the `recorded` runs of the same settings leave to one more.

    A number that is not finite is good only where one of theirs is not.
    """
    found = []
    for name, metric in metrics.items():
        new, values = now[name], _finite(recorded, name)
        if not math.isfinite(new):
            if len(values) == len(recorded):
                found.append(f"{name} is {new!r}, and none of {len(recorded)} recorded runs diverged")
            continue
        low, high = interval(values, metric.tolerance)
        if not low <= new <= high:
            found.append(
                f"{name} is {new!r}, outside the {LEVEL:.1%} prediction interval of {len(values)} recorded runs, "
                f"{low:.7g} to {high:.7g}"
            )
    return found


def _finite(recorded: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    return [one[name] for one in recorded if math.isfinite(one[name])]
