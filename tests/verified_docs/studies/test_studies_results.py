"""What runs say: the best value, intervals, verdicts, and how a diverged run counts."""

import math
from typing import Any

import numpy as np
import pytest
from toy_results import results, score

from verified_docs.base.errors import DocsError
from verified_docs.studies import summary
from verified_docs.study import Metric, Tune


def test_the_value_is_chosen_on_the_tuning_seeds_alone():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        best = 2 if seed >= 10 else 3
        return {"score": -abs(settings["rate"] - best)}

    found = results(run)
    assert found.best("a") == 2
    assert found.metric("a", "score").tolist() == [-1, -1, -1]


def test_lower_may_be_better():
    lower = {"score": Metric(matters=0.5, better="lower")}
    found = results(lambda settings, seed: {"score": -score(settings, seed)["score"]}, metrics=lower)
    assert found.best("b") == 2
    assert found.difference("b", "score").mean == pytest.approx(-3)
    assert found.difference("b", "score").verdict == "better"


def test_a_difference_is_taken_seed_by_seed():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        return {
            "score": 100.0 * seed
            + (settings["name"] == "b") * (1 + 0.1 * (seed == 2))
            - abs(settings["rate"] - 2)
        }

    difference = results(run).difference("b", "score")
    # 1, 1 and 1.1: mean 1.0333, s = 0.057735, half = 4.302653 * s / sqrt(3) = 0.143422.
    assert (difference.mean, difference.low, difference.high) == pytest.approx(
        (1.033333, 0.889912, 1.176755), rel=1e-6
    )
    assert difference.verdict == "better"
    assert results(run).mean("b", "score").high > 200


@pytest.mark.parametrize(
    ("gain", "verdict"), [(1.0, "better"), (-1.0, "worse"), (0.4, "equal"), (0.0, "equal"), (0.5, "open")]
)
def test_verdicts(gain: float, verdict: str):
    found = results(
        lambda settings, seed: {"score": gain * (settings["name"] == "b") - abs(settings["rate"] - 2)}
    )
    assert found.difference("b", "score").verdict == verdict


def test_verdicts_are_corrected_for_how_many_there_are():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        gain = (1.0, 1.1, 1.3)[seed % 3] if settings["name"] == "b" else 0.0
        return {"score": gain - abs(settings["rate"] - 2)}

    alone = results(run).difference("b", "score")
    others = {name: {"name": name} for name in "abcde"}
    among = results(run, alternatives=others).difference("b", "score")
    assert alone.verdict == "better"
    assert among.verdict == "open"
    assert among.p == pytest.approx(4 * alone.p)
    assert (among.low, among.high) == (alone.low, alone.high)


def test_a_value_that_diverges_comes_last_whatever_its_mean():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        lost = settings["rate"] == 2 and seed == 10
        return {"score": 99.0 if settings["rate"] == 2 else 1.0, "losses": [1.0, math.nan if lost else 0.5]}

    found = results(run, tune=Tune("rate", [0, 1, 2, 3]))
    assert found.best("a") == 1
    assert found.diverged("a", tuning=True) == 1
    assert found.diverged("a") == 0


def test_an_alternative_that_always_diverges_is_a_result():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        return {"score": math.nan if settings["name"] == "b" else 1.0 - abs(settings["rate"] - 2)}

    seeds = {"seeds": range(20, 30), "metrics": {"score": Metric(matters=0.5, diverged=0.1)}}
    found = results(run, **seeds)
    assert found.at_edge() == []
    assert found.diverged("b") == 10
    assert found.failed("b", "score").all()
    assert math.isnan(found.difference("b", "score").mean)
    assert math.isnan(found.mean("b", "score").mean)
    assert found.difference("b", "score").verdict == "worse"
    # Of the 184,756 ways in which ten failures fall on twenty runs, one; two sides, and two tests in place of one.
    assert found.difference("b", "score").p == pytest.approx(4 / 184_756)
    assert found.metric("b", "score").tolist() == [0.1] * 10
    table = summary.table(found)
    assert "b: 10 of 10 runs diverged, 6 of 6 while it was tuned." in table
    assert table.splitlines()[3].split() == [
        "b",
        "2",
        "10",
        "of",
        "10",
        "nan",
        "none",
        "+nan",
        "none",
        "worse",
    ]
    assert "Failed runs are counted; means, intervals and differences are of the others." in table


