"""`python -m verified_docs study`: real workers, killed, interrupted, on a cluster."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from toy_project import Project, appears, dies
from toy_studies import FIGURE, PROGRAM, study

from verified_docs.base.config import in_ci
from verified_docs.base.errors import DocsError
from verified_docs.programs.study_file import StudyFile, every_study
from verified_docs.records import record
from verified_docs.studies import runs

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
RUNS = 22


def slow(project: Project, seconds: float) -> tuple[StudyFile, Path]:
    """A study whose runs take their time, and a file in which each notes, at its end, in which process it ran."""
    log = project.root / "log"
    program = PROGRAM.replace("    return {", f"""\
    import os, time
    time.sleep({seconds})
    with open({str(log)!r}, "a") as log:
        print(os.getpid(), file=log, flush=True)
    return {{""")  # fmt: skip
    return study(project, program=program), log


def kept(file: StudyFile) -> int:
    return len(list(file.kept.glob("*.json")))


def wait_for(file: StudyFile, count: int) -> None:
    end = time.monotonic() + 60
    while kept(file) < count:
        assert time.monotonic() < end, "no run was kept"
        time.sleep(0.01)


def test_a_study_is_recorded_in_workers_and_drawn(project: Project):
    file = study(project, more=FIGURE)
    run = project.python("verified_docs", "study", "toy", "--jobs", "2")
    assert run.code == 0, run.output
    assert "toy, choosing" in run.output
    assert f"{RUNS - 6}/{RUNS - 6} runs, 0:00 left" in run.output
    assert record.fresh(file).text in run.output
    assert record.fresh(file).figure
    again = project.python("verified_docs", "study")
    assert again.code == 0
    assert "choosing" not in again.output


@posix
def test_killed_it_loses_at_most_the_runs_under_way(project: Project):
    file, log = slow(project, 0.15)
    (temporary := project.root / "temporary").mkdir()
    run = project.start("verified_docs", "study", "toy", "--jobs", "2", TMPDIR=str(temporary))
    ended = appears(log, within=60, words=5).split()
    os.kill(run.pid, signal.SIGKILL)
    run.communicate(timeout=30)
    done = kept(file)
    assert len(ended) - done <= 2
    assert all(dies(int(pid)) for pid in set(ended)), "its workers go on without it"
    assert list(temporary.glob("study-*")) == []
    assert record.load(file) is None

    before = len(log.read_text().split())
    again = project.python("verified_docs", "study", "toy", "--jobs", "2")
    assert again.code == 0, again.output
    assert len(log.read_text().split()) - before == RUNS - done


@posix
def test_interrupted_it_says_how_to_go_on_and_ends_its_workers(project: Project):
    file, log = slow(project, 0.3)
    (temporary := project.root / "temporary").mkdir()
    run = project.start("verified_docs", "study", "toy", "--jobs", "2", TMPDIR=str(temporary))
    wait_for(file, 2)
    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=30)
    assert run.returncode == 130, output
    assert "stopped; finished runs are kept" in output
    assert "Traceback" not in output, output  # nor from a worker
    assert all(dies(int(pid)) for pid in set(appears(log).split()))
    assert list(temporary.glob("study-*")) == []


@posix
def test_a_study_that_is_edited_while_it_runs_keeps_to_what_it_was(project: Project):
    file, _ = slow(project, 0.1)
    run = project.start("verified_docs", "study", "toy", "--jobs", "2")
    wait_for(file, 2)
    file.path.write_text('"""Changed."""')
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 0, output
    with pytest.raises(DocsError, match="stale"):
        record.fresh(StudyFile(file.path, file.config))


def test_a_run_that_fails_ends_the_study_with_its_line(project: Project):
    study(project, program=PROGRAM.replace('"""Go down."""', 'raise RuntimeError("no")'))
    run = project.python("verified_docs", "study", "--jobs", "2")
    assert run.code == 1
    assert "error: studies/toy.py: line " in run.output
    assert "RuntimeError: no" in run.output
    assert "Traceback" not in run.output


def metrics(file: StudyFile) -> dict[str, str]:
    """As texts: a NaN is not equal to itself."""
    return {one.key: repr(one.metrics) for one in runs.recorded(file)}


def test_a_dask_cluster_gives_the_same_numbers(project: Project):
    if not in_ci():
        pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    file = study(project)
    run = project.python("verified_docs", "study", "--backend", "dask", "--jobs", "2")
    assert run.code == 0, run.output
    there = metrics(file)
    for path in (*record.paths(file)[:2], *file.kept.iterdir()):
        path.unlink()
    assert project.python("verified_docs", "study", "--jobs", "2").code == 0
    assert metrics(file) == there


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone"], "error: there is no study 'gone'; there are: toy"),
        (["--jobs", "0"], "error: --jobs 0: at least one run goes on at once"),
        (["--address", "here:1"], "--address is of a cluster: say which"),
    ],
)
def test_wrong_arguments_are_named(project: Project, arguments: list[str], said: str):
    study(project)
    run = project.python("verified_docs", "study", *arguments)
    assert run.code == 1
    assert said in run.output


def test_the_list_says_how_far_each_is(project: Project):
    study(project)
    assert "has no record" in project.python("verified_docs", "study", "--list").output
    project.python("verified_docs", "study", "--jobs", "1")
    listed = project.python("verified_docs", "study", "--list").output
    assert "toy: Which rate goes down a parabola?" in listed
    assert f"recorded; {RUNS} runs are finished" in listed


@posix
def test_a_study_can_be_recorded_in_parts_that_are_committed(project: Project):
    file, log = slow(project, 0.05)
    begun = project.start("verified_docs", "study", "--jobs", "1")
    wait_for(file, 3)
    os.killpg(begun.pid, signal.SIGINT)
    begun.communicate(timeout=30)
    there = kept(file)
    run = project.python("verified_docs", "study", "--keep")
    assert f"{there} finished runs are in studies/results/toy.parts.json" in run.output
    assert list(every_study(project.config)) == []
    assert project.python("verified_docs", "check").code == 0  # without a record, and on no page
    project.write("docs/index.md", '```python\n--8<-- "studies/toy.py"\n```\n')
    assert "studies/toy.py: has no record" in project.python("verified_docs", "check").output
    (project.root / "docs/index.md").unlink()
    shutil.rmtree(file.kept)
    log.unlink()
    assert f"{there} runs are finished" in project.python("verified_docs", "study", "--list").output
    assert project.python("verified_docs", "study", "--jobs", "1").code == 0
    assert len(log.read_text().splitlines()) == RUNS - there
    assert record.fresh(file)
    assert not file.parts.exists()  # the record has them
    assert "finished runs are in" not in project.python("verified_docs", "study", "--keep").output


def test_parts_of_another_program_are_not_taken(project: Project):
    file = study(project)
    project.python("verified_docs", "study", "--jobs", "1")
    held = json.loads(record.paths(file)[0].read_text())["study"]
    record.paths(file)[0].unlink()
    shutil.rmtree(file.kept)
    file.parts.write_text(json.dumps(held))
    assert len(runs.finished(file, held["computing"])) == RUNS
    assert runs.finished(file, "another") == {}
    file.parts.write_text("<<<<<<< a merge that is not done")
    assert runs.finished(file, held["computing"]) == {}


def test_a_project_without_studies_says_where_they_go(project: Project):
    run = project.python("verified_docs", "study")
    assert run.code == 1
    assert "studies/<name>.py holds one" in run.output
    assert project.python("verified_docs", "study", "--list").code == 0
