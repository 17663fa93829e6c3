"""What a program may not do: each refusal names the program, the line where there is one, and the reason."""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from toy_project import Project, dies

from verified_docs.base import system
from verified_docs.base.errors import DocsError
from verified_docs.running.runner import Runner, SnippetFailed

pytestmark = pytest.mark.skipif(not system.forks(), reason="what is left of it elsewhere, test_plain.py says")

SETTINGS = """
    [endless]
    seconds = 0.5
    [endless_in_threads]
    seconds = 0.5
    [endless_without_signals]
    seconds = 0.5
    [endless_and_touchy]
    seconds = 0.5
    [hog]
    memory_gib = 0.05
    [hog_that_keeps]
    memory_gib = 0.05
    [abandons]
    seconds = 2
"""

# Ends while the server that watches it is held up, so that its output is found too long only afterwards.
QUICK = """import os, signal, subprocess
subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -CONT {os.getppid()}"])
os.kill(os.getppid(), signal.SIGSTOP)
print("x" * 2_000_000)
"""

# The line that is not ended yet is written at the end; what came of the program has room.
FULL_AT_THE_END = """import resource
print("x" * 900)
resource.setrlimit(resource.RLIMIT_FSIZE, (910, resource.RLIM_INFINITY))
print("y" * 50, end="")
"""

