"""A study whose runs are all there, without running any."""

from collections.abc import Callable
from typing import Any

from verified_docs.studies.results import Results
from verified_docs.studies.runs import Run
from verified_docs.studies.worker import key
from verified_docs.study import Metric, Study, Tune

MADE = {"day": "2026-01-02", "processor": "P", "versions": {"python": "3.11"}}


def results(run: Callable[[dict[str, Any], int], dict[str, Any]], **changes: Any) -> Results:
    arguments: dict[str, Any] = {
        "alternatives": {"a": {"name": "a"}, "b": {"name": "b"}},
        "metrics": {"score": Metric(matters=0.5)},
        "seeds": [0, 1, 2],
        "tune": Tune("rate", [1, 2, 3]),
        "tuning_seeds": [10, 11],
        "reference": "a",
    }
    study = Study(run=run, **{**arguments, **changes})
    found = {}
    for name in study.alternatives:
        tune = study.tune_of(name)
        for value in tune.values if tune else [None]:
            for seed in (*study.seeds, *study.tuning_seeds):
                settings = study.settings(name, value)
                found[key(settings, seed)] = Run(settings, seed, run(settings, seed), 1.5, MADE)
    return Results(study, found)


def score(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """Best at rate 2; b is 3 better on every seed."""
    return {"score": {"a": 1.0, "b": 4.0}[settings["name"]] + 0.1 * seed - abs(settings["rate"] - 2)}