def test_a_run_that_fails_is_counted_and_not_averaged():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        lost = settings["name"] == "b" and seed in (20, 21)
        return {"score": 0.1 if lost else 0.7 + 0.001 * seed}

    metrics = {"score": Metric(matters=0.01, failed=0.1, format=".2f")}
    found = results(run, seeds=range(20, 30), metrics=metrics)
    assert found.failed("b", "score").tolist() == [True] * 2 + [False] * 8
    assert found.mean("b", "score").mean == pytest.approx(0.7 + 0.001 * 25.5)
    assert found.difference("b", "score").mean == pytest.approx(0)
    assert found.difference("b", "score").verdict == "open"  # it is equal where it does not fail
    lines = summary.table(found).splitlines()
    assert lines[1].split() == [
        "rate",
        "failed",
        "mean",
        "95%",
        "interval",
        "against",
        "a",
        "95%",
        "interval",
        "verdict",
    ]
    assert lines[2].split()[:3] == ["a", "2", "0.72"]
    assert lines[3].split()[:5] == ["b", "2", "2", "of", "10"]
    values = summary.values(found, {})
    assert values["failed"] == {"score": {"a": 0, "b": 2}}


def test_where_lower_is_better_a_run_fails_above():
    metrics = {"score": Metric(matters=0.5, better="lower", failed=3.0)}
    found = results(score, metrics=metrics)
    assert found.failed("b", "score").all()
    assert not found.failed("a", "score").any()


def test_a_best_value_at_an_end_says_which_way_to_go():
    assert results(lambda settings, seed: {"score": settings["rate"]}).at_edge() == [
        "a: rate 3 is best and the highest of its grid; widen it with higher values",
        "b: rate 3 is best and the highest of its grid; widen it with higher values",
    ]
    low = results(lambda settings, seed: {"score": -settings["rate"]})
    assert low.at_edge()[0].endswith("lowest of its grid; widen it with lower values")


def test_a_limit_is_no_end():
    found = results(
        lambda settings, seed: {"score": -settings["rate"]}, tune=Tune("rate", [0, 1, 2], limits=[0])
    )
    assert found.best("a") == 0
    assert found.at_edge() == []


def test_of_equal_values_one_inside_is_chosen():
    assert results(lambda settings, seed: {"score": 1.0}).best("a") == 2


def test_curves_and_lists_are_arrays_to_draw():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        return {**score(settings, seed), "losses": [1.0] * (1 + seed % 2)}

    found = results(run)
    values, means = found.tuning_curve("a")
    assert values == [1, 2, 3]
    assert means.tolist() == pytest.approx([1.05, 2.05, 1.05])
    assert found.tuning_runs("a").shape == (3, 2)
    losses = found.metric("a", "losses")
    assert np.array_equal(losses, [[1, np.nan], [1, 1], [1, np.nan]], equal_nan=True)
    assert found.tuning_runs("a", "losses").shape == (3, 2, 2)


def test_without_tuning_and_without_reference_there_are_means_alone():
    found = results(lambda settings, seed: {"score": float(seed)}, tune=None, tuning_seeds=[], reference=None)
    assert found.best("a") is None
    assert found.mean("a", "score").mean == 1
    with pytest.raises(DocsError, match="'a' has no reference"):
        found.difference("a", "score")
    with pytest.raises(DocsError, match="nothing is chosen for 'a'"):
        found.tuning_curve("a")
    assert summary.table(found).splitlines()[:3] == [
        "score: higher is better",
        "   mean   95% interval",
        "a     1  -1.48 to 3.48",
    ]
    assert len(found.used()) == 6


def test_an_unknown_metric_is_named_with_those_there_are():
    with pytest.raises(DocsError, match="run returned no 'speed'; it returned score"):
        results(score).metric("a", "speed")


def test_the_table_shows_the_chosen_values_and_the_verdicts():
    assert (
        summary.table(results(score, metrics={"score": Metric(matters=0.5, format=".2f")}))
        == """\
score: higher is better; a difference of 0.50 matters
   rate  mean  95% interval  against a    95% interval  verdict
a     2  1.10  0.85 to 1.35
b     2  4.10  3.85 to 4.35      +3.00  +3.00 to +3.00  better

3 seeds, settings chosen on 2 others by score.
In 0 of 2 choices the best value leads the next by less than 0.50.
Intervals: Student's t; those of differences, seed by seed.
Better and worse: by more than matters; equal: by less; open: neither is shown.
"""
    )


def test_the_metric_to_choose_by_has_no_table_beside_others():
    def two(settings, seed):
        measured = score(settings, seed)
        return measured | {"check": measured["score"]}

    metrics = {"check": Metric(matters=0.5), "score": Metric(matters=0.5)}
    table = summary.table(results(two, metrics=metrics, choose="check"))
    assert table.startswith("score: higher is better")
    assert "check: " not in table
    assert "Holm" not in table  # one comparison is left
    values = summary.values(results(two, metrics=metrics, choose="check"), {})
    assert list(values["verdict"]) == list(values["p"]) == ["score"]
    assert list(values["difference"]) == ["check", "score"]


