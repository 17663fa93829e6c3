"""Prose as sentences: where each begins and ends, and what it quotes."""

import pytest
from toy_project import Project

from verified_docs.pages.page import Page
from verified_docs.pages.sentences import QUOTED, sentences
from verified_docs.records import record
from verified_docs.records.record import Record

FENCE = '```python\n--8<-- "snippets/one.py"\n```\n'


@pytest.fixture
def page(project: Project):
    snippet = project.snippet("one", "")
    record.save(snippet, Record(snippet.digest, "", values={"loss": 0.5}))
    return lambda text: Page(FENCE + text, "docs/p.md", project.config)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One here. Two\nthere? Three!", ["One here.", "Two there?", "Three!"]),
        ("It is {{ one.loss:.1f }}. {{ one.loss:.1f }} it is.", [f"It is {QUOTED}.", f"{QUOTED} it is."]),
        ("With .5 and e.g. this, it ends.", ["With .5 and e.g. this, it ends."]),
        ("**Bold.** *Then* more.", ["Bold.", "Then more."]),
        ("See [the page](a.md#b). `x. Y` is code.", ["See the page.", "is code."]),
        ("- One\n- Two\n  more\n1. Three", ["- One", "- Two more", "1. Three"]),
        ("| A | B. C |\n|---|---|\n| D | |", ["A", "B. C", "---", "---", "D"]),
        ("# Title\nText.\n\nMore.", ["# Title", "Text.", "More."]),
        ("One.\n\n```\nCode. Here\n```\n\nTwo.", ["One.", "Two."]),
    ],
)
def test_where_sentences_begin_and_end(page, text: str, found: list[str]):
    assert [one.text for one in sentences(page(text))] == found


def test_a_sentence_knows_its_line_its_section_and_what_stands_beside_it(page):
    found = sentences(page("One.\n\n## More\n\nTwo. Three\nis\nhere. Four."))
    assert [(one.text, one.line, one.above) for one in found if one.text in ("One.", "Four.")] == [
        ("One.", 4, 0),
        ("Four.", 10, 5),
    ]
    assert [one.text for one in found[-1].beside] == ["Two.", "Three is here.", "Four."]


def test_a_sentence_has_its_own_quotations_and_marks(page):
    first, second = sentences(page("A {{ one.loss:.1f }}<!-- rests on one: x > 1 -->. B <!-- TODO --> b."))
    assert [quote.value for quote in first.quotes] == ["loss"]
    assert (first.text, first.marks) == (f"A {QUOTED}.", ("one: x > 1",))
    assert (second.text, second.quotes, second.marks) == ("B b.", (), ())
