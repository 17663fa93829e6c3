"""A notebook for each program."""

import nbformat
from toy_project import Project

from verified_docs.records.record import Record
from verified_docs.site.notebooks import notebook


def test_it_holds_question_caption_program_and_results(project: Project):
    snippet = project.snippet("a", "\nprint('<script>')\n", "Is it so?\n\nThe curve goes up.\n")
    made = nbformat.reads(notebook(snippet, Record("", "<script>\n", figure="<svg/>\n")), as_version=4)
    nbformat.validate(made)
    title, program = made.cells
    assert title.source == "# Is it so?\n\nThe curve goes up."
    assert program.source == "print('<script>')"
    text, figure = program.outputs
    assert text.text == "<script>\n"
    assert figure.data == {"image/svg+xml": "<svg/>\n"}


def test_a_program_that_shows_nothing_has_no_outputs(project: Project):
    made = nbformat.reads(notebook(project.snippet("a", "x = 1"), Record("", "")), as_version=4)
    assert made.cells[1].outputs == []
    assert made.cells[0].source == "# Is it so?"


def test_it_is_the_same_each_time(project: Project):
    snippet, held = project.snippet("a", "print(1)"), Record("", "1\n")
    assert notebook(snippet, held) == notebook(snippet, held)
