"""How long a page takes: words and lines of code that a reader has before them."""

import pytest
from toy_project import Project

from verified_docs.pages.page import Page, every_page
from verified_docs.pages.reading_time import minutes, problems

SETTINGS = """
[tool.verified_docs.reading]
pages = ["a/*.md"]
minutes = 2
apart = ["Papers"]
"""
WORDS = " ".join(["word"] * 200)  # a minute


def page(project: Project, *parts: str) -> Page:
    project.configure(data=SETTINGS)
    project.write("docs/a/one.md", "\n\n".join(["# One", *parts]) + "\n")
    return next(one for one in every_page(project.config) if one.place == "docs/a/one.md")


def test_two_hundred_words_take_a_minute_and_a_line_of_code_four_seconds(project: Project):
    assert minutes(page(project, WORDS)) == pytest.approx(1 + 1 / 200)  # the title, too
    fence = "\n".join(["```python", *["step()"] * 15, "", "```"])
    assert minutes(page(project, fence)) == pytest.approx(1 + 1 / 200)


def test_a_program_counts_by_its_lines_and_a_quote_is_a_word(project: Project):
    project.snippet("a/long", "\n".join(["x = 1"] * 14))
    lines = len(
        [line for line in project.snippet("a/long", "\n".join(["x = 1"] * 14)).source.split("\n") if line]
    )
    embedded = '```python\n--8<-- "snippets/a/long.py"\n```'
    assert minutes(page(project, embedded)) == pytest.approx(lines * 4 / 60 + 1 / 200)
    assert minutes(
        page(project, "It is {{ long.some[key of it]:.1f}} [here](../b/two.md#three-of-them).")
    ) == pytest.approx(5 / 200)


def test_what_is_folded_or_set_apart_does_not_count_and_what_follows_does(project: Project):
    folded = f'??? program "The program"\n\n    {WORDS}\n\n    {WORDS}'
    assert minutes(page(project, folded, WORDS)) == pytest.approx(1 + 4 / 200)  # its title is there to see
    opened = f'???+ program "The program"\n\n    {WORDS}'
    assert minutes(page(project, opened)) == pytest.approx(1 + 4 / 200)
    apart = f"## Papers\n\n{WORDS}\n\n### Of a kind\n\n{WORDS}"
    assert minutes(page(project, apart, "## When")) == pytest.approx(2 / 200)


def test_a_page_that_takes_longer_is_named_with_what_can_be_done(project: Project):
    assert problems([page(project, WORDS)]) == []
    [problem] = problems([page(project, WORDS, WORDS, WORDS)])
    assert problem.startswith("docs/a/one.md: takes 3.0 minutes to read, of 2; fold programs away")
