"""mutants/: faults that are put into the library, and whether the tests notice them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mutants import __main__ as command
from mutants.mutations import mutations
from mutants.trial import Mutant, copied, is_killed, near_tests, refuse_failing, wide_tests

SOURCE = '''"""A module."""


def rise(values):
    """Twice what is above 0."""
    if not values:
        raise ValueError("2 + 2")
    print(len(values))
    return [2 * value for value in values if value > 0 and value is not None]
'''
TESTS = """
from package.rising import rise


def test_it():
    assert rise([1, -3]) == [2]
"""


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("a = b + c * d", ["b - c * d", "b + c / d"]),
        ("a = b ** c % d", ["b * c % d", "b ** c * d"]),
        (
            "a = 0.5, 3, True, 'text'",
            ["1.0, 3, True, 'text'", "0.5, 4, True, 'text'", "0.5, 3, False, 'text'"],
        ),
        ("a = b <= c and d in e", ["b < c and d in e", "b <= c or d in e", "b <= c and d not in e"]),
        ("a = b if not c else d", ["b if c else d"]),
        ("a = ö if b() else d", ["ö if not (b()) else d"]),
        ("a: 'list[1]' = b", []),
    ],
)
def test_each_fault_changes_one_thing(source: str, faults: list[str]):
    applied = [one.applied(source).removeprefix("a = ") for one in mutations(source)]
    assert sorted(applied) == sorted(faults)


def test_a_call_whose_result_nobody_uses_is_left_out_and_errors_messages_are_not_touched():
    assert [str(one) for one in mutations(SOURCE)] == [
        "6: not values → values",
        "8: print(len(values)) → pass",
        "9: 2 → 3",
        "9: * → /",
        "9: > → >=",
        "9: 0 → 1",
        "9: and → or",
        "9: is not → is",
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path, text in {
        "package/__init__.py": "",
        "package/rising.py": SOURCE,
        "package/rising_again.py": "",
        "tests/test_rising.py": TESTS,
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_a_fault_is_noticed_where_a_test_fails_and_the_file_is_as_it_was(project: Path):
    noticed = {
        str(one): is_killed(Mutant("package/rising.py", one), project, "package")
        for one in mutations(SOURCE)[1:3]
    }
    assert noticed == {"8: print(len(values)) → pass": False, "9: 2 → 3": True}
    assert (project / "package/rising.py").read_text() == SOURCE


def test_tests_that_fail_without_a_fault_are_refused(project: Path):
    refuse_failing(["package/rising.py"], project, "package")
    (project / "tests/test_whole.py").write_text(
        "import package\n\ndef test_nothing():\n    assert 0, 'without a reason'\n"
    )
    with pytest.raises(
        RuntimeError, match=r"tests fail without a fault, and would notice any:\n(?s:.*)without a reason"
    ):
        refuse_failing(["package/rising.py"], project, "package")


def test_the_tests_that_are_near_are_those_that_are_named_for_the_module(project: Path):
    (project / "package/other.py").write_text("")
    assert near_tests(project, "package/rising.py", "package") == ["tests/test_rising.py"]
    assert near_tests(project, "package/rising_again.py", "package") == ["tests/test_rising.py"]
    assert near_tests(project, "package/other.py", "package") == []


def test_a_module_with_doctests_is_its_own_test(project: Path):
    (project / "package/other.py").write_text('def f():\n    """\n    >>> 1\n    1\n    """\n')
    assert near_tests(project, "package/other.py", "package") == ["package/other.py"]


def test_where_nothing_is_near_nothing_is_run(project: Path):
    (project / "package/alone.py").write_text("a = 1 + 1\n")
    (project / "tests/test_rising.py").unlink()
    (only, *_) = mutations("a = 1 + 1\n")
    assert not is_killed(Mutant("package/alone.py", only), project, "package")


def test_the_wide_tests_are_the_folders_and_those_of_the_whole(project: Path):
    (project / "tests/room").mkdir()
    (project / "tests/test_engine.py").write_text("import engine\n")  # of something else
    assert wide_tests(project, "package/room/one.py", "package") == ["tests/room", "tests/test_rising.py"]
    assert wide_tests(project, "package/rising.py", "package") == ["tests/test_rising.py"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git lists the files that are copied")
def test_a_copy_has_what_git_knows_and_is_gone_afterwards(project: Path):
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "add", "package"], cwd=project, check=True)
    with copied(project) as copy:
        assert (copy / "package/rising.py").read_text() == SOURCE
        assert not (copy / "tests").exists()
    assert not copy.exists()


def test_what_survives_is_told_and_what_changes_nothing_is_not_counted(monkeypatch, capsys):
    def survive(drawn, jobs):
        return [one for one in drawn if one.path.endswith("networks.py")][:2]

    monkeypatch.setattr(command, "survivors_of", survive)
    assert command.main(["lightning_modules/networks.py", "--count", "5"]) == 1
    first, _, summary = capsys.readouterr().out.splitlines()
    assert first.startswith("SURVIVED: lightning_modules/networks.py:")
    assert summary == "3 of 5 noticed (60%), 0 more change nothing"
    named = [
        command._words(one)
        for one in survive(
            command.draw(command.every_mutant(command.ROOT, ["lightning_modules/networks.py"]), 5, 0), 1
        )
    ]
    monkeypatch.setattr(command, "equivalents", lambda: set(named))
    assert command.main(["lightning_modules/networks.py", "--count", "5"]) == 0
    assert "3 of 3 noticed (100%), 2 more change nothing" in capsys.readouterr().out


def test_what_is_named_as_changing_nothing_stands_in_the_library():
    every = {command._words(one) for one in command.every_mutant(command.ROOT, [])}
    assert command.equivalents() <= every


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--count", "0"], "--count and --jobs are 1 or more"),
        (["lightning_modules/none.py"], "no fault can be made in"),
    ],
)
def test_wrong_arguments_are_refused(arguments, said):
    run = subprocess.run(
        [sys.executable, "-m", "mutants", *arguments], cwd=command.ROOT, capture_output=True, text=True
    )
    assert run.returncode == 2
    assert said in run.stderr