# name: (the program from line 2 on, what is said)
REFUSED = {
    "raises": ("x = 1\nraise ValueError('too bad')", r"raises.py:3: ValueError: too bad$"),
    "says_why_and_leaves": (
        "import os, sys\nprint('no\\x1b device', file=sys.stderr)\nos._exit(3)",
        r"says_why_and_leaves.py:4: ended with exit code 3 by its own os._exit\(3\), before its end\n  no\? device$",
    ),
    "takes_what_the_engine_needs": (
        "import os\nos.replace = None",
        r"takes_what_the_engine_needs.py: the engine failed beside the program; if .*:\n(  .*\n)*  TypeError: .*$",
    ),
    "fills_the_disk": (
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))",
        r"fills_the_disk.py: the engine failed beside the program; make room .*TMPDIR.*:\n(  .*\n)*  OSError: .*$",
    ),
    "fills_the_disk_at_the_end": (
        FULL_AT_THE_END,
        "fills_the_disk_at_the_end.py: the engine failed beside the program; make room",
    ),
    "deletes_itself": ("import os\nos.remove(__file__)\nassert 0, 'no'", r"deletes_itself.py:4: AssertionError: no$"),
    "raises_below": (
        "import json\njson.loads('[')",
        r"raises_below.py:3: JSONDecodeError: Expecting value.*\n  raised at .*decoder.py:\d+, in raw_decode$",
    ),
    "syntax": ("x = 1\nx = = 2", r"syntax.py:3: SyntaxError: invalid syntax"),
    "imports_nothing": ("import no_such_thing", r"imports_nothing.py:2: ModuleNotFoundError: .*no_such_thing"),
    "claims": (
        "loss = 0.5\nassert loss < (\n    0.25), 'high'",
        r"claims.py:3: does not hold: loss < \(\n    0.25\) \(high\)\n  where loss = 0.5$",
    ),
    "leaves": ("import sys\nsys.exit('no data')", r"leaves.py:3: left with sys.exit\('no data'\)$"),
    "leaves_at_once": ("import os\nos._exit(0)", r"leaves_at_once.py:3: ended with exit code 0 by its own os._exit\(0\)"),
    "kills_itself": (
        "import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)",
        r"kills_itself.py:4: was killed \(SIGKILL\) by its own os.kill\(signal 9\), before its end$",
    ),
    "is_killed": (
        "import subprocess, time\nsubprocess.run(['sh', '-c', 'kill -9 $PPID'])",
        r"is_killed.py: was killed \(SIGKILL\), from outside or for lack of memory, before its end$",
    ),
    "crashes": ("import os\n\nos.abort()", r"crashes.py:4: was killed \(SIGABRT\), before its end$"),
    "endless": (
        "while True:\n    pass",
        r"endless.py:[23]: still running after 0.5 s, its time limit \(`seconds` of a .*settings.toml\)$",
    ),
    "endless_in_threads": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(9,)).start()\n\ntime.sleep(9)",
        r"endless_in_threads.py:5: still running",
    ),
    "endless_without_signals": (
        "import signal, time\nfor one in (15, 2, signal.SIGUSR1):\n    signal.signal(one, signal.SIG_IGN)\ntime.sleep(9)",
        r"endless_without_signals.py: still running",
    ),
    # It is asked where it is, and dies of the question.
    "endless_and_touchy": (
        "import signal, time\nsignal.signal(signal.SIGUSR1, signal.SIG_DFL)\ntime.sleep(9)",
        r"endless_and_touchy.py: still running after 0.5 s",
    ),
    "hog": (
        "x = 1\nx = bytearray(10**9)",
        r"hog.py:3: took more memory than its limit of 0.05 GiB \(MemoryError\); `memory_gib` of a snippet stands in",
    ),
    "hog_that_keeps": (
        "kept = []\nwhile True:\n    kept.append(bytes(1000))",
        r"hog_that_keeps.py:[34]: took more memory than its limit of 0.05 GiB",
    ),
    "prints_100_mb": (
        "for _ in range(100):\n    print('x' * 10**6)",
        r"prints_100_mb.py(:\d)?: printed more than 1,000,000 bytes, which no setting allows: print less[^`]*$",
    ),
    "prints_100_mb_at_once": ("print('x' * 10**8)", r"prints_100_mb_at_once.py(:2)?: printed more than 1,000,000 bytes"),
    "prints_2_mb": (QUICK, "prints_2_mb.py: printed more than 1,000,000 bytes"),
    "prints_bytes": (
        "import sys\nprint('ok')\nsys.stdout.buffer.write(b'\\xff')",
        r"prints_bytes.py: prints what is not UTF-8: byte 0xff in line 2 of its output",
    ),
    "prints_a_bar": ("print('a\\nb\\r')", r"prints_a_bar.py: prints a control character, .*: '\\r' in line 2"),
    "warns": (
        "import warnings\nwarnings.warn('old')",
        r"warns.py: writes to stderr, .*\n  .*warns.py:3: UserWarning: old",
    ),
    "fails_in_a_thread": (
        "import threading\nthread = threading.Thread(target=int, args=('x',))\nthread.start()\nthread.join()",
        r"fails_in_a_thread.py: writes to stderr(.|\n)*ValueError",
    ),
    "connects": (
        "import socket\nsocket.create_connection(('192.0.2.1', 80))",
        r"connects.py:3: a snippet runs without network, and this one called socket.getaddrinfo\('192.0.2.1'\)",
    ),
    "downloads_and_says_nothing": (
        "from urllib.request import urlopen\ntry:\n    urlopen('http://example.org')\nexcept OSError:\n    pass",
        r"downloads_and_says_nothing.py:4: .*without network.*'example.org'",
    ),
    "connects_below": (
        "import socket\nsocket.socket().connect_ex(('192.0.2.1', 80))",
        r"connects_below.py:3: .*socket.connect\(\('192.0.2.1', 80\)\)",
    ),
    "sends": (
        "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 80))",
        r"sends.py:3: .*socket.sendto",
    ),
}  # fmt: skip
BASIC = ["raises", "syntax", "claims", "leaves_at_once", "kills_itself", "endless", "hog", "prints_100_mb",
         "prints_bytes", "warns", "downloads_and_says_nothing", "takes_what_the_engine_needs"]  # fmt: skip

