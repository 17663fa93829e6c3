"""A study that cannot be fair, or cannot be kept, is refused when it is declared."""

from typing import Any

import pytest

from verified_docs.base.errors import DocsError
from verified_docs.study import Metric, Study, Tune

ASKING = {"loss": Metric(matters=0.1, asks="no worse")}


def made(**changes: Any) -> Study:
    arguments: dict[str, Any] = {
        "run": lambda settings, seed: {"loss": 0.0},
        "alternatives": {"a": {}, "b": {}},
        "metrics": {"loss": Metric(matters=0.1)},
        "seeds": [0, 1],
        "tune": Tune("rate", [1, 2, 3]),
        "tuning_seeds": [2],
    }
    return Study(**{**arguments, **changes})


def test_the_settings_of_a_run_are_the_alternatives_own_and_the_chosen_value():
    study = made(alternatives={"a": {"depth": 3}, "b": {}}, tune={"a": Tune("rate", [1, 2, 3]), "b": None})
    assert study.settings("a", 2) == {"depth": 3, "rate": 2}
    assert study.settings("b") == {}


def test_it_chooses_by_the_first_metric_unless_told():
    metrics = {"loss": Metric(matters=0.1), "accuracy": Metric(matters=0.1)}
    assert made(metrics=metrics).choose == "loss"
    assert made(metrics=metrics, choose="accuracy").choose == "accuracy"


def test_one_reference_is_for_all_others_and_each_may_have_its_own():
    three = {"a": {}, "b": {}, "c": {}}
    assert made(alternatives=three, reference="b").references == {"a": "b", "c": "b"}
    assert made(alternatives=three, reference={"c": "a"}).references == {"c": "a"}
    assert made(alternatives=three).references == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alternatives": {}}, "alternatives is empty"),
        ({"metrics": {}}, "metrics is empty"),
        ({"choose": "speed"}, "choose='speed' is no metric; there are loss"),
        ({"alternatives": {"a[0]": {}}}, r"'a\[0\]' cannot be quoted by pages"),
        ({"seeds": [0]}, r"seeds=\[0\]: an interval needs at least two"),
        ({"seeds": [0, 0]}, "seeds: a seed stands there twice"),
        ({"seeds": [1, 2]}, "seed 2 is in seeds and in tuning_seeds"),
        ({"tuning_seeds": []}, "tune and tuning_seeds go together"),
        ({"tune": None}, "tune and tuning_seeds go together"),
        ({"tune": {"a": Tune("rate", [1, 2, 3])}}, "does not say what is chosen for 'b'; say None"),
        ({"tune": {"a": None, "b": None, "c": None}}, "tune names 'c', which is no alternative"),
        (
            {"tune": {"a": Tune("rate", [1, 2, 3]), "b": Tune("rate", [1, 2, 3, 4])}},
            "'b' is chosen from 4 values and 'a' from 3: an equal budget is as many for each",
        ),
        ({"alternatives": {"a": {"rate": 1}}}, "'a' has a 'rate' of its own, which is to be chosen"),
        ({"alternatives": {"a": {"size": (1, 2)}}}, "the settings of 'a' are not the same as JSON"),
        (
            {"alternatives": {"a": {}}, "tune": Tune("x", [(1, 2), (3, 4), (5, 6)]), "tuning_seeds": [9]},
            "the settings of 'a' are not the same as JSON",
        ),
        ({"alternatives": {"a": {"size": {1, 2}}}}, "the settings of 'a' cannot be kept as JSON"),
        ({"alternatives": {"a": {"size": float("nan")}}}, "the settings of 'a' cannot be kept as JSON"),
        ({"reference": "c"}, "reference names 'c', which is no alternative"),
        ({"reference": {"a": "c"}}, "reference names 'c', which is no alternative"),
        ({"reference": {"a": "a"}}, "'a' is its own reference"),
        ({"cells": {"x": ["a"]}}, "cells are asked of a metric with asks='no worse', and there is none"),
        ({"metrics": ASKING}, "'loss' asks whether a reference is no worse, and there is no reference"),
        (
            {"metrics": ASKING, "reference": "a", "cells": {"x": ["a"]}},
            "cell 'x' names 'a', which is compared with nothing",
        ),
        ({"metrics": ASKING, "reference": "a", "cells": {"x": []}}, "cell 'x' names no alternative"),
        (
            {"metrics": ASKING, "reference": "a", "cells": {"x[0]": ["b"]}},
            r"'x\[0\]' cannot be quoted by pages",
        ),
        (
            {"metrics": ASKING | {"speed": Metric(matters=1)}, "reference": "a"},
            "'loss' asks, and settings are chosen by it: say judges=True if it is to judge",
        ),
    ],
)
def test_a_study_that_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(DocsError, match=message):
        made(**changes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"matters": -1}, r"Metric\(matters=-1\): it is a number of at least 0"),
        ({"matters": 0, "tolerance": float("inf")}, r"Metric\(tolerance=inf\)"),
        ({"matters": 0, "better": "more"}, "it is 'higher' or 'lower'"),
        ({"matters": 0, "diverged": float("nan")}, "such as that of guessing"),
        ({"matters": 0, "failed": float("inf")}, r"Metric\(failed=inf\)"),
        ({"matters": 0, "asks": "best"}, r"Metric\(asks='best'\): it is 'better' or 'no worse'"),
        ({"matters": 0, "asks": "no worse"}, "needs a margin to be no worse by: matters above 0"),
        ({"matters": 1, "asks": "no worse", "judges": False}, "and no judges=False"),
        ({"matters": 0, "cases": 0}, r"Metric\(cases=0\): a share is of at least 1 test case"),
        ({"matters": 0, "cases": {"a": -1}}, "at least 1 test case"),
        ({"matters": 0, "format": ".1q"}, r"Metric\(format='.1q'\)"),
    ],
)
def test_a_metric_that_is_refused(arguments: dict[str, Any], message: str):
    with pytest.raises(DocsError, match=message):
        Metric(**arguments)


@pytest.mark.parametrize(
    ("values", "limits", "message"),
    [
        ([], (), "there is nothing to choose from"),
        ([1, 1, 2], (), "a value stands there twice"),
        ([3, 2, 1], (), "write the values from low to high"),
        ([1, 2], (), "every value is an end of the grid; give at least three"),
    ],
)
def test_a_grid_that_is_refused(values: list[Any], limits: tuple[Any, ...], message: str):
    with pytest.raises(DocsError, match=message):
        Tune("rate", values, limits)


def test_ends_are_edges_unless_nothing_lies_beyond_them():
    rate, strength = Tune("rate", [1, 2, 3]), Tune("p", [0, 0.2, 0.5], limits=[0])
    assert [rate.is_edge(value) for value in rate.values] == [True, False, True]
    assert [strength.is_edge(value) for value in strength.values] == [False, False, True]


def test_names_have_no_ends():
    schedule = Tune("schedule", ["cosine", "linear"])
    assert not any(schedule.is_edge(value) for value in schedule.values)
