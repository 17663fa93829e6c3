"""A study: a question that several alternatives answer, each with its own best setting, over several seeds.

    from verified_docs.study import Metric, Study, Tune


    def run(settings, seed):
        ...
        return {"accuracy": 0.87, "losses": [2.1, 0.9, 0.6]}


    study = Study(
        run=run,
        alternatives={"SGD": {"optimizer": "sgd"}, "Adam": {"optimizer": "adam"}},
        tune={"SGD": Tune("rate", [0.03, 0.1, 0.3]), "Adam": Tune("rate", [3e-4, 1e-3, 3e-3])},
        tuning_seeds=range(100, 103),
        seeds=range(10),
        metrics={"accuracy": Metric(matters=0.005, format=".1%")},
        reference="SGD",
        seconds_per_run=12,
    )

Such a file lies in `studies/`; its docstring asks the question. `python -m verified_docs study NAME` records it. What a
file may define beside `study`:

- `draw(results)`: returns one matplotlib figure. The docstring below the question is its caption.
- `numbers(results)`: returns more numbers for prose to quote; its `assert` statements are the study's claims.

Both get the `verified_docs.studies.results.Results`. Nothing here knows what is studied.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from verified_docs.base.errors import DocsError

Settings = dict[str, Any]

LEAST_TUNING_SEEDS = 5
"""Fewer do not tell how tuning runs spread."""


@dataclass(frozen=True)
class Metric:
    """One number that `run` returns, by which alternatives are compared.

    What the verdicts say is in `verified_docs/studies/verdicts.py`.

    Attributes:
        matters: The smallest difference that matters, in the metric's own unit; declared before anything is measured.
        better: Whether higher or lower is better.
        asks: What is asked of it. "better": is an alternative better than its reference, by more than matters? "no
            worse": is a reference no worse than any of its alternatives by as much as matters? This one is asked of
            each of the study's `cells`, beside the other.
        judges: Whether it has verdicts. Unless it is said, all metrics do but the one that settings are chosen by; and
            that one, too, where there is no other.
        failed: A run that ends here or worse has failed, as one has that diverges: at twice the accuracy of guessing,
            for example. Failed runs are counted, not averaged.
        tolerance: How far the number of a run that is made again may be from the recorded one. Numbers are kept to
            seven digits, which 0 allows for.
        diverged: What a run counts as whose number is NaN or infinite, such as the accuracy of guessing, in the curves
            that settings are chosen by. In means, intervals and verdicts it has failed.
        format: How its numbers are shown.
        cases: Of how many test cases it is a share, which says what other test cases would change: one number, or one
            by the alternative's name.
    """

    matters: float
    better: Literal["higher", "lower"] = "higher"
    asks: Literal["better", "no worse"] = "better"
    judges: bool | None = None
    failed: float | None = None
    tolerance: float = 0.0
    diverged: float | None = None
    format: str = ".3g"
    cases: int | Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.better not in ("higher", "lower"):
            raise DocsError(f"Metric(better={self.better!r}): it is 'higher' or 'lower'")
        if self.asks not in ("better", "no worse"):
            raise DocsError(f"Metric(asks={self.asks!r}): it is 'better' or 'no worse'")
        if self.asks == "no worse" and not (self.judges is not False and self.matters > 0):
            raise DocsError(
                "Metric(asks='no worse') needs a margin to be no worse by: matters above 0, and no judges=False"
            )
        for name, value in (("matters", self.matters), ("tolerance", self.tolerance)):
            if not (math.isfinite(value) and value >= 0):
                raise DocsError(f"Metric({name}={value!r}): it is a number of at least 0")
        for name, limit in (("diverged", self.diverged), ("failed", self.failed)):
            if limit is not None and not math.isfinite(limit):
                raise DocsError(f"Metric({name}={limit!r}): it is a number, such as that of guessing")
        cases = self.cases.values() if isinstance(self.cases, Mapping) else [self.cases]
        if any(one is not None and one < 1 for one in cases):
            raise DocsError(f"Metric(cases={self.cases!r}): a share is of at least 1 test case")
        try:
            format(0.5, self.format)
        except ValueError as error:
            raise DocsError(f"Metric(format={self.format!r}): {error}") from None

    def gain(self, difference: Any) -> Any:
        """A difference with the sign that makes more of it better."""
        return difference if self.better == "higher" else 0.0 - difference  # of 0.0 it is no -0.0

    def cases_of(self, alternative: str) -> int | None:
        """Of how many test cases its number is a share, for `alternative`."""
        return self.cases.get(alternative) if isinstance(self.cases, Mapping) else self.cases


@dataclass(frozen=True)
class Tune:
    """The setting that is chosen for an alternative, and the values to choose from.

    Attributes:
        parameter: The name of the setting.
        values: Numbers from low to high, of which a best one at either end is an error: the grid is to be widened. Or
            names, which have no ends.
        limits: Values with nothing beyond, such as 0 for a strength: there the best may stand.
    """

    parameter: str
    values: Sequence[Any]
    limits: Sequence[Any] = ()

    def __post_init__(self) -> None:
        values, what = list(self.values), f"Tune({self.parameter!r}, {list(self.values)!r})"
        if not values:
            raise DocsError(f"{what}: there is nothing to choose from")
        if len({json.dumps(value) for value in values}) < len(values):
            raise DocsError(f"{what}: a value stands there twice")
        if self.has_ends and values != sorted(values):
            raise DocsError(f"{what}: write the values from low to high")
        if all(self.is_edge(value) for value in values):
            raise DocsError(f"{what}: every value is an end of the grid; give at least three")

    @property
    def has_ends(self) -> bool:
        """Whether the values are numbers."""
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values)

    def is_edge(self, value: Any) -> bool:
        """Whether values beyond this one might be better still."""
        return self.has_ends and value in (self.values[0], self.values[-1]) and value not in self.limits


@dataclass(frozen=True)
class Study:
    """What is run, and what is asked of the results.

    Attributes:
        run: A function of settings and seed that returns numbers, or lists of numbers, by name. It sees to its own
            seeding, and gives the same numbers each time.
        alternatives: The settings of each, by the name that tables and prose use.
        metrics: The numbers to compare by; what else `run` returns is kept for figures.
        seeds: Those that each alternative is evaluated on, at least two; ten give a good interval.
        tune: The setting to choose, for all alternatives or for each; None leaves an alternative as it is.
        tuning_seeds: Those that settings are chosen on: none of `seeds`.
        choose: The metric to choose by; the first one where it is not said.
        reference: The alternative that the others are compared with; or, by the alternative's name, its own reference.
        cells: For metrics that ask "no worse", by the name of each question the alternatives that it is about: is the
            reference no worse than any of them? Where it is not said, each reference is one question.
        second_choices: Whether the values that other tuning seeds might have chosen are evaluated, too. A verdict then
            stands only if it is the same in 95% of the choices that tuning seeds drawn anew would have made.
        least_seeds: Take this many of `seeds`, or as many as the spread of the tuning runs says that a comparison takes
            to show that a default is no worse (`verified_docs/studies/power.py`), at most all. Where it is not said, each
            alternative has all of them.
        seconds_per_run: About how long one run takes, for the time left to be told before the first has ended.
    """

    run: Callable[[Settings, int], Mapping[str, Any]]
    alternatives: Mapping[str, Settings]
    metrics: Mapping[str, Metric]
    seeds: Sequence[int]
    tune: Tune | Mapping[str, Tune | None] | None = None
    tuning_seeds: Sequence[int] = ()
    choose: str = ""
    reference: str | Mapping[str, str] | None = None
    cells: Mapping[str, Sequence[str]] = field(default_factory=dict)
    second_choices: bool = False
    least_seeds: int | None = None
    seconds_per_run: float = 1.0
    references: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.alternatives:
            raise DocsError("alternatives is empty: there is nothing to compare")
        if not self.metrics:
            raise DocsError(
                "metrics is empty: name a number that run returns, with the difference that matters"
            )
        object.__setattr__(self, "choose", self.choose or next(iter(self.metrics)))
        if self.choose not in self.metrics:
            raise DocsError(f"choose={self.choose!r} is no metric; there are {', '.join(self.metrics)}")
        self._check_names()
        self._check_seeds()
        self._check_tuning()
        for name in self.alternatives:
            tune = self.tune_of(name)
            for value in tune.values if tune else [None]:
                _check_settings(name, self.settings(name, value))
        self._check_pilot()
        object.__setattr__(self, "references", self._references())
        object.__setattr__(self, "cells", self._cells())

    @property
    def judging(self) -> list[str]:
        """The metrics that have verdicts."""
        others = [name for name in self.metrics if name != self.choose]
        usual = others or [self.choose]
        return [
            name
            for name, metric in self.metrics.items()
            if (name in usual if metric.judges is None else metric.judges)
        ]

    def tune_of(self, alternative: str) -> Tune | None:
        """What is chosen for `alternative`."""
        return self.tune.get(alternative) if isinstance(self.tune, Mapping) else self.tune

    def settings(self, alternative: str, value: Any = None) -> Settings:
        """The settings of a run: the alternative's own, with `value` for what is tuned."""
        tune = self.tune_of(alternative)
        return {**self.alternatives[alternative], **({tune.parameter: value} if tune else {})}

    def _check_names(self) -> None:
        for name in (*self.alternatives, *self.metrics, *self.cells):
            if not name or set("[]{}\n") & set(name):
                raise DocsError(
                    f"{name!r} cannot be quoted by pages: names have no brackets, braces or new lines"
                )

    def _check_seeds(self) -> None:
        for name, seeds in (("seeds", self.seeds), ("tuning_seeds", self.tuning_seeds)):
            if len(set(seeds)) < len(seeds):
                raise DocsError(f"{name}: a seed stands there twice")
        if len(self.seeds) < 2:
            raise DocsError(f"seeds={list(self.seeds)}: an interval needs at least two")
        both = sorted(set(self.seeds) & set(self.tuning_seeds))
        if both:
            raise DocsError(
                f"seed {both[0]} is in seeds and in tuning_seeds: what is chosen on a seed looks good on it"
            )

    def _check_tuning(self) -> None:
        tuned = {name: tune for name in self.alternatives if (tune := self.tune_of(name))}
        if isinstance(self.tune, Mapping):
            unsaid = [name for name in self.alternatives if name not in self.tune]
            unknown = [name for name in self.tune if name not in self.alternatives]
            if unsaid or unknown:
                raise DocsError(
                    f"tune names {unknown[0]!r}, which is no alternative"
                    if unknown
                    else f"tune does not say what is chosen for {unsaid[0]!r}; say None where nothing is"
                )
        if bool(tuned) != bool(self.tuning_seeds):
            raise DocsError("tune and tuning_seeds go together: settings are chosen on seeds of their own")
        sizes = {name: len(tune.values) for name, tune in tuned.items()}
        if len(set(sizes.values())) > 1:
            few, many = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
            raise DocsError(
                f"{many!r} is chosen from {sizes[many]} values and {few!r} from {sizes[few]}: "
                "an equal budget is as many for each"
            )
        for name, tune in tuned.items():
            if tune.parameter in self.alternatives[name]:
                raise DocsError(
                    f"{name!r} has a {tune.parameter!r} of its own, which is to be chosen: leave it out"
                )

    def _check_pilot(self) -> None:
        for name, asked in (
            ("second_choices", self.second_choices),
            ("least_seeds", self.least_seeds is not None),
        ):
            if asked and len(self.tuning_seeds) < LEAST_TUNING_SEEDS:
                raise DocsError(
                    f"{name} needs at least {LEAST_TUNING_SEEDS} tuning_seeds to tell how tuning runs spread, "
                    f"got {len(self.tuning_seeds)}"
                )
        asks = any(metric.asks == "no worse" for metric in self.metrics.values())
        if self.least_seeds is not None and not asks:
            raise DocsError(
                "least_seeds: how many it takes is asked of a metric with asks='no worse', and there is none"
            )
        if self.least_seeds is not None and not 2 <= self.least_seeds <= len(self.seeds):
            raise DocsError(
                f"least_seeds={self.least_seeds}: at least 2 for an interval, at most the {len(self.seeds)} of seeds"
            )

    def _references(self) -> dict[str, str]:
        if self.reference is None:
            return {}
        found = (
            {name: self.reference for name in self.alternatives if name != self.reference}
            if isinstance(self.reference, str)
            else dict(self.reference)
        )
        for name in (*([self.reference] if isinstance(self.reference, str) else found), *found.values()):
            if name not in self.alternatives:
                raise DocsError(f"reference names {name!r}, which is no alternative")
        same = [name for name, reference in found.items() if name == reference]
        if same:
            raise DocsError(f"{same[0]!r} is its own reference: leave it out")
        return found

    def _cells(self) -> dict[str, list[str]]:
        asking = [name for name, metric in self.metrics.items() if metric.asks == "no worse"]
        if not asking:
            if self.cells:
                raise DocsError("cells are asked of a metric with asks='no worse', and there is none")
            return {}
        if asking[0] not in self.judging:
            raise DocsError(
                f"{asking[0]!r} asks, and settings are chosen by it: say judges=True if it is to judge"
            )
        if not self.references:
            raise DocsError(f"{asking[0]!r} asks whether a reference is no worse, and there is no reference")
        if not self.cells:
            named: dict[str, list[str]] = {}
            for name, reference in self.references.items():
                named.setdefault(reference, []).append(name)
            return named
        for cell, names in self.cells.items():
            without = [name for name in names if name not in self.references]
            if not names or without:
                raise DocsError(
                    f"cell {cell!r} names {without[0]!r}, which is compared with nothing"
                    if without
                    else f"cell {cell!r} names no alternative"
                )
        return {cell: list(names) for cell, names in self.cells.items()}


def _check_settings(name: str, settings: Settings) -> None:
    """Settings are kept as JSON beside the results: what comes back must be what was written."""
    try:
        same = json.loads(json.dumps(settings, allow_nan=False)) == settings
    except (TypeError, ValueError) as error:
        raise DocsError(f"the settings of {name!r} cannot be kept as JSON: {error}") from None
    if not same:
        raise DocsError(
            f"the settings of {name!r} are not the same as JSON: use lists for tuples, texts for keys"
        )
