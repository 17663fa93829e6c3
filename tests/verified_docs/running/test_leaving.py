"""What a program says after its last line is what a reader sees who runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.running.runner import Runner, SnippetFailed


@pytest.fixture(scope="module", params=[True, False], ids=["forked", "spawned"])
def either(request: pytest.FixtureRequest, shared_project: Project) -> Iterator[Runner]:
    made = Runner(shared_project.config, fork=request.param)
    yield made
    made.close()


def by_itself(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """The program, run as a reader runs it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run([sys.executable, str(path)], cwd=folder, env=env, capture_output=True, text=True)


SAYS = {
    "atexit": "import atexit\natexit.register(print, 'first')\natexit.register(print, 'second')\nprint('body')",
    "a_thread": """
        import threading, time

        def late():
            time.sleep(0.2)
            print("late")
            x.append(1)

        x = []
        threading.Thread(target=late).start()
        print("body")
    """,
    "an_executor": """
        import time
        from concurrent.futures import ThreadPoolExecutor

        ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.2), print("late")))
        print("body")
    """,
    "a_deleted_global": """
        class Says:
            def __del__(self):
                print("deleted", name)

        says, name = Says(), "whole"
    """,
    "an_open_file": "kept = open(1, 'w', closefd=False)\nkept.write('flushed when it is closed\\n')",
    "a_finalizer": """
        import os, weakref

        weakref.finalize(os, print, "finalized")
    """,
    "a_process": """
        import multiprocessing, time

        multiprocessing.get_context("fork").Process(target=lambda: (time.sleep(0.2), print("late", flush=True))).start()
        print("body", flush=True)
    """,
    "a_log": """
        import logging.handlers, sys

        handler = logging.handlers.MemoryHandler(9, target=logging.StreamHandler(sys.stdout))
        logging.getLogger().addHandler(handler)
        logging.getLogger().warning("kept until the end")
    """,
    "all_in_order": """
        import atexit, threading, time

        class Says:
            def __del__(self):
                print("deleted")

        says = Says()
        atexit.register(print, "called")
        threading.Thread(target=lambda: (time.sleep(0.2), print("waited for"))).start()
        print("body")
    """,
    "a_fork": """
        import atexit, os, sys

        atexit.register(print, "called")
        if os.fork() == 0:
            sys.exit(3)
        os.wait()
        print("body")
    """,
    "sys_exit": "import atexit, sys\natexit.register(print, 'called')\nsys.exit()",
}


@pytest.mark.parametrize("name", SAYS)
def test_what_it_says_at_its_end_is_kept(shared_project: Project, either: Runner, tmp_path: Path, name: str):
    snippet = shared_project.snippet(name, SAYS[name])
    alone = by_itself(snippet.path, tmp_path)
    assert alone.returncode == 0 and not alone.stderr, alone.stderr
    assert alone.stdout
    assert either.run(snippet).text == alone.stdout


FAILS = {
    "in_atexit": ("import atexit\natexit.register(int, 'x')", "ValueError: invalid literal"),
    "a_claim_in_atexit": (
        "import atexit\ndef check():\n    assert 1 == 2, 'no'\natexit.register(check)",
        "AssertionError: no",
    ),
    "in_a_thread": (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), 1 / 0)).start()",
        "ZeroDivisionError",
    ),
    "in_a_deletion": (
        "class Fails:\n    def __del__(self):\n        1 / 0\nfails = Fails()",
        "ZeroDivisionError",
    ),
    "warns": (
        "import atexit, warnings\natexit.register(warnings.warn, 'too late')",
        "UserWarning: too late",
    ),
    "never_awaited": ("async def late(): ...\nx = late()", "coroutine 'late' was never awaited"),
}


@pytest.mark.parametrize("name", FAILS)
def test_what_fails_or_warns_at_its_end_fails(shared_project: Project, either: Runner, name: str):
    code, said = FAILS[name]
    with pytest.raises(SnippetFailed, match=f"^snippets/{name}.py: writes to stderr(.|\n)*{said}"):
        either.run(shared_project.snippet(name, code))


def test_values_are_those_after_its_threads(shared_project: Project, either: Runner):
    assert either.run(shared_project.snippet("a_thread_adds", SAYS["a_thread"])).values == {"x": [1]}


def test_a_thread_that_does_not_end_is_named_with_its_line(shared_project: Project, runner: Runner):
    shared_project.write("snippets/settings.toml", "[hangs]\nseconds = 0.5\n")
    code = "import threading, time\ndef wait():\n    time.sleep(9)\nthreading.Thread(target=wait).start()"
    with pytest.raises(DocsError, match=r"^snippets/hangs.py:4: still running after 0.5 s"):
        runner.run(shared_project.snippet("hangs", code))


def test_a_program_that_fails_does_not_wait_for_its_threads(shared_project: Project, runner: Runner):
    code = "import threading\nthreading.Thread(target=threading.Event().wait).start()\n1 / 0"
    with pytest.raises(SnippetFailed, match=r"fails_at_once.py:4: ZeroDivisionError"):
        runner.run(shared_project.snippet("fails_at_once", code))


def test_what_a_preloaded_module_cleans_up_at_its_end_is_left_to_the_server(project: Project):
    project.configure('preload = ["makes"]')
    project.write(
        "makes.py",
        """
        import atexit, shutil, tempfile
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
        other = tempfile.TemporaryDirectory()
        """,
    )
    code = "import makes, os\nthere = [os.path.isdir(makes.folder), os.path.isdir(makes.other.name)]"
    runner = Runner(project.config)
    try:
        for name in ("a", "b"):
            assert runner.run(project.snippet(name, code)).values == {"there": [True, True]}
    finally:
        runner.close()


def test_what_was_preloaded_does_at_its_end_what_it_does_in_every_process(project: Project):
    project.configure('preload = ["logging", "multiprocessing.util", "makes"]')
    project.write(
        "makes.py", "import weakref\nclass Made: ...\nmade = Made()\nweakref.finalize(made, print, 1)\n"
    )
    runner = Runner(project.config)
    try:
        texts = [
            runner.run(project.snippet(one, SAYS[one])).text for one in ("a_log", "a_process", "a_finalizer")
        ]
    finally:
        runner.close()
    assert texts == ["kept until the end\n", "body\nlate\n", "finalized\n"]


def test_claims_at_the_end_are_judged_in_trials(project: Project):
    project.snippet("a", "import atexit\ndef check():\n    assert 1 == 2\natexit.register(check)")
    run = project.python("verified_docs", "robustness", "--seeds", "1")
    assert run.code == 1
    assert "snippets/a.py:4: held 0 of 1 seeds" in run.output
