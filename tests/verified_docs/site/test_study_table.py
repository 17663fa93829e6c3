"""A study's table on a page: what was decided, then each alternative with its bar, its difference and its verdict."""

import re
from typing import Any

import pytest
from toy_results import results

from verified_docs.site.study_table import tables_html
from verified_docs.studies import summary
from verified_docs.study import Metric

LIFT = {"a": 0.0, "b": 0.3, "c": 0.002}


def run(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    lost = settings["name"] == "c" and seed == 2
    base = 0.5 + LIFT[settings["name"]] + 0.01 * seed - 0.1 * abs(settings["rate"] - 2)
    return {"score": float("nan") if lost else base}


def shown(**changes: Any) -> str:
    names = {"alternatives": {name: {"name": name} for name in LIFT}}
    metric = Metric(matters=0.05, format=".1%", **changes)
    return tables_html(summary.values(results(run, metrics={"score": metric}, **names), {}))


def rows(html: str) -> list[list[str]]:
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", html)
    ]


def test_each_alternative_has_its_row_and_differences_of_shares_are_points():
    html = shown()
    assert "score: higher is better; a difference of 5 points matters" in html
    assert "Of 2 differences from a reference: 1 ▲&nbsp;better (b), 1 ○&nbsp;open." in re.sub(
        "<[^>]+>", "", html
    )
    assert rows(html) == [
        ["", "chosen", "mean", "", "95% interval", "difference, points", "verdict"],
        ["a", "2", "51.0%", "", "48.5 to 53.5%", "", "reference"],
        ["b", "2", "81.0%", "", "78.5 to 83.5%", "+30.0 (+30.0 to +30.0)", "▲&nbsp;better"],
        ["c", "2", "1 failed 50.7%", "", "44.3 to 57.1%", "+0.2 (+0.2 to +0.2)", "○&nbsp;open"],
    ]


def test_bars_share_a_scale_from_the_least_end_to_the_highest():
    ends = re.findall(r'd="M([\d.]+) 4H([\d.]+)M', shown())
    low, high = 0.443, 0.835  # of c and of b
    assert [[float(one) for one in pair] for pair in ends] == [
        pytest.approx([3 + 94 * (one - low) / (high - low) for one in pair], abs=0.5)
        for pair in [(0.485, 0.535), (0.785, 0.835), (0.443, 0.571)]
    ]


def test_columns_are_sorted_by_numbers_and_not_by_what_is_shown():
    values = re.findall(r'<td data-head="mean" data-value="([^"]*)"', shown())
    assert [float(value) for value in values] == pytest.approx([0.51, 0.81, 0.507])


def test_a_question_about_a_default_is_a_folded_table_with_its_answer():
    html = shown(asks="no worse", judges=True)
    summaries = re.findall(r"<summary[^>]*>(.*?)</summary>", html)
    assert [re.sub("<[^>]+>", "", one) for one in summaries] == [
        "a: ▼&nbsp;worse; closest is b, +30.0 points (+30.0 to +30.0)"
    ]
    assert [row[0] for row in rows(html)] == ["", "a", "b", "c"]  # the reference stands first


def test_where_every_run_failed_there_is_no_bar_and_no_number():
    names = {"alternatives": {name: {"name": name} for name in LIFT}}
    metric = Metric(matters=0.05, format=".1%", failed=0.9)
    html = tables_html(summary.values(results(run, metrics={"score": metric}, **names), {}))
    assert rows(html)[2] == ["b", "2", "3 failed –", "", "–", "–", "○&nbsp;open"]
    assert "<svg" not in html
    assert "nan" not in html


def test_names_are_escaped_and_a_study_that_is_not_recorded_has_no_table():
    names = {"alternatives": {"a": {"name": "a"}, "<b>": {"name": "b"}}}
    html = tables_html(summary.values(results(run, metrics={"score": Metric(matters=0.05)}, **names), {}))
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "difference, points" not in html  # of what is no share
    assert tables_html({}) == ""


def test_an_open_question_says_what_it_would_take():
    def spread(settings: dict[str, Any], seed: int) -> dict[str, Any]:
        sign = 1 if seed % 2 else -1
        return {"score": 0.5 + 0.1 * sign * (settings["name"] == "b") - 0.1 * abs(settings["rate"] - 2)}

    metric = Metric(matters=0.05, format=".1%", asks="no worse", judges=True)
    values = summary.values(results(spread, metrics={"score": metric}), {})
    told = values["cell_needs"]["score"]["a"]
    assert re.fullmatch(r"\d+ seeds", told)
    assert f"; {told} would tell</summary>" in tables_html(values)
