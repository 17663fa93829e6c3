"""Verdicts that hang on what few tuning seeds chose are open, and values that they might have chosen are evaluated."""

from typing import Any

import numpy as np
import pytest

from verified_docs.base.errors import DocsError
from verified_docs.studies import summary
from verified_docs.studies.choosing import DRAWINGS
from verified_docs.studies.results import Results
from verified_docs.studies.runs import Run
from verified_docs.studies.worker import key
from verified_docs.study import Metric, Study, Tune

MADE = {"day": "2026-01-02", "processor": "P", "versions": {"python": "3.11"}}
TUNING = range(100, 105)
NEAR = {2: [1.0, 1.0, 1.0, 1.0, 1.0], 3: [2.0, 2.0, 2.0, -2.0, 0.5]}  # 2 leads by 0.1 on the tuning seeds
CLEAR = {2: [1.0, 1.0, 1.0, 1.0, 1.0], 3: [0.0, 0.0, 0.0, 0.0, 0.0]}


def results(tuning: dict[int, list[float]], third: float, **changes: Any) -> Results:
    """Of `a`, which has 0, and `b`, which has 2 at its second rate and `third` at its third."""

    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        of_b, rate = settings["name"] == "b", settings["rate"]
        chosen_by = tuning[rate][seed - 100] if seed >= 100 and of_b and rate in tuning else 1.0 * (rate == 2)
        judged = (2.0 if rate == 2 else third) * of_b + 0.01 * (seed % 3)
        return {"validation": chosen_by, "test": judged}

    study = Study(
        run=run,
        **{
            "alternatives": {"a": {"name": "a"}, "b": {"name": "b"}},
            "metrics": {"validation": Metric(matters=0.2), "test": Metric(matters=1.0, asks="no worse")},
            "seeds": range(10),
            "tune": Tune("rate", [1, 2, 3, 4]),
            "tuning_seeds": TUNING,
            "reference": "a",
            "second_choices": True,
            **changes,
        },
    )
    found = {}
    for name in study.alternatives:
        for value in (1, 2, 3, 4):
            for seed in (*study.seeds, *study.tuning_seeds):
                settings = study.settings(name, value)
                found[key(settings, seed)] = Run(settings, seed, run(settings, seed), 1.0, MADE)
    return Results(study, found)


def test_a_verdict_that_each_choice_comes_to_stands():
    found = results(NEAR, third=2.0)
    assert found.contenders("b") == [2, 3]
    assert found.difference("b", "test").verdict == "better"
    assert found.cells["a", "test"].verdict == "worse"
    assert found.steadiness("test").comparisons == {"b": 1.0}


def test_a_verdict_that_hangs_on_the_choice_is_open():
    found = results(NEAR, third=0.0)
    assert found.difference("b", "test").verdict == "open"
    assert found.cells["a", "test"].verdict == "open"
    steady = found.steadiness("test")
    assert 0.4 < steady.comparisons["b"] < 0.7
    assert steady.cells == {"a": steady.comparisons["b"]}


def test_without_second_choices_the_chosen_value_alone_decides():
    found = results(NEAR, third=0.0, second_choices=False)
    assert found.contenders("b") == [2]
    assert found.difference("b", "test").verdict == "better"
    assert found.steadiness("test").comparisons == {"b": 1.0}


def test_where_the_choice_is_clear_nothing_else_is_evaluated():
    found = results(CLEAR, third=0.0)
    assert found.contenders("b") == [2]
    assert found.difference("b", "test").verdict == "better"
    assert {run.settings["rate"] for run in found.used() if run.seed < 100} == {2}


def test_the_runs_of_second_choices_are_kept_with_the_others():
    evaluated = [run for run in results(NEAR, third=0.0).used() if run.seed < 100]
    assert sorted((run.settings["name"], run.settings["rate"]) for run in evaluated) == [
        *[("a", 2)] * 10,
        *[("b", 2)] * 10,
        *[("b", 3)] * 10,
    ]


def test_the_steadiness_is_the_share_of_drawings_that_come_to_the_same():
    found = results(NEAR, third=0.0)
    second = found._tuned["b"].choices([2, 3])
    assert found.steadiness("test").comparisons["b"] == pytest.approx(float(np.mean(second == 0)))
    assert len(second) == DRAWINGS


