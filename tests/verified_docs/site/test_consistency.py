"""What one page alone cannot see: whether pages, programs and records belong together."""

import pytest
from toy_project import Project

from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.site.consistency import problems

PAGE = '```python\n--8<-- "snippets/a/shown.py"\n```\nIt is {{ shown.loss:.1f }}.\n'


@pytest.fixture
def whole(project: Project) -> Project:
    snippet = project.snippet("a/shown", "loss = 0.5", "Is it so?\n\nA line.\n")
    record.save(snippet, Record(snippet.digest, "1\n", figure="<svg/>", values={"loss": 0.5}))
    project.write("docs/index.md", PAGE)
    return project


def test_a_project_that_belongs_together_has_none(whole: Project):
    assert problems(whole.config) == []


def test_a_program_that_no_page_shows(whole: Project):
    whole.write("docs/index.md", "Nothing.")
    assert problems(whole.config) == ["snippets/a/shown.py: no page shows it; embed it, or delete it"]


def test_records_that_no_program_makes(whole: Project):
    for name in ("a/results/gone.json", "a/results/gone.txt", "results/x.svg"):
        whole.write(f"snippets/{name}", "")
    assert problems(whole.config) == [
        "snippets/a/results/gone.json: no snippet makes it; delete it",
        "snippets/a/results/gone.txt: no snippet makes it; delete it",
        "snippets/results/x.svg: no snippet makes it; delete it",
    ]


def test_a_stale_record_and_the_prose_that_quotes_it_are_one_problem(whole: Project):
    whole.snippet("a/shown", "loss = 0.25", "Is it so?\n\nA line.\n")
    (found,) = problems(whole.config)
    assert found.startswith("snippets/a/shown.py: its record is stale")


def test_a_torn_record(whole: Project):
    whole.write("snippets/a/results/shown.svg", "<svg>")
    assert any("snippets/a/shown.py: its record is torn" in one for one in problems(whole.config))


def test_a_missing_record(whole: Project):
    for path in record.paths(whole.snippet("a/shown", "loss = 0.5", "Is it so?\n\nA line.\n")):
        path.unlink()
    assert any("snippets/a/shown.py: has no record" in one for one in problems(whole.config))


def test_a_program_that_links_to_nothing(whole: Project):
    (whole.root / "snippets/a/linked.py").symlink_to("gone.py")
    assert (
        "snippets/a/linked.py: is a link to gone.py, which does not exist: mend the link, or delete it"
        in problems(whole.config)
    )


def test_a_terminal_that_knows_ascii_alone_gets_every_message(whole: Project):
    whole.write("docs/naïve.md", "{{ nothing }}")
    for command in ("check", "generate"):
        run = whole.python("verified_docs", command, PYTHONIOENCODING="ascii:strict")
        assert run.code == 1
        assert r"docs/na\xefve.md:1: {{ nothing }} is not of the form" in run.output
        assert "Traceback" not in run.output


def test_a_program_that_cannot_be_read(whole: Project):
    whole.write("snippets/a/shown.py", "x = = 1")
    assert any("snippets/a/shown.py:1: SyntaxError" in one for one in problems(whole.config))


def test_a_figure_without_a_caption(whole: Project):
    snippet = whole.snippet("a/shown", "loss = 0.5")
    record.save(snippet, Record(snippet.digest, "1\n", figure="<svg/>", values={"loss": 0.5}))
    assert problems(whole.config) == [
        "snippets/a/shown.py:1: its figure has no caption: the docstring below the question is empty"
    ]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (PAGE + "{{ shown.lose:.1f }}", "docs/index.md:5: a/shown has recorded no 'lose'"),
        (
            PAGE + '```\n--8<-- "snippets/gone.py"\n```',
            "docs/index.md:6: embeds snippets/gone.py, which does not exist",
        ),
    ],
)
def test_a_page_that_asks_for_what_is_not_there(whole: Project, page: str, problem: str):
    whole.write("docs/index.md", page)
    (found,) = problems(whole.config)
    assert found.startswith(problem)


def test_settings_of_a_program_that_is_not_there_and_settings_that_are_wrong(whole: Project):
    whole.write("snippets/settings.toml", "[gone]\nseconds = 1\n")
    assert problems(whole.config) == ["snippets/settings.toml: [gone] is no snippet"]
    whole.write("snippets/settings.toml", "[gone]\nsecond = 1\n")
    assert "has no setting 'second'" in problems(whole.config)[0]


def test_settings_that_set_nothing(whole: Project):
    whole.write("snippets/settings.toml", '["a/shown"]\n["a/other"]\nseconds = 1\n')
    assert problems(whole.config)[0].startswith("snippets/settings.toml: [a/shown] sets nothing")


def test_a_page_that_is_not_text(whole: Project):
    whole.write("docs/other.md", "").write_bytes(b"\xff")
    assert "docs/other.md: is not UTF-8" in problems(whole.config)[0]
