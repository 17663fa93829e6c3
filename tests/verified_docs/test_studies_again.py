"""Two runs of a recorded study are made again, and the record stands while they give what they gave."""

import dataclasses
import subprocess

import pytest
from toy_project import Project
from toy_studies import PROGRAM, study

from verified_docs import record
from verified_docs.errors import DocsError
from verified_docs.runner import DataUnavailable
from verified_docs.studies import again, recording, runs, worker
from verified_docs.studies.file import StudyFile
from verified_docs.studies.pool import Pool
from verified_docs.studies.runs import Run


@pytest.fixture
def recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> StudyFile:
    for name, value in project.config.env.items():
        monkeypatch.setenv(name, value)
    project.write("lib_of_toys.py", "FACTOR = 2\n")
    program = PROGRAM.replace("x *= 1 - 2 *", "from lib_of_toys import FACTOR\n        x *= 1 - FACTOR *")
    file = study(project, program=program)
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(project.root))
        recording.record_study(file, Pool(1, lambda tasks: map(worker.run, tasks)))
    return file


def edited(file: StudyFile, **changes: object) -> None:
    """Write other runs into the record."""
    held = record.load(file)
    assert held
    assert held.study
    kept = [dataclasses.replace(run, **changes) for run in runs.recorded(file)]
    record.save(file, dataclasses.replace(held, study=runs.as_record(held.study["computing"], kept)))


def test_what_gives_the_same_stands(recorded: StudyFile):
    assert again.complaints(recorded) == []


def test_a_library_that_gives_the_same_costs_nothing(recorded: StudyFile, project: Project):
    project.write("lib_of_toys.py", '"""A docstring."""\n\nFACTOR = 2\n')
    assert again.complaints(recorded) == []


def test_a_library_that_gives_something_else_is_found_out(recorded: StudyFile, project: Project):
    project.write("lib_of_toys.py", "FACTOR = 1.9\n")
    found = again.complaints(recorded)
    assert found
    assert "studies/toy.py: the run of [{" in found[0]
    assert "does not give what was recorded: distance is" in found[0]
    assert "allowed is ±1e-09" in found[0]


def test_a_stale_study_is_not_run_at_all(recorded: StudyFile, project: Project):
    with pytest.raises(DocsError, match="its record is stale"):
        again.complaints(study(project, program=PROGRAM))


def test_a_run_that_fails_is_named(recorded: StudyFile, project: Project):
    project.write("lib_of_toys.py", "")
    with pytest.raises(DocsError, match="ImportError: cannot import name 'FACTOR'"):
        again.complaints(recorded)


def test_data_that_cannot_be_had_is_told_apart(recorded: StudyFile, project: Project):
    project.configure(data='\n[tool.verified_docs.data]\nimages = "lib_of_toys.NoImages"\n')
    project.write("lib_of_toys.py", "class NoImages(Exception): ...\nraise NoImages('fetch them')\n")
    with pytest.raises(DataUnavailable, match="NoImages: fetch them"):
        again.complaints(StudyFile(recorded.path, project.config))


def test_the_commit_chooses_which(recorded: StudyFile):
    chosen = {tuple(run.key for run in again.chosen(recorded, f"commit {number}")) for number in range(200)}
    assert len(chosen) > 10
    assert all(len(set(keys)) == 2 for keys in chosen)
    assert len({run for keys in chosen for run in keys}) == 22
    assert again.chosen(recorded, "") == again.chosen(recorded, "")


def test_long_runs_are_spared_where_there_are_quick_ones(recorded: StudyFile):
    edited(recorded, seconds=again.LONGEST + 1)
    assert len(again.chosen(recorded, "")) == 2  # the two quickest, where all are long
    quick: list[Run] = runs.recorded(recorded)[:3]
    held = record.load(recorded)
    assert held
    assert held.study
    both = [*runs.recorded(recorded)[3:], *(dataclasses.replace(run, seconds=1.0) for run in quick)]
    record.save(recorded, dataclasses.replace(held, study=runs.as_record(held.study["computing"], both)))
    for number in range(20):
        assert {run.key for run in again.chosen(recorded, str(number))} <= {run.key for run in quick}


@pytest.mark.parametrize(
    ("tolerance", "now", "told"),
    [
        (0.0, 0.5, False),
        (0.0, 0.5000001, False),  # seven digits are kept
        (0.0, 0.501, True),
        (0.01, 0.509, False),
        (0.01, 0.511, True),
        (0.01, float("nan"), True),
    ],
)
def test_the_tolerance_is_the_metrics(tolerance: float, now: float, told: bool):
    metrics = {"loss": again.Metric(matters=0.1, tolerance=tolerance)}
    assert bool(again.differences(metrics, {"loss": 0.5}, {"loss": now})) == told


def test_a_run_that_diverges_again_gives_the_same():
    metrics = {"loss": again.Metric(matters=0.1)}
    assert again.differences(metrics, {"loss": float("nan")}, {"loss": float("inf")}) == []


def test_without_a_checkout_there_is_no_commit(project: Project):
    assert again.commit(project.root) == ""
    author = ["-c", "user.name=x", "-c", "user.email=x"]
    for command in (["init", "-q"], [*author, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    assert len(again.commit(project.root)) == 40