def test_the_metric_to_choose_by_judges_where_it_is_declared():
    def two(settings, seed):
        measured = score(settings, seed)
        return measured | {"check": measured["score"]}

    metrics = {"check": Metric(matters=0.5, judges=True), "score": Metric(matters=0.5)}
    found = results(two, metrics=metrics, choose="check")
    assert found.difference("b", "check").verdict == "better"
    assert "\ncheck: " in summary.table(found)
    quiet = {
        "check": Metric(matters=0.5),
        "score": Metric(matters=0.5),
        "more": Metric(matters=1, judges=False),
    }
    assert results(two, metrics=quiet, choose="check").study.judging == ["score"]


def test_a_metric_that_asks_whether_the_default_is_no_worse_has_a_table_of_cells():
    gains = {"default": 0.0, "b": -2.0, "c": 0.4, "d": 0.6}

    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        return {"score": gains[settings["name"]] + 0.01 * (seed % 3)}

    alternatives = {name: {"name": name} for name in gains}
    metrics = {"score": Metric(matters=0.5, asks="no worse", format=".2f")}
    cells = {"one": ["b"], "two": ["b", "c"], "three": ["c", "d"], "four": ["c"]}
    found = results(run, alternatives=alternatives, metrics=metrics, reference="default", cells=cells)
    assert {cell: one.verdict for (cell, _), one in found.cells.items()} == {
        "one": "better",
        "two": "safe",
        "three": "worse",
        "four": "equal",
    }
    assert found.cells["two", "score"].closest == "c"
    table = summary.table(found)
    assert (
        """
score: is the default no worse than any alternative, by 0.50?
       closest alternative  difference    95% interval  verdict
one    b                         -2.00  -2.00 to -2.00  better
two    c                         +0.40  +0.40 to +0.40  safe
three  d                         +0.60  +0.60 to +0.60  worse
four   c                         +0.40  +0.40 to +0.40  equal
"""
        in table
    )
    assert "over the default, for all 4 together (Holm)." in table
    values = summary.values(found, {})
    assert values["cell"]["score"]["two"] == "safe"
    assert values["cell_closest"]["score"]["two"] == "c"
    whole = results(run, alternatives=alternatives, metrics=metrics, reference="default")
    assert whole.study.cells == {"default": ["b", "c", "d"]}


def test_what_other_test_cases_would_change_is_said():
    metrics = {"score": Metric(matters=0.05, cases={"a": 400}, format=".3f")}
    found = results(lambda settings, seed: {"score": 0.5 + 0 * seed}, metrics=metrics)
    # 1.96 * sqrt(0.5 * 0.5 / 400)
    assert summary.values(found, {})["other_cases"] == {"score": {"a": pytest.approx(0.049)}}
    assert "others would move score by up to 0.049 with 400 of them (95%, binomial)." in summary.table(found)
    assert summary.values(results(score), {})["other_cases"] == {}


def test_alternatives_may_choose_different_things_and_have_references_of_their_own():
    tune = {"a": Tune("rate", [1, 2, 3]), "b": None, "c": Tune("p", [0, 1, 2])}
    alternatives = {"a": {"name": "a"}, "b": {"name": "b", "rate": 2}, "c": {"name": "b", "rate": 1}}
    found = results(score, alternatives=alternatives, tune=tune, reference={"a": "b", "c": "a"})
    lines = summary.table(found).splitlines()
    assert lines[1].split()[:3] == ["chosen", "mean", "95%"]
    assert "difference" in lines[1]
    assert lines[2].startswith("a  rate 2")
    assert lines[3].startswith("b       –")
    assert lines[4].startswith("c     p 1")


def test_prose_finds_numbers_by_metric_and_alternative():
    values = summary.values(results(score), {"more": 1})
    assert values["best"] == {"a": 2, "b": 2}
    assert values["mean"]["score"]["b"] == pytest.approx(4.1)
    assert values["low"]["score"]["b"] < 4.1 < values["high"]["score"]["b"]
    assert values["difference"]["score"] == {"b": pytest.approx(3)}
    assert values["difference_low"]["score"]["b"] == pytest.approx(3)
    assert values["verdict"]["score"]["b"] == "better"
    assert values["tuning"]["a"] == {"1": 1.05, "2": 2.05, "3": 1.05}
    assert values["diverged"] == {"a": 0, "b": 0}
    assert (values["seeds"], values["tuning_seeds"], values["runs"]) == (3, 2, 18)
    assert values["minutes"] == pytest.approx(18 * 1.5 / 60)
    assert (values["day"], values["processor"], values["versions"]) == ("2026-01-02", "P", {"python": "3.11"})
    assert values["numbers"] == {"more": 1}
