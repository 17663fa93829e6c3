"""Every value that a study tried, in a table: what a reader would have got with another one."""

import re
from typing import Any

import pytest
from toy_results import results, score

from verified_docs.site.values_table import values_html
from verified_docs.studies import summary
from verified_docs.study import Metric, Tune


def shown(**changes: Any) -> str:
    metrics = {"score": Metric(matters=0.5, format=".2f")}
    return values_html(summary.values(results(score, **{"metrics": metrics, **changes}), {}))


def rows(html: str) -> list[list[str]]:
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]


def test_each_alternative_has_what_each_value_gave_and_the_best_stands_out():
    html = shown()
    assert "What if? Score for every rate that was tried" in html
    assert 'data-parameter="rate"' in html
    # Seeds 10 and 11 add 1.05 in the mean; a value off the best costs 1.
    assert rows(html) == [
        ["", "1", "2", "3"],
        ["a", "1.05", "<strong>2.05</strong>", "1.05"],
        ["b", "4.05", "<strong>5.05</strong>", "4.05"],
    ]


def test_where_grids_differ_a_value_that_was_not_tried_is_empty():
    grids = {"a": Tune("rate", [1, 2, 3]), "b": Tune("rate", [0.5, 2, 10])}
    head, a, b = rows(shown(tune=grids))
    assert head == ["", "0.5", "1", "2", "3", "10"]
    assert a[1] == a[5] == "" == b[2] == b[4]


def test_values_may_be_names():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        return {"score": {"low": 1.0, "<high>": 2.0}[settings["how"]] + 0.1 * seed}

    html = shown_of(run, tune=Tune("how", ["low", "<high>"]))
    assert rows(html)[0] == ["", "&lt;high&gt;", "low"]


def shown_of(run: Any, **changes: Any) -> str:
    return values_html(summary.values(results(run, **changes), {}))


@pytest.mark.parametrize(("count", "has_one"), [(40, True), (41, False)])
def test_a_study_of_very_many_has_none(count: int, has_one: bool):
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        return {"score": 0.1 * seed - abs(settings["rate"] - 2)}

    names = [str(number) for number in range(count)]
    html = shown_of(run, alternatives={name: {"name": name} for name in names}, reference="0")
    assert bool(html) == has_one


def test_where_nothing_is_tuned_there_is_nothing_to_ask():
    def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        return {"score": 0.1 * seed}

    assert shown_of(run, tune=None, tuning_seeds=[]) == ""
    assert values_html({}) == ""
