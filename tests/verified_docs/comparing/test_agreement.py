"""A run is held to its record; `--record` accepts what is new and leaves what is not."""

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.comparing.agreement import complaint
from verified_docs.pages.page import Page
from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.running.runner import Results
from verified_docs.verifying.accept import accept

# name: (what was recorded, what comes now, what is said before the way out)
CHANGED = {
    "number": (
        "print('epoch 1')\nprint('loss 0.5')",
        "print('epoch 1')\nprint('loss 0.7')",
        "  line 2 of its output: 0.7 instead of 0.5; allowed is ±0.1\n    Expected: loss 0.5\n    Got:      loss 0.7",
    ),
    "count": (
        "print(1, 2, 3)",
        "print(1, 2)",
        "  line 1 of its output: 2 numbers instead of 3\n    Expected: 1 2 3\n    Got:      1 2",
    ),
    "text": (
        "print('up')",
        "print('down')",
        "  line 1 of its output: the text changed\n    Expected: up\n    Got:      down",
    ),
    "more": (
        "print('a')",
        "print('a')\nprint('b')",
        "  line 2 of its output: a line more than recorded\n    Expected: (nothing)\n    Got:      b",
    ),
    "silent": (
        "print('a')",
        "x = 1",
        "  line 1 of its output: a line less than recorded\n    Expected: a\n    Got:      (nothing)",
    ),
}
# The same of figures: `draw` stands in the module that the programs import.
FIGURES = {
    "lost_figure": ("draw(1)", "x = 1", "  its figure: Expected: one. Got: none"),
    "new_figure": ("x = 1", "draw(1)", "  its figure: Expected: no figure. Got: one"),
    "figure_data": ("draw(1)", "draw(2)", "  its figure: axes 1, line 1, y: 2 instead of 1; allowed is ±"),
}
# What the programs print comes from a module, so that they themselves do not change.
PROGRAM = "from library import {name}"
LIBRARY = """
def draw(height):
    import matplotlib.pyplot as plt
    plt.ylim(0, 3)
    plt.plot([0, height])
    plt.show()

"""
CAPTION = "Is it so?\n\nA line.\n"


def results(text: str = "", **values: object) -> Results:
    return Results(text, None, [], values, seconds=0.5)


def write(project: Project, cases: dict[str, tuple[str, str, str]], which: int) -> None:
    """Make the modules give what was recorded (0) or what comes now (1)."""
    for name, case in cases.items():
        project.write(f"library/{name}.py", (LIBRARY if cases is FIGURES else "") + case[which])


def differing(project: Project, cases: dict[str, tuple[str, str, str]]) -> None:
    """Record, change, and see each difference told while the records stay as they were."""
    write(project, cases, 0)
    project.record(*(project.snippet(name, PROGRAM.format(name=name), CAPTION) for name in cases))
    before = project.records()
    write(project, cases, 1)
    run = project.pytest("snippets")
    assert run.code == 1
    assert run.outcomes == dict.fromkeys(cases, "failed")
    for name, (_, _, said) in cases.items():
        whole = f"snippets/{name}.py: does not give what its record says\n{said}"
        assert whole in run.output
        accepting = f"If the new results are right, accept them: nox -s record -- snippets/{name}.py"
        assert accepting in run.output[run.output.index(whole) :]
    assert project.records() == before


def test_a_difference_is_shown_as_expected_and_got_with_the_way_to_accept_it(project: Project):
    differing(project, CHANGED)
    before = project.records()
    assert project.pytest("snippets", "--record").outcomes == dict.fromkeys(CHANGED, "recorded")
    assert before.keys() - project.records().keys() == {"snippets/results/silent.txt"}
    assert project.pytest("snippets").outcomes == dict.fromkeys(CHANGED, "unchanged")


def test_a_figure_more_or_less_or_with_other_data_is_told(project: Project):
    project.configure('preload = ["matplotlib.pyplot"]')
    differing(project, FIGURES)


def test_what_is_new_stale_or_torn_is_refused_until_it_is_recorded(project: Project):
    names = ["new", "stale", "torn"]
    project.record(*(project.snippet(name, "print(1)") for name in names[1:]))
    project.snippet("new", "print(1)")
    project.snippet("stale", "print(2)")
    project.write("snippets/results/torn.txt", "2\n")
    before = project.records()

    run = project.pytest("snippets")
    assert (run.code, run.outcomes) == (1, dict.fromkeys(names, "failed"))
    assert (
        "snippets/new.py: has no record; run it and accept what it shows: nox -s record -- snippets/new.py"
        in run.output
    )
    assert "snippets/stale.py: its record is stale (the program changed since)" in run.output
    assert "    Expected: 1\n    Got:      2" in run.output
    assert "snippets/torn.py: its record is torn or edited by hand: torn.txt is not the file" in run.output
    assert project.records() == before

    assert project.pytest("snippets", "--record").outcomes == dict.fromkeys(names, "recorded")
    assert project.pytest("snippets", "--all").outcomes == dict.fromkeys(names, "as recorded")


