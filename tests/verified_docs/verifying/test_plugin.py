"""Programs are tests like any others to pytest."""

import pytest
from toy_project import Project


@pytest.fixture
def three(project: Project) -> Project:
    project.record(*(project.snippet(name, "print(1)") for name in ("a/first", "a/second", "b/test_third")))
    return project


def test_k_selects_by_name(three: Project):
    assert three.pytest("snippets", "-k", "first").outcomes == {"a/first": "as recorded"}
    assert three.pytest("snippets/b").outcomes == {"b/test_third": "as recorded"}
    assert three.pytest("snippets/a/second.py::verified").outcomes == {"a/second": "as recorded"}


def test_x_stops_at_the_first_failure_and_lf_runs_it_again(three: Project):
    for name in ("a/first", "a/second"):
        three.snippet(name, "1 / 0")
    run = three.pytest("snippets", "-x")
    assert run.code == 1
    assert list(run.outcomes.values()).count("failed") == 1
    (failed,) = (name for name, outcome in run.outcomes.items() if outcome == "failed")
    assert three.pytest("snippets", "--lf").outcomes == {failed: "failed"}


def test_two_workers_share_the_programs(three: Project):
    run = three.pytest("snippets", "-n", "2", "-p", "xdist")
    assert run.outcomes == dict.fromkeys(["a/first", "a/second", "b/test_third"], "as recorded")
    assert "3 as recorded" in run.output


def test_the_summary_counts_what_was_done(three: Project):
    assert "3 as recorded" in three.pytest("snippets").output
    three.write("snippets/a/first.py", '"""?"""\nprint(2)\n')
    assert "1 recorded" in three.pytest("snippets/a/first.py", "--record").output
    run = three.pytest("snippets")
    assert "3 unchanged" in run.output
    assert run.code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("snippets/b/test_third.py",),
        ("--doctest-modules",),
        ("--doctest-plus", "-p", "pytest_doctestplus.plugin"),
        ("--doctest-glob=*.toml", "--import-mode=importlib"),
    ],
    ids=lambda options: options[0],
)
def test_no_program_is_imported_by_pytest(project: Project, options):
    project.record(
        project.snippet("b/test_third", f'assert __name__ == "__main__"\nprint(1)\n{DOCTESTED}', "?")
    )
    project.write("snippets/settings.toml", "")
    run = project.pytest(*options, "--all")
    assert run.outcomes == {"b/test_third": "as recorded"}, run.output
    assert run.code == 0


DOCTESTED = '''
def test_nothing():
    """
    >>> 1 + 1
    3
    """
    raise AssertionError
'''


def test_a_terminal_that_knows_ascii_alone_gets_whole_lines(project: Project):
    project.record(project.snippet("a", "print(0.5)"))
    project.snippet("a", "print(0.8)")
    output = project.pytest("snippets", PYTHONIOENCODING="ascii:strict").output
    assert "  line 1 of its output: 0.8 instead of 0.5; allowed is \\xb10.1\n    Expected: 0.5\n" in output


def test_wrong_settings_are_a_usage_error_without_traceback(project: Project):
    project.configure("preloads = []")
    run = project.pytest("snippets")
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: pyproject.toml: [tool.verified_docs] has no setting 'preloads'" in run.output


def test_in_a_project_of_others_the_plugin_does_nothing(project: Project):
    project.write("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-p verified_docs.plugin'\n")
    project.write("snippets/test_a.py", "def test_a(): pass\n")
    run = project.pytest("snippets")
    assert "1 passed" in run.output
    assert "snippets" not in run.outcomes


def test_the_slowest_programs_come_first(project: Project):
    from verified_docs.records import record
    from verified_docs.records.record import Record

    for name, seconds in (("a", 0.1), ("b", 2.0), ("c", 1.0)):
        snippet = project.snippet(name, "")
        record.save(snippet, Record(snippet.digest, "", seconds=seconds))
    output = project.pytest("snippets", "--collect-only", "-q").output
    assert output.index("b.py") < output.index("c.py") < output.index("a.py")


UNAVAILABLE = """
    from library.data.files import load
    print(load())
"""


@pytest.fixture
def needing(project: Project) -> Project:
    """A program that needs data; a file says whether they are there. Their error is public one package above."""
    project.configure(data='\n[tool.verified_docs.data]\nmars = "library.data.MarsUnavailable"\n')
    project.write("library/__init__.py", "")
    project.write("library/data/__init__.py", "from library.data.files import MarsUnavailable\n")
    project.write(
        "library/data/files.py",
        """
        import pathlib

        class MarsUnavailable(FileNotFoundError):
            pass

        def load():
            if not pathlib.Path(__file__).with_name("mars").exists():
                raise MarsUnavailable("Mars is not here: get it with `rocket`")
            return 1
        """,
    )
    project.write("snippets/settings.toml", '[needs]\ndata = "mars"\n')
    project.write("library/data/mars", "")
    project.record(project.snippet("needs", UNAVAILABLE), project.snippet("needs_not", "print(1)"))
    (project.root / "library/data/mars").unlink()
    return project


def test_where_declared_data_lack_the_program_is_named_as_not_verified(needing: Project):
    before = needing.records()
    for options in ((), ("--record",), ("-n", "2", "-p", "xdist")):
        run = needing.pytest("snippets", "--all", *options)
        assert run.code == 0
        assert run.outcomes == {"needs": "not verified", "needs_not": "as recorded"}
        assert "1 as recorded, 1 not verified, 0 failed" in run.output
        assert "NOT VERIFIED HERE: snippets/needs.py needs data that cannot be had here: mars" in run.output
        assert "Mars is not here: get it with `rocket`" in run.output
    assert needing.records() == before


def test_in_ci_lacking_data_are_a_failure(needing: Project):
    run = needing.pytest("snippets", CI="true")
    assert run.code == 1
    assert run.outcomes == {"needs": "failed", "needs_not": "as recorded"}
    assert "get it with `rocket`" in run.output


def test_an_undeclared_need_is_a_failure(needing: Project):
    needing.write("snippets/settings.toml", "")
    run = needing.pytest("snippets")
    assert run.code == 1
    assert "snippets/needs.py:3: MarsUnavailable: Mars is not here" in run.output