TWO_FIGURES = "plt.plot([1])\nplt.show()\nplt.figure()\nplt.plot([2])\nplt.show()"
FIGURES = {
    "two_figures": (TWO_FIGURES, "two_figures.py: draws 2 figures; a snippet shows one at most$"),
    "not_shown": ("plt.plot([1])", r"not_shown.py: draws a figure but never shows it: call plt.show\(\)$"),
    "not_shown_and_shown": (
        "plt.plot([1])\nplt.show()\nplt.figure()",
        "draws 2 figures; a snippet shows one at most$",
    ),
}


@pytest.fixture(scope="module", autouse=True)
def settings(shared_project: Project) -> None:
    shared_project.write("snippets/settings.toml", SETTINGS)


@pytest.fixture(scope="module")
def spawning(shared_project: Project) -> Iterator[Runner]:
    made = Runner(shared_project.config, fork=False)
    yield made
    made.close()


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(shared_project: Project, runner: Runner, name: str):
    code, message = REFUSED[name]
    with pytest.raises(DocsError, match=f"^snippets/{message}"):
        runner.run(shared_project.snippet(name, code))


@pytest.mark.parametrize("name", BASIC)
def test_it_is_refused_where_processes_are_not_forked(shared_project: Project, spawning: Runner, name: str):
    code, message = REFUSED[name]
    with pytest.raises(DocsError, match=f"^snippets/{message}"):
        spawning.run(shared_project.snippet(name, code))


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_shown_and_one_at_most(shared_project: Project, runner: Runner, name: str):
    code, message = FIGURES[name]
    with pytest.raises(SnippetFailed, match=message):
        runner.run(shared_project.snippet(name, f"import matplotlib.pyplot as plt\n{code}"))


def test_after_all_that_the_next_program_runs(shared_project: Project, runner: Runner):
    assert runner.run(shared_project.snippet("fine", "print('fine')")).text == "fine\n"


CHILDREN = """
    import subprocess, sys, time
    nap = [sys.executable, "-c", "import time; time.sleep(60)"]
    children = [subprocess.Popen(nap), subprocess.Popen(nap, start_new_session=True)]
    below = subprocess.Popen(
        ["sh", "-c", 'setsid sleep 60 & echo $!; sleep 60'], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    pids = [*(child.pid for child in children), below.pid, int(below.stdout.readline())]
    with open({file!r}, "w") as file:
        print(*pids, file=file)
    {end}
"""


@pytest.mark.parametrize("end", ["time.sleep(60)", "pass", "import os; os._exit(0)"])
def test_its_children_end_with_it_also_those_in_sessions_of_their_own(
    shared_project: Project, runner: Runner, tmp_path: Path, end: str
):
    file = tmp_path / "pids"
    started = time.monotonic()
    with nullcontext() if end == "pass" else pytest.raises(SnippetFailed):
        runner.run(shared_project.snippet("abandons", CHILDREN.format(file=str(file), end=end)))
    assert time.monotonic() - started < 20
    pids = [int(pid) for pid in file.read_text().split()]
    assert len(pids) == 4
    assert [dies(pid, within=1) for pid in pids] == [True] * 4


def test_a_program_that_ends_the_server_is_named_and_the_next_one_runs(
    shared_project: Project, runner: Runner
):
    with pytest.raises(SnippetFailed, match=r"ends_all.py: the server that runs snippets ended"):
        runner.run(
            shared_project.snippet(
                "ends_all", "import os\nos.kill(os.getppid(), 9)\nimport time; time.sleep(9)"
            )
        )
    assert runner.run(shared_project.snippet("fine", "print('fine')")).text == "fine\n"


