"""What a program finds when it is run, and what is kept of it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_project import Project

from verified_docs.base import system
from verified_docs.running.runner import Runner, SnippetFailed

only_forked = pytest.mark.skipif(
    not system.forks(), reason="processes are forked, and limited, on Linux only"
)


@pytest.fixture(
    scope="module", params=[pytest.param(True, marks=only_forked), False], ids=["forked", "spawned"]
)
def either(request: pytest.FixtureRequest, shared_project: Project) -> Iterator[Runner]:
    made = Runner(shared_project.config, fork=request.param)
    yield made
    made.close()


def test_output_values_and_time_are_kept(shared_project: Project, either: Runner):
    code = """
        import time
        time.sleep(0.05)
        print("ä", 0.5)
        print(end="no newline")
        losses, name, best = [0.5, 1], "he", {"a": 1, 2: (3, 4)}
        _private, function, empty, long = 1, print, [], list(range(65))
    """
    results = either.run(shared_project.snippet("values", code))
    assert results.text == "ä 0.5\nno newline"
    assert results.values == {"losses": [0.5, 1], "name": "he", "best": {"a": 1, "2": [3, 4]}}
    assert 0.05 <= results.seconds < 5
    assert results.figure is None


def test_numbers_in_other_clothes_are_values(shared_project: Project, runner: Runner):
    code = """
        import numpy as np
        loss, count, flag, array = np.float32(0.5), np.int64(3), np.bool_(True), np.zeros(3)
        zero_dimensional = np.array(2.5)
    """
    results = runner.run(shared_project.snippet("numpy_values", code))
    assert results.values == {"loss": 0.5, "count": 3, "flag": True, "zero_dimensional": 2.5}


def test_it_is_main_with_arguments_of_its_own_and_an_empty_stdin(shared_project: Project, either: Runner):
    code = """
        import sys
        def code_of_mine(): return 7
        print(__name__, len(sys.argv), sys.stdin.read() == "", sys.modules["__main__"].code_of_mine())
    """
    assert either.run(shared_project.snippet("main", code)).text == "__main__ 1 True 7\n"


def test_what_it_writes_lands_in_a_directory_of_its_own_that_is_removed(
    shared_project: Project, either: Runner
):
    code = """
        import os, pathlib, tempfile
        here = os.getcwd()
        print(os.listdir(here), pathlib.Path.home() == pathlib.Path(here))
        pathlib.Path("kept.txt").write_text("x")
        (pathlib.Path.home() / ".config").mkdir()
        temporary = tempfile.mkdtemp()
    """
    results = either.run(shared_project.snippet("writes", code))
    assert results.text == "[] True\n"
    assert not Path(results.values["here"]).exists()
    assert not Path(results.values["temporary"]).exists()
    assert Path(results.values["temporary"]).parent.parent == Path(results.values["here"]).parent
    assert not list(shared_project.root.rglob("kept.txt"))


@only_forked
def test_a_preloaded_module_that_asked_for_the_temporary_directory_does_not_decide_it(project: Project):
    project.configure('preload = ["asks"]')
    project.write("asks.py", "import tempfile\nplace = tempfile.gettempdir()\n")
    code = "import asks, tempfile\nhere, early = tempfile.gettempdir(), asks.place"
    runner = Runner(project.config)
    try:
        values = runner.run(project.snippet("a", code)).values
    finally:
        runner.close()
    assert values["early"] == tempfile.gettempdir()
    assert values["here"] != values["early"]


def test_one_run_leaves_nothing_for_the_next(shared_project: Project, either: Runner):
    leaves = "import os, sys\nsys.left = 1\nos.environ['LEFT'] = '1'\nopen('left', 'w').close()"
    finds = "import os, sys\nprint(hasattr(sys, 'left'), 'LEFT' in os.environ, os.listdir())"
    either.run(shared_project.snippet("leaves", leaves))
    assert either.run(shared_project.snippet("finds", finds)).text == "False False []\n"


def test_modules_beside_the_program_are_not_found(shared_project: Project, runner: Runner):
    shared_project.write("snippets/beside/_helper.py", "")
    code = "try:\n    import _helper\nexcept ImportError:\n    print('not found')"
    assert runner.run(shared_project.snippet("beside/a", code)).text == "not found\n"


def test_the_projects_own_modules_that_it_imports_are_noted(shared_project: Project, either: Runner):
    shared_project.write("library/__init__.py", "")
    shared_project.write("library/outer.py", "from library import inner\n")
    shared_project.write("library/inner.py", "")
    shared_project.write("library/other.py", "")
    results = either.run(shared_project.snippet("imports", "import json, library.outer"))
    assert results.imported == ["library/__init__.py", "library/inner.py", "library/outer.py"]


def test_sys_exit_with_nothing_is_a_good_end(shared_project: Project, either: Runner):
    assert either.run(shared_project.snippet("leaves_well", "print(1)\nimport sys\nsys.exit()")).text == "1\n"


def test_this_machine_can_be_reached(shared_project: Project, either: Runner):
    code = """
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        print(socket.getaddrinfo("localhost", 80) != [])
    """
    assert either.run(shared_project.snippet("local", code)).text == "True\n"


@only_forked
def test_worker_processes_can_be_used(shared_project: Project, runner: Runner):
    code = """
        import multiprocessing
        import os

        def square(x):
            return x * x

        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(square, [1, 2, 3]))
        if os.fork() == 0:
            print("in the fork", end="", flush=False)
            raise SystemExit(3)
        print(", which ended with", os.waitstatus_to_exitcode(os.wait()[1]))
    """
    assert (
        runner.run(shared_project.snippet("pool", code)).text
        == "[1, 4, 9]\nin the fork, which ended with 1\n"
    )


def test_a_shown_figure_is_kept_with_its_data(shared_project: Project, either: Runner):
    code = """
        import matplotlib.pyplot as plt
        plt.plot([0, 1], [0, 2])
        plt.show()
        plt.close("all")
    """
    snippet = shared_project.snippet("fig/ure", code, "What?\n\nA `line`.\n")
    first, second = either.run(snippet), either.run(snippet)
    assert first.figure
    assert 'aria-label="A `line`."' in first.figure
    assert 'id="fig-ure-' in first.figure
    assert first.drawn[1]["artists"][1]["samples"] == [0, 2]
    assert (first.figure, first.drawn) == (second.figure, second.drawn)


MARKERS = """
    import matplotlib.pyplot as plt
    plt.plot(range(20_000), "o", rasterized={})
    plt.show()
