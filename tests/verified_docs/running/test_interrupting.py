"""Ctrl-C, a killed run and two runs at once lose nothing."""

import os
import signal
import time
from pathlib import Path

import pytest
from toy_project import Project, appears, dies

from verified_docs.base import system
from verified_docs.records import record
from verified_docs.records.record import Record

if not system.forks():
    pytest.skip("only on Linux are processes found that a program leaves behind", allow_module_level=True)

# Says who it is, then never ends; nor does its child, in a session of its own.
ENDLESS = """
    import os, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    with open({file!r}, "w") as file:
        print(os.getpid(), child.pid, os.getcwd(), file=file, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("kill", "sent", "options"),
    [
        (os.kill, signal.SIGINT, ()),
        (os.killpg, signal.SIGINT, ("--record",)),
        (os.killpg, signal.SIGINT, ("-n", "2", "-p", "xdist")),
        (os.kill, signal.SIGTERM, ()),
        (os.kill, signal.SIGTERM, ("-n", "2", "-p", "xdist")),
        (os.kill, signal.SIGKILL, ()),
    ],
    ids=[
        "interrupted",
        "Ctrl-C while recording",
        "Ctrl-C with two workers",
        "ended",
        "ended with workers",
        "killed",
    ],
)
def test_a_stopped_run_ends_its_programs_and_leaves_the_records_whole(project: Project, kill, sent, options):
    project.record(project.snippet("a", "print(1)"), project.snippet("b", "print(1)"))
    before = project.records()
    file = project.root / "pids"
    project.snippet("a", ENDLESS.format(file=str(file)))
    temporary = project.root / "temporary"
    temporary.mkdir()
    run = project.start("pytest", "snippets/a.py", *options, TMPDIR=str(temporary))
    *pids, work = appears(file, within=60, words=3).split()
    kill(run.pid, sent)
    output, _ = run.communicate(timeout=30)
    assert run.returncode != 0
    assert [dies(int(pid)) for pid in pids] == [True, True]
    assert project.records() == before
    if sent == signal.SIGINT and not options:
        assert run.returncode == pytest.ExitCode.INTERRUPTED
        assert "KeyboardInterrupt" in output
        assert not Path(work).parent.exists()
    assert vanish(temporary), [path.name for path in temporary.iterdir()]


def vanish(folder: Path, within: float = 20.0) -> bool:
    """Whether nothing of the engine's is left in a folder in time; xdist's workers leave a folder of pytest's."""
    end = time.monotonic() + within
    while (left := {*folder.iterdir()} - {*folder.glob("pytest-of-*")}) and time.monotonic() < end:
        time.sleep(0.05)
    return not left


def test_workers_whose_run_was_ended_record_nothing_more(project: Project):
    begun = project.root / "begun"
    begins = f"import time\nwith open({str(begun)!r}, 'a') as file:\n    print(1, file=file, flush=True)\ntime.sleep(1)\n"
    for name in "abcdef":
        project.snippet(name, begins)
    run = project.start("pytest", "snippets", "--record", "-n", "2", "-p", "xdist")
    appears(begun, within=60, words=2)
    os.kill(run.pid, signal.SIGTERM)
    run.communicate(timeout=60)  # until the workers, which have its output, are gone as well
    assert project.records() == {}


def test_after_an_interrupt_the_next_run_is_whole(project: Project):
    file = project.root / "pids"
    snippet = project.snippet("a", ENDLESS.format(file=str(file)))
    run = project.start("pytest", "snippets", "--record")
    pids = appears(file).split()[:2]
    os.kill(run.pid, signal.SIGINT)
    run.communicate(timeout=30)
    assert all(dies(int(pid)) for pid in pids)
    snippet = project.snippet("a", "print(1)")
    assert project.pytest("snippets", "--record").outcomes == {"a": "recorded"}
    assert record.fresh(snippet).text == "1\n"


def test_two_runs_that_record_at_once_leave_whole_records(project: Project):
    # Each run of a program prints and computes something else: mixed, text and JSON would not agree.
    code = "import os\nprint(f'run {os.getpid()}')\npid = os.getpid()"
    snippets = [project.snippet(f"s{number}", code) for number in range(6)]
    runs = [project.start("pytest", "snippets", "--record", "-p", "no:cacheprovider") for _ in range(2)]
    for run in runs:
        output, _ = run.communicate(timeout=60)
        assert run.returncode == 0, output
    for snippet in snippets:
        held = record.fresh(snippet)
        assert held.text == f"run {held.values['pid']}\n"


def test_two_runs_that_compare_at_once_both_pass(project: Project):
    project.record(*(project.snippet(f"s{number}", "print(1)") for number in range(4)))
    runs = [project.start("pytest", "snippets", "-p", "no:cacheprovider") for _ in range(2)]
    for run in runs:
        output, _ = run.communicate(timeout=60)
        assert run.returncode == 0, output
    assert set(project.pytest("snippets").outcomes.values()) == {"unchanged"}


def test_a_reader_never_sees_half_a_record(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, Record("0", "0\n"))
    writer = f"""
        from pathlib import Path
        from verified_docs.base import config; from verified_docs.records import record
        from verified_docs.programs.snippet import Snippet
        root = Path({str(project.root)!r})
        snippet = Snippet(root / "snippets/a.py", config.find(root))
        for number in range(300):
            record.save(snippet, record.Record(str(number), f"{{number}}\\n"))
    """
    project.write("writer.py", writer)
    process = project.start("writer")
    reads = 0
    while process.poll() is None:
        held = record.load(snippet)
        assert held
        assert held.text == f"{held.source}\n"
        reads += 1
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert reads > 1
    assert record.load(snippet) == Record("299", "299\n")


def test_runs_leave_no_directory_behind(project: Project):
    temporary = project.root / "temporary"
    temporary.mkdir()
    project.snippet("a", "open('left', 'w').close()\n1 / 0")
    project.pytest("snippets", TMPDIR=str(temporary))
    assert list(temporary.iterdir()) == []
