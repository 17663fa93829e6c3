"""What runs on another kind of processor are held to: cases by hand, scipy as an oracle, what it costs, by simulation."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import studies_elsewhere_simulated as simulation
from scipy import stats
from studies_elsewhere_simulated import Found, Recorded

from verified_docs.base.config import find
from verified_docs.pages.page import Page
from verified_docs.pages.tables import listed
from verified_docs.programs.study_file import every_study
from verified_docs.studies import elsewhere
from verified_docs.studies.runs import Run
from verified_docs.study import Metric, Study

CONFIG = find(Path(__file__).parent)
NUMBER = re.compile(r"\d[\d.]*(?<!\.)")
LOSS = {"loss": Metric(matters=0.1, tolerance=0.5)}


def study(**changes) -> Study:
    """Of which seeds 0 to 9 are compared."""
    return Study(
        **{
            "run": lambda settings, seed: {"loss": 0.0},
            "alternatives": {"one": {"width": 1}},
            "metrics": LOSS,
            "seeds": range(10),
            **changes,
        }
    )


def cell(width: int, losses: list[float], first: int = 0, **more: list[float]) -> list[Run]:
    """Runs of the same settings."""
    numbers = [
        dict(zip(("loss", *more), row, strict=True)) for row in zip(losses, *more.values(), strict=True)
    ]
    return [Run({"width": width}, seed, one, 1.0, {}) for seed, one in enumerate(numbers, first)]


def spread(by: float, seeds: int = 10) -> list[float]:
    return [by * seed for seed in range(seeds)]


# The interval


def test_the_interval_of_three_numbers_by_hand():
    # Mean 2, s = 1, sqrt(1 + 1/3) = 1.154701, t = 31.59905 for two degrees of freedom and 99.9%.
    low, high = elsewhere.interval([1.0, 2.0, 3.0], 0.0)
    assert (low, high) == pytest.approx((2 - 36.48744, 2 + 36.48744))


def test_the_interval_is_students_for_one_more():
    # One more number minus the mean of n has variance 1 + 1/n.
    values = np.random.default_rng(0).normal(1, 2, 10)
    half = stats.t(9).ppf(0.9995) * values.std(ddof=1) * math.sqrt(1.1)
    assert elsewhere.interval(values, 0.0) == pytest.approx((values.mean() - half, values.mean() + half))


def test_many_intervals_are_those_of_each():
    values = np.random.default_rng(0).normal(size=(2, 3, 8))
    low, high = elsewhere.interval(values, 0.1)
    assert low.shape == high.shape == (2, 3)
    assert (low[1, 2], high[1, 2]) == pytest.approx(elsewhere.interval(values[1, 2], 0.1))


def test_of_normal_numbers_999_in_1000_lie_within():
    values = np.random.default_rng(0).normal(size=(200_000, 11))
    low, high = elsewhere.interval(values[:, 1:], 0.0)
    outside = ((values[:, 0] < low) | (values[:, 0] > high)).mean()
    assert outside == pytest.approx(0.001, abs=0.0002)


def test_the_interval_is_no_narrower_than_the_tolerance():
    assert elsewhere.interval([0.5] * 8, 0.25) == (0.25, 0.75)
    assert elsewhere.interval([1.0, 2.0, 3.0], 36.0) == elsewhere.interval([1.0, 2.0, 3.0], 0.0)


# Which runs


def test_runs_on_seeds_that_settings_were_chosen_by_are_no_measure():
    runs = [*cell(1, spread(0.1)), *cell(1, [9.0, 9.0], first=100)]
    assert [[run.seed for run in runs] for runs in elsewhere.evaluated(runs, study())] == [list(range(10))]


def test_eight_seeds_are_enough_and_seven_are_not():
    runs = [*cell(1, spread(0.1, seeds=8)), *cell(2, spread(0.1, seeds=7))]
    assert [runs[0].settings["width"] for runs in elsewhere.evaluated(runs, study())] == [1]
    assert elsewhere.comparable(cell(2, spread(0.1, seeds=7)), study()) == []


def test_seeds_that_diverged_do_not_count_to_the_eight_and_are_kept_beside_them():
    two, three = [math.nan] * 2 + spread(0.1, seeds=8), [math.inf] * 3 + spread(0.1, seeds=7)
    [held] = elsewhere.evaluated([*cell(1, two), *cell(2, three)], study())
    assert len(held) == 10
    assert held[0].settings["width"] == 1


def test_the_half_of_the_settings_that_spread_least_is_made_again():
    runs = [run for width in range(5) for run in cell(width, spread(0.1 * (width + 1)))]
    assert {run.settings["width"] for run in elsewhere.comparable(reversed(runs), study())} == {0, 1, 2}


def test_the_metric_by_which_settings_are_chosen_says_which_spread_least():
    metrics = LOSS | {"accuracy": Metric(matters=0.1)}
    runs = [*cell(1, spread(0.1), accuracy=spread(0.2)), *cell(2, spread(0.2), accuracy=spread(0.1))]
    for metric, width in (("loss", 1), ("accuracy", 2)):
        chosen = elsewhere.comparable(runs, study(metrics=metrics, choose=metric))
        assert {run.settings["width"] for run in chosen} == {width}


# What is told


@pytest.mark.parametrize(("new", "told"), [(1.49, False), (1.51, True), (0.51, False), (0.49, True)])
def test_a_number_outside_is_told_on_either_side(new: float, told: bool):
    found = elsewhere.differences(LOSS, [{"loss": 1.0}] * 8, {"loss": new})
    assert found == (
        [f"loss is {new}, outside the 99.9% prediction interval of 8 recorded runs, 0.5 to 1.5"]
        if told
        else []
    )


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf])
def test_a_run_may_diverge_only_where_runs_diverged(lost: float):
    whole = [{"loss": 1.0}] * 8
    assert elsewhere.differences(LOSS, whole, {"loss": lost}) == [
        f"loss is {lost}, and none of 8 recorded runs diverged"
    ]
    assert elsewhere.differences(LOSS, [*whole, {"loss": math.nan}], {"loss": lost}) == []


def test_what_diverged_widens_no_interval():
    held = [*[{"loss": 1.0}] * 8, {"loss": math.inf}]
    [told] = elsewhere.differences(LOSS, held, {"loss": 2.0})
    assert told.endswith("of 8 recorded runs, 0.5 to 1.5")


# What it costs and finds


@pytest.fixture(scope="module")
def studies() -> dict[str, Recorded]:
    return {file.name: Recorded.of(file) for file in every_study(CONFIG)}


def simulated(recorded: Recorded, seeds: int) -> Found:
    return simulation.simulated(recorded, *simulation.drawn(recorded, seeds, tried=20_000))


@pytest.mark.parametrize("seeds", [8, 10])
def test_about_one_right_run_in_a_thousand_is_called_wrong(studies: dict[str, Recorded], seeds: int):
    alarms = [simulated(one, seeds).alarms for one in studies.values()]
    assert np.mean(alarms) < 0.0015
    assert max(alarms) < 0.006  # of the most skewed


def test_a_run_that_is_very_wrong_is_found_where_seeds_are_alike_and_not_where_they_are_not():
    def of(by: float) -> Found:
        values = np.random.default_rng(1).normal(0.8, by, (1, 6, 10))
        metrics = {"accuracy": Metric(matters=0.01, format=".1%")}
        return simulated(Recorded(metrics, 0, values), 10)

    assert of(0.002).seen["accuracy"] == 1
    assert of(0.05).seen["accuracy"] < 0.05


def test_the_record_is_what_is_simulated():
    held, now = simulation.load(), simulation.table(CONFIG)
    said, says = (list(texts(record)) for record in (held, now))
    assert [NUMBER.sub("0", one) for one in said] == [NUMBER.sub("0", one) for one in says], (
        simulation.COMMAND
    )
    # Another release of NumPy may draw other numbers, which changes a part of 50,000 by so much.
    for old, new in zip(said, says, strict=True):
        numbers = [[float(one) for one in NUMBER.findall(text.replace(",", ""))] for text in (old, new)]
        assert numbers[0] == pytest.approx(numbers[1], abs=1), f"{old}, now {new}: {simulation.COMMAND}"


def texts(record: dict) -> Iterator[str]:
    """What a table says, its numbers among it."""
    yield from (record["caption"], *record["columns"])
    for row in record["rows"]:
        yield from (row["name"], row["page"])
        for cell in row["cells"]:
            yield from (f"{one['says']} {one.get('of', '')}" for one in cell)


def test_the_record_is_a_table_for_a_page():
    path = simulation.PATH.relative_to(CONFIG.root).as_posix()
    lines = listed(Page("", "docs/verified.md", CONFIG), path).split("\n")
    assert sum("[`studies/" in line for line in lines) == len(list(every_study(CONFIG)))
    assert "](optimizers/index.md)" in "\n".join(lines)
