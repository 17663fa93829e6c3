"""What the shell tells Python does not decide what a program claims, warns of or prints."""

import shlex
import subprocess
import sys

import pytest
from toy_project import Project
from toy_studies import study

from verified_docs.running.runner import Runner

FALSE = "if __debug__:\n    assert 1 == 2"


def test_under_python_o_claims_are_held(project: Project):
    project.snippet("a", FALSE)
    for options in ((), ("--record",)):
        run = project.pytest("snippets", *options, PYTHONOPTIMIZE="1")
        assert run.outcomes == {"a": "failed"}
        assert "snippets/a.py:3: does not hold: 1 == 2" in run.output


@pytest.fixture
def optimized(project: Project) -> Project:
    """The project itself asks for it."""
    text = (project.root / "pyproject.toml").read_text()
    project.write(
        "pyproject.toml",
        text.replace("[tool.verified_docs.env]", "[tool.verified_docs.env]\nPYTHONOPTIMIZE='1'"),
    )
    return project


def test_where_a_project_asks_for_it_claims_are_held_too(optimized: Project):
    optimized.snippet("a", FALSE)
    run = optimized.pytest("snippets")
    assert "snippets/a.py:3: does not hold: 1 == 2" in run.output


def test_and_against_other_seeds(optimized: Project):
    optimized.snippet("a", FALSE)
    run = optimized.python("verified_docs", "robustness", "--seeds", "1")
    assert run.code == 1
    assert "snippets/a.py:3: held 0 of 1 seeds" in run.output


def test_and_those_of_studies(project: Project):
    study(project, more="\n\ndef numbers(results):\n    assert results is None\n    return {}\n")
    run = project.python("verified_docs", "study", "toy", "--jobs", "1", PYTHONOPTIMIZE="1")
    assert run.code == 1
    assert "does not hold: results is None" in run.output


def test_a_warning_that_the_shell_silences_is_a_failure(project: Project):
    project.snippet("a", "import warnings\nwarnings.warn('old')")
    run = project.pytest("snippets", PYTHONWARNINGS="ignore")
    assert run.outcomes == {"a": "failed"}
    assert "UserWarning: old" in run.output


@pytest.mark.parametrize(
    "name", ["PYTHONDEVMODE", "PYTHONHASHSEED", "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONWARNINGS"]
)
@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
def test_what_a_reader_has_not_set_is_not_set(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, fork: bool
):
    monkeypatch.setenv(name, "1")
    snippet = project.snippet("a", f"import os\nfound = os.environ.get({name!r}, 'nothing')")
    runner = Runner(project.config, fork=fork)
    try:
        assert runner.run(snippet).values == {"found": "nothing"}
    finally:
        runner.close()


def test_what_the_project_sets_is_set(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    project.write("pyproject.toml", "[tool.verified_docs.env]\nPYTHONHASHSEED = '2'\n")
    runner = Runner(project.config)
    try:
        found = runner.run(project.snippet("a", "import os\nfound = os.environ['PYTHONHASHSEED']")).values
    finally:
        runner.close()
    assert found == {"found": "2"}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_a_reader_that_has_read_enough_is_no_error(project: Project):
    study(project)
    command = f"{shlex.quote(sys.executable)} -u -m verified_docs study --list | exit"
    done = subprocess.run(
        ["sh", "-c", command], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
