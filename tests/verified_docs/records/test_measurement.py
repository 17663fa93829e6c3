"""Prose quotes measured times by the benchmark's name."""

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page
from verified_docs.records.measurement import Measurement


def _page(project: Project, text: str) -> Page:
    return Page(text, "docs/page.md", project.config)


def test_a_measurement_is_quoted_by_its_name_and_key(project: Project):
    Measurement("benchmarks/cost", project.config).save({"relative": {"SELU": 1.234}, "day": "2026-01-02"})
    text = "SELU takes {{ benchmarks/cost.relative[SELU]:.1f }} times as long ({{ benchmarks/cost.day }})."
    assert _page(project, text).with_quotes() == "SELU takes 1.2 times as long (2026-01-02)."


def test_a_measurement_that_was_not_made_is_named_with_the_way_out(project: Project):
    with pytest.raises(
        DocsError, match=r"benchmarks/results/cost\.json does not exist; measure it: nox -s benchmarks"
    ):
        _page(project, "{{ benchmarks/cost.x }}").with_quotes()


def test_a_value_that_was_not_measured_names_the_page_and_what_there_is(project: Project):
    Measurement("benchmarks/cost", project.config).save({"relative": 1.5})
    with pytest.raises(
        DocsError, match=r"docs/page\.md:1: benchmarks/cost has recorded no 'x'; it has relative"
    ):
        _page(project, "{{ benchmarks/cost.x }}").with_quotes()


def test_a_damaged_measurement_is_named(project: Project):
    measurement = Measurement("benchmarks/cost", project.config)
    measurement.save({"x": 1.5})
    measurement.path.write_text("{")
    with pytest.raises(DocsError, match=r"cost\.json is no JSON"):
        measurement.record()
