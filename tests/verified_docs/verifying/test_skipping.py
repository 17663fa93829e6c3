"""What is unchanged is not run again, and what depends on a change is."""

import shutil
from pathlib import Path

import pytest
from toy_project import Project

NAMES = ["alone", "direct", "through", "other"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four programs that have passed; whenever a server starts, the file `started` gets longer."""
    project = Project(tmp_path_factory.mktemp("template"))
    project.configure('preload = ["preloaded"]')
    project.write("preloaded.py", "with open('started', 'a') as file:\n    file.write('x')\n")
    project.write("library/__init__.py", "")
    project.write("library/constants.py", "RATE = 0.5\n")
    project.write("library/uses.py", "from library.constants import RATE\nTWICE = 2 * RATE\n")
    project.write("library/other.py", "NAME = 'other'\n")
    project.snippet("alone", "print(1)")
    project.snippet("direct", "from library.constants import RATE\nprint(RATE > 0)")
    project.snippet("through", "from library.uses import TWICE\nprint(TWICE > 0)")
    project.snippet("other", "from library.other import NAME\nprint(NAME)")
    assert project.pytest("snippets", "--record").outcomes == dict.fromkeys(NAMES, "recorded")
    return project


@pytest.fixture
def passed(template: Project, tmp_path: Path) -> Project:
    return Project(shutil.copytree(template.root, tmp_path / "project"))


def again(project: Project, *arguments: str, **env: str) -> set[str]:
    """The programs that a further run of pytest runs."""
    run = project.pytest("snippets", *arguments, **env)
    assert run.code == 0, run.output
    assert set(run.outcomes.values()) <= {"as recorded", "unchanged", "recorded"}
    assert run.outcomes.keys() >= set(NAMES)
    return {name for name, noted in run.outcomes.items() if noted != "unchanged"}


def test_where_nothing_changed_nothing_runs_and_no_server_starts(passed: Project):
    (passed.root / "started").unlink()
    before = passed.records()
    assert again(passed) == set()
    assert not (passed.root / "started").exists()
    assert passed.records() == before


def test_a_changed_constant_runs_exactly_the_programs_that_import_it(passed: Project):
    passed.write("library/constants.py", "RATE = 0.25\n")
    assert again(passed) == {"direct", "through"}
    assert again(passed) == set()
    passed.write("library/other.py", "NAME = 'other'  # the same\n")
    assert again(passed) == {"other"}
    (passed.root / "library" / "__init__.py").write_text("# shared by three\n")
    assert again(passed) == {"direct", "through", "other"}


def test_a_failure_is_never_taken_for_a_pass(passed: Project):
    passed.write("library/constants.py", "RATE = -1\n")
    assert passed.pytest("snippets").outcomes["direct"] == "failed"
    assert passed.pytest("snippets").outcomes["direct"] == "failed"
    passed.write("library/constants.py", "RATE = 0.5\n")
    assert again(passed) == set()


def test_a_changed_setting_record_or_quote_runs_its_program_again(passed: Project):
    passed.write("snippets/settings.toml", "[other]\nseconds = 30\n")
    assert again(passed) == {"other"}
    meta = passed.root / "snippets/results/alone.json"
    meta.write_text(meta.read_text().replace('"seconds": ', '"seconds":  '))
    assert again(passed) == {"alone"}
    passed.snippet("folder/valued", "loss = 0.123")
    passed.pytest("snippets", "--record")
    passed.write("docs/p.md", "{{ folder/valued.loss:.1f }}")
    assert again(passed) == {"folder/valued"}
    passed.write("docs/p.md", "moved {{ folder/valued.loss:.1f }}")
    assert again(passed) == set()
    passed.write("docs/p.md", "{{ folder/valued.loss:.2f }}")
    assert again(passed) == {"folder/valued"}


def test_a_torn_text_is_noticed_though_the_program_is_unchanged(passed: Project):
    passed.write("snippets/results/alone.txt", "2\n")
    run = passed.pytest("snippets")
    assert run.outcomes == {**dict.fromkeys(NAMES, "unchanged"), "alone": "failed"}
    assert "snippets/alone.py: its record is torn" in run.output


def test_another_environment_runs_everything_again(passed: Project):
    pyproject = passed.root / "pyproject.toml"
    pyproject.write_text(
        pyproject.read_text().replace("[tool.verified_docs.env]", "[tool.verified_docs.env]\nA = '1'")
    )
    assert again(passed) == set(NAMES)


def test_another_engine_runs_everything_again(passed: Project, monkeypatch):
    from verified_docs.programs.snippet import every_snippet
    from verified_docs.verifying import passes
    from verified_docs.verifying.passes import Passes

    snippet = next(every_snippet(passed.config))
    Passes(passed.config).add(snippet, [], None, [])
    assert Passes(passed.config).holds(snippet, [], None)
    passed.write("engine/passes.py", "# another")
    monkeypatch.setattr(passes, "__file__", str(passed.root / "engine" / "passes.py"))
    assert not Passes(passed.config).holds(snippet, [], None)


@pytest.mark.parametrize(("arguments", "env"), [(["--all"], {}), ([], {"CI": "true"})])
def test_all_and_ci_never_skip(passed: Project, arguments, env):
    assert again(passed, *arguments, **env) == set(NAMES)


def test_recording_never_skips_and_what_was_recorded_has_passed(passed: Project):
    passed.snippet("alone", "print(2)")
    run = passed.pytest("snippets", "--record")
    assert run.outcomes == {**dict.fromkeys(NAMES, "as recorded"), "alone": "recorded"}
    assert again(passed) == set()


def test_a_cache_of_passes_that_is_broken_is_none(passed: Project):
    for path in (passed.root / ".verified_docs" / "passes").iterdir():
        path.write_text({"alone.json": "[]", "direct.json": "{"}.get(path.name, "{}"))
    assert again(passed) == set(NAMES)