def test_tables_and_prose_tell_how_far_choices_lead_and_how_steady_verdicts_are():
    found = results(NEAR, third=0.0)
    table = summary.table(found)
    assert "In 1 of 2 choices the best value leads the next by less than 0.2." in table
    assert "In 1 other tuning seeds might have chosen otherwise" in table
    steady = found.steadiness("test").cells["a"]
    cell = table.split("\n\n")[1].splitlines()
    assert cell[1].split()[-1] == "steady"
    assert cell[2].split()[-1] == f"{steady:.1%}"
    values = summary.values(found, {})
    assert values["lead"] == pytest.approx({"a": 1.0, "b": 0.1})
    assert values["contenders"] == {"a": ["2"], "b": ["2", "3"]}
    assert values["cell_steady"] == {"test": {"a": steady}}
    assert values["steady"] == {"test": {"b": steady}}


def test_quiet_runs_take_the_least_seeds_and_others_as_many_as_their_spread_asks_for():
    def noisy(spread: float) -> Results:
        tuning = {2: [1.0, 1.0, 1.0, 1.0, 1.0], 3: [0.0] * 5}
        found = results(tuning, third=0.0, seeds=range(40), least_seeds=8, second_choices=False)
        runs = {
            name: Run(run.settings, run.seed, {**run.metrics, "test": spread * (-1) ** run.seed}, 1.0, MADE)
            if run.settings["name"] == "b"
            else run
            for name, run in found._runs.items()
        }
        return Results(found.study, runs)

    assert noisy(0.2).seeds("b") == list(range(8))
    # Of five tuning seeds, spread · (1, -1, 1, -1, 1) beside 0 to 0.02: s = 1.095 spread.
    assert 8 < len(noisy(1.2).seeds("b")) < 40
    assert noisy(9.0).seeds("b") == list(range(40))
    assert noisy(9.0).seeds("a") == list(range(40))  # whoever it is compared with has as many
    assert len(noisy(1.2).metric("b", "test")) == len(noisy(1.2).seeds("b"))
    assert "8 seeds" in summary.table(noisy(0.2))
    assert summary.values(noisy(9.0), {})["seeds_of"] == {"a": 40, "b": 40}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tuning_seeds": [100, 101]}, "second_choices needs at least 5 tuning_seeds"),
        (
            {"tuning_seeds": [100, 101], "second_choices": False, "least_seeds": 3},
            "least_seeds needs at least 5 tuning_seeds",
        ),
        ({"least_seeds": 1}, "least_seeds=1: at least 2"),
        (
            {"least_seeds": 3, "metrics": {"test": Metric(matters=1.0)}},
            "asked of a metric with asks='no worse', and there is none",
        ),
        ({"least_seeds": 11}, "at most the 10 of seeds"),
    ],
)
def test_a_pilot_too_small_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(DocsError, match=message):
        results(NEAR, 0.0, **changes)


def unquiet(gain: float) -> Results:
    """`b` gains that much, give or take 1.5; its rate is clear."""
    found = results(CLEAR, third=0.0)
    for run in found._runs.values():
        if run.settings["name"] == "b" and run.seed < 100:
            run.metrics["test"] = gain + (1.5 if run.seed % 2 else -1.5) + 0.01 * (run.seed % 3)
    return found


def test_of_a_cell_that_is_open_it_is_told_how_many_seeds_would_tell():
    found = unquiet(0.5)
    assert found.cells["a", "test"].verdict == "open"
    count = found.needs("a", "test")
    assert 50 < count < 70  # (1.645 + 0.842)² (1.58 / 0.5)² = 62
    assert f"a: {count} seeds would tell." in summary.table(found)
    assert summary.values(found, {})["cell_needs"] == {"test": {"a": f"{count} seeds"}}


def test_of_one_that_gains_what_matters_no_number_would():
    found = unquiet(1.0)
    assert "a: more than 1,000 seeds would tell." in summary.table(found)


def test_seeds_are_not_what_lacks_where_a_cell_is_decided_or_hangs_on_the_choice():
    for found in (unquiet(-9.0), results(NEAR, third=0.0)):
        assert found.needs("a", "test") is None
        assert "would tell" not in summary.table(found)
        assert summary.values(found, {})["cell_needs"] == {}