def test_a_folder_for_temporary_files_that_cannot_be_used_is_said(
    shared_project: Project, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(
        SnippetFailed, match=r"^snippets/fine.py: has no folder to run in \(No such .*set TMPDIR"
    ):
        runner.run(shared_project.snippet("fine", "print('fine')"))


CALLS = {
    "connect": "socket.socket().connect(there)",
    "connect_ex": "socket.socket().connect_ex(there)",
    "sendto": "datagrams.sendto(b'x', there)",
    "sendmsg": "datagrams.sendmsg([b'x'], [], 0, there)",
    "getaddrinfo": "socket.getaddrinfo('192.0.2.1', 80)",
    "gethostbyname": "socket.gethostbyname('192.0.2.1')",
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_into_the_network_does_not_go_out(
    shared_project: Project, runner: Runner, tmp_path: Path, name: str
):
    code = f"""
        import socket
        datagrams, there = socket.socket(type=socket.SOCK_DGRAM), ("192.0.2.1", 80)
        socket.setdefaulttimeout(1)
        try:
            {CALLS[name]}
            came = "went out"
        except Exception as error:
            came = str(error)
        open({str(tmp_path / "came")!r}, "w").write(came)
    """
    with pytest.raises(SnippetFailed, match="without network"):
        runner.run(shared_project.snippet(name, code))
    assert (tmp_path / "came").read_text().startswith("a snippet runs without network, and this one called")


def test_a_preloaded_module_that_does_not_import_is_said(project: Project, capfd: pytest.CaptureFixture[str]):
    project.configure('preload = ["no_such_module"]')
    runner = Runner(project.config)
    with pytest.raises(SnippetFailed, match="does not import"):
        runner.run(project.snippet("a", ""))
    assert "No module named 'no_such_module'" in capfd.readouterr().err


BATCH = ["raises", "raises_below", "syntax", "claims", "leaves_at_once", "kills_itself", "is_killed", "endless", "hog",
         "prints_100_mb", "prints_bytes", "warns", "downloads_and_says_nothing",
         "takes_what_the_engine_needs"]  # fmt: skip


@pytest.mark.parametrize("options", [(), ("--record",)])
def test_pytest_names_each_ends_with_1_and_leaves_the_records_alone(
    project: Project, options: tuple[str, ...]
):
    fine = [project.snippet(name, "print(1)") for name in BATCH]
    project.record(*fine)
    before = project.records()
    project.write("snippets/settings.toml", SETTINGS)
    for name in BATCH:
        project.snippet(name, REFUSED[name][0])
    run = project.pytest("snippets", *options)
    assert run.code == 1
    assert run.outcomes == dict.fromkeys(BATCH, "failed")
    for name in BATCH:
        assert re.search(f"^snippets/{REFUSED[name][1]}", run.output, re.MULTILINE), name
    assert "Traceback" not in run.output.replace("  Traceback", "")  # one is quoted, of the engine's own
    assert project.records() == before
    assert not [name for name in os.listdir(project.root) if name not in KNOWN]


@pytest.mark.parametrize("delete", ["os.remove({}/b.py)", "shutil.rmtree({})"])
def test_a_program_that_another_one_deleted_is_named(project: Project, delete: str):
    folder = project.root / "snippets/c"
    project.snippet("a", "import os, shutil\n" + delete.format(folder).replace("(", "('").replace(")", "')"))
    project.snippet("c/b", "print(1)")
    run = project.pytest("snippets")
    assert run.outcomes["c/b"] == "failed"
    assert (
        "snippets/c/b.py: is there no more: was it deleted, or does a program delete what is not"
        in run.output
    )
    assert "Traceback" not in run.output


def test_a_program_that_deletes_its_own_folder_has_no_record(project: Project):
    project.record(project.snippet("c/b", "import os, shutil\nshutil.rmtree(os.path.dirname(__file__))"))
    project.snippet("c/b", "import os, shutil\nshutil.rmtree(os.path.dirname(__file__))")
    run = project.pytest("snippets", "--all")
    assert "snippets/c/b.py: has no record" in run.output
    assert "Traceback" not in run.output


KNOWN = {"pyproject.toml", "snippets", ".pytest_cache", "library", "__pycache__"}