"""


def test_a_figure_that_is_too_large_is_refused_and_its_pixels_are_taken(
    shared_project: Project, runner: Runner
):
    snippet = shared_project.snippet("many", MARKERS.format(False), "What?\n\nMany.\n")
    too_large = (
        r"^snippets/many.py: draws a figure of \d,\d{3},\d{3} bytes, and a page takes 1,000,000: draw fewer points, "
        r"or make pixels of what is many: plot\(…, rasterized=True\)$"
    )
    with pytest.raises(SnippetFailed, match=too_large):
        runner.run(snippet)
    figure = runner.run(shared_project.snippet("many", MARKERS.format(True), "What?\n\nMany.\n")).figure
    assert figure
    assert "data:image/png;base64" in figure
    assert len(figure) < 200_000


@only_forked
def test_memory_that_a_program_fills_is_not_what_its_figure_is_drawn_with(
    shared_project: Project, runner: Runner
):
    code = """
        import matplotlib.pyplot as plt
        plt.plot([0, 1])
        plt.show()
        kept = []
        for size in (10**6, 10**5, 10**4, 1000, 100):
            try:
                while True:
                    kept.append(bytes(size))
            except MemoryError:
                pass
    """
    shared_project.write("snippets/settings.toml", "[fills]\nmemory_gib = 0.05\n")
    assert runner.run(shared_project.snippet("fills", code)).figure


def test_the_environment_is_the_declared_one(project: Project):
    project.write("pyproject.toml", '[tool.verified_docs.env]\nTHREADS = "1"\n')
    runner = Runner(project.config)
    try:
        assert runner.run(project.snippet("a", "import os\nprint(os.environ['THREADS'])")).text == "1\n"
    finally:
        runner.close()
    assert "THREADS" not in os.environ