def test_a_figure_without_a_caption_is_not_accepted(project: Project):
    said = "snippets/a.py:1: draws a figure: its docstring must say, below the question, what it shows"
    with pytest.raises(DocsError, match=said):
        accept(project.snippet("a", ""), Results("", "<svg/>", [], {}, 1.0), [])
    assert project.records() == {}


def test_a_figure_without_a_caption_fails_its_test(project: Project):
    project.snippet("a", "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()")
    run = project.pytest("snippets")
    assert run.code == 1
    assert "snippets/a.py:1: draws a figure: its docstring must say" in run.output


def test_running_again_within_the_tolerance_leaves_the_record_byte_for_byte(project: Project):
    snippet = project.snippet("a", "")
    assert accept(snippet, results("loss 0.50\n", loss=0.501), []) is True
    before = project.records()
    assert accept(snippet, results("loss  0.51\n", loss=0.512), []) is False
    assert project.records() == before
    assert accept(snippet, results("loss 0.53\n", loss=0.53), []) is True
    assert project.records() != before


def test_a_time_of_a_busy_machine_does_not_last(project: Project):
    snippet = project.snippet("a", "")
    for seconds, kept, changed in ((9.0, 9.0, True), (8.5, 9.0, False), (3.0, 3.0, True), (30.0, 3.0, False)):
        assert accept(snippet, Results("1\n", None, [], {}, seconds), []) is changed
        held = record.load(snippet)
        assert held and held.seconds == kept
    quick = project.snippet("quick", "")
    accept(quick, Results("", None, [], {}, seconds=0.5), [])
    assert accept(quick, Results("", None, [], {}, seconds=0.1), []) is False, "noise"


def test_a_new_value_is_recorded_though_nothing_printed_changed(project: Project):
    snippet = project.snippet("a", "")
    accept(snippet, results("1\n"), [])
    assert accept(snippet, results("1\n", loss=0.5), []) is True


def test_an_edited_comment_changes_the_digest_alone(project: Project):
    snippet = project.snippet("a", "print(1)")
    accept(snippet, results("1\n"), [])
    before = record.load(snippet)
    edited = project.snippet("a", "print(1)  # one")
    assert accept(edited, Results("1\n", None, [], {}, seconds=0.9), []) is True
    after = record.load(edited)
    assert before and after
    assert after == Record(**{**vars(before), "source": edited.digest, "code": edited.code_digest})
    assert after.source != before.source


def test_an_edited_program_shows_its_new_figure_though_the_data_are_the_same(project: Project):
    snippet = project.snippet("a", "", CAPTION)
    accept(snippet, Results("", "<svg>red</svg>", [], {}, 1.0), [])
    edited = project.snippet("a", "# blue", CAPTION)
    accept(edited, Results("", "<svg>blue</svg>", [], {}, 1.0), [])
    assert project.records()["snippets/results/a.svg"] == b"<svg>blue</svg>"


def test_a_figure_of_another_style_is_refused_and_drawn_again(project: Project):
    drawn = Results("", "<svg/>", [], {}, 1.0)
    accept(project.snippet("a", "", CAPTION), drawn, [])
    project.configure('colors = {"#000000" = "currentColor"}')
    snippet = project.snippet("a", "", CAPTION)
    assert "drawn in another style" in (complaint(snippet, record.fresh(snippet), drawn, []) or "")
    assert accept(snippet, drawn, []) is True
    assert complaint(snippet, record.fresh(snippet), drawn, []) is None


def test_what_prose_quotes_is_held_at_the_digits_that_it_quotes(project: Project):
    snippet = project.snippet("x/a", "")
    accept(snippet, results(loss=0.5012), [])
    quotes = Page("It is {{ x/a.loss:.1f }}.", "docs/p.md", project.config).quotes()
    held = record.fresh(snippet)
    assert complaint(snippet, held, results(loss=0.5512), quotes) is None
    said = complaint(snippet, held, results(loss=0.7012), quotes)
    assert said
    assert "  loss, quoted at docs/p.md:1\n    Expected: 0.5\n    Got:      0.7" in said
    assert accept(snippet, results(loss=0.7012), quotes) is True


def test_the_settings_of_the_snippet_are_its_tolerances(project: Project):
    project.write("snippets/settings.toml", "[a]\nabsolute = 0.2\n")
    snippet = project.snippet("a", "")
    held = Record(snippet.digest, "loss 0.50\n")
    assert complaint(snippet, held, results("loss 0.69\n"), []) is None
    assert complaint(snippet, held, results("loss 0.71\n"), []) is not None


def test_a_message_shows_eight_lines_and_counts_the_rest(project: Project):
    snippet = project.snippet("a", "")
    said = complaint(snippet, Record(snippet.digest, "a\n" * 20), results("b\n" * 20), []) or ""
    assert said.count("Expected:") == 8
    assert "… and 12 more lines" in said


def test_a_reference_to_what_no_program_computes_fails_its_program_too(project: Project):
    snippet = project.snippet("a/b", "loss = 0.5")
    project.record(snippet)
    project.write("docs/p.md", "{{ a/b.lose:.1f }}")
    run = project.pytest("snippets")
    assert run.code == 1
    assert "docs/p.md:1: a/b has recorded no 'lose'; it has loss" in run.output
