"""A table on a page, from a JSON record."""

import json

import pytest
from markdown import Markdown
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page
from verified_docs.pages.tables import listed
from verified_docs.pages.tables import problems as problems_of
from verified_docs.pages.tables import shown as of
from verified_docs.site.consistency import problems

FULL = {"says": "fails", "why": "It is *full*."}


def record(project: Project, *rows, columns=("Piece", "alone", "together")) -> str:
    table = {"caption": "Made on 1 May.", "columns": list(columns), "rows": list(rows)}
    project.write("tests/table.json", json.dumps(table))
    return "tests/table.json"


def row(name: str, *cells) -> dict:
    return {"name": name, "page": f"a/{name}.md", "cells": list(cells)}


def shown(project: Project, path: str, place: str = "docs/table.md") -> list[str]:
    return listed(Page("", place, project.config), path).split("\n")


def test_a_row_links_its_name_and_has_a_cell_for_each_column(project: Project):
    path = record(project, row("one", [{"says": "works"}], [{"says": "works"}]))
    lines = shown(project, path)
    assert lines[:3] == [
        "| Piece | alone | together |",
        "| --- | --- | --- |",
        '| <span class="vd-name">[`one`](a/one.md)</span> | works | works |',
    ]
    assert "Made on 1 May." in lines
    assert shown(project, path, "docs/a/b/table.md")[2].startswith(
        '| <span class="vd-name">[`one`](../one.md)</span> |'
    )


def test_a_reason_stands_once_below_and_every_cell_that_has_it_leads_there(project: Project):
    other = {"says": "—", "why": "No."}
    lines = shown(project, record(project, row("one", [FULL], [other]), row("two", [other], [FULL])))
    assert (
        lines[2]
        == '| <span class="vd-name">[`one`](a/one.md)</span> | [fails&nbsp;1](#reason-1) | [—&nbsp;2](#reason-2) |'
    )
    assert (
        lines[3]
        == '| <span class="vd-name">[`two`](a/two.md)</span> | [—&nbsp;2](#reason-2) | [fails&nbsp;1](#reason-1) |'
    )
    assert lines[-2:] == [
        '1. <span id="reason-1"></span>It is &#42;full&#42;.',
        '2. <span id="reason-2"></span>No.',
    ]


def test_a_cell_may_say_what_it_is_in_each_of_several_cases(project: Project):
    cell = [{"says": "works", "of": "cup"}, FULL | {"of": "glass"}]
    assert shown(project, record(project, row("one", cell, cell)))[2].startswith(
        '| <span class="vd-name">[`one`](a/one.md)</span> | works (cup)<br>[fails&nbsp;1](#reason-1) (glass) |'
    )


def test_the_page_shows_it_and_the_reasons_have_the_anchors(project: Project):
    path = record(project, row("one", [FULL], [{"says": "a | b"}]))
    markdown = Markdown(
        extensions=["verified_docs.site.show", "tables"],
        extension_configs={"verified_docs.site.show": {"root": str(project.root)}},
    )
    html = markdown.convert(f"# Table\n\n{{{{ table {path} }}}}\n\nSay `{{{{ table {path} }}}}`.\n\nAfter.")
    assert html.count("<td>") == 3
    assert '<a href="#reason-1">fails&nbsp;1</a>' in html
    assert '<li><span id="reason-1"></span>It is &#42;full&#42;.</li>' in html
    assert "<td>a &#124; b</td>" in html
    assert html.count("{{ table") == 1
    assert html.endswith("<p>After.</p>")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "docs/table.md: shows a table of tests/table.json, which does not exist"),
        ("{", "tests/table.json: is no JSON"),
        ("[]", "tests/table.json: is no record of a table"),
        ('{"columns": ["a"]}', "tests/table.json: is no record of a table (KeyError: 'rows')"),
    ],
)
def test_what_is_no_record_of_a_table_is_named(project: Project, text, message):
    if text is not None:
        project.write("tests/table.json", text)
    project.write("docs/table.md", "# Table\n\n{{ table tests/table.json }}\n")
    with pytest.raises(DocsError) as raised:
        shown(project, "tests/table.json")
    assert str(raised.value).startswith(message)
    (problem,) = problems(project.config)
    assert problem.startswith(message)


def test_a_row_of_another_length_is_named(project: Project):
    path = record(project, row("one", [{"says": "works"}]))
    with pytest.raises(DocsError, match="one has 1 cells, for 2 columns"):
        shown(project, path)


ROWS = [["Part", "Takes"], ["[One](a/one.md#top)", "*this* | that"]]


@pytest.fixture
def recorded(project: Project) -> Project:
    """A program whose `found` holds tables, right and wrong."""
    found = {
        "table": ROWS,
        "ragged": [["a", "b"], ["c"]],
        "numbers": [["a"], [1]],
        "head": [["a"]],
        "text": "a",
    }
    project.record(project.snippet("x/a", f"found = {found!r}"))
    return project


def test_a_recorded_value_is_a_table_whose_links_lead_from_the_page(recorded: Project):
    page = Page("{{ table x/a.found[table] }}", "docs/b/c.md", recorded.config)
    assert problems_of(page) == []
    assert of(page, "x/a.found[table]", line=1).split("\n") == [
        "| Part | Takes |",
        "| --- | --- |",
        "| [One](../a/one.md#top) | *this* &#124; that |",
    ]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("ragged", "row 1 of found has 1 cells, its heading 2"),
        ("numbers", "found is no table: a list of rows, each a list of texts, the heading first"),
        ("head", "found is no table"),
        ("text", "found is no table"),
        ("none", "has recorded no 'none'; it has table"),
    ],
)
def test_a_value_that_is_no_table_is_named(recorded: Project, key: str, said: str):
    page = Page(f"Text.\n\n{{{{ table x/a.found[{key}] }}}}", "docs/b.md", recorded.config)
    [problem] = problems_of(page)
    assert problem.startswith("docs/b.md:3: ")
    assert said in problem


def test_the_page_shows_the_table_and_says_where_it_is_not_recorded(recorded: Project):
    page = "{{ table x/a.found[table] }}"
    assert "<td><em>this</em> &#124; that</td>" in recorded.html(page)
    for path in (recorded.root / "snippets/x/results").iterdir():
        path.unlink()
    assert "(not recorded: snippets/x/a.py: has no record" in recorded.html(page, stale="mark")
    with pytest.raises(DocsError, match="has no record"):
        recorded.html(page)
