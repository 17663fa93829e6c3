"""A check that cannot fail checks nothing: what would trouble a reader is found, and what would not is none of it."""

import os
import sys
import time

import pytest
from nbformat import v4, writes
from reader import Outcome, Reader, in_notebook

from verified_docs.base.config import Settings


@pytest.fixture
def reader(tmp_path, project):
    return Reader(sys.executable, tmp_path, project)


def notebook(code, *outputs):
    return writes(v4.new_notebook(cells=[v4.new_code_cell(code, outputs=list(outputs))]))


def is_gone(pid, within=10.0):
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def faults(outcome, printed, figures=0):
    return "\n".join(outcome.unlike(Outcome(printed, figures), Settings(relative=0.1)))


def test_a_program_that_prints_what_is_shown_has_no_fault(reader):
    assert faults(reader.program("print('loss', 1.05)", 60), "loss 1.00") == ""


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("print('loss', 1.5)", "line 1: 1.5 instead of 1.00"),
        ("print('loss', 1.0); import warnings; warnings.warn('old')", "says what nothing shows"),
        ("print('loss', 1.0); import not_installed", "No module named 'not_installed'"),
        ("print('loss', 1.0); open('pyproject.toml')", "No such file"),
        ("print('loss', 1.0); assert 1 > 2", "AssertionError"),
        ("import time; time.sleep(60)", "was not done after 1 s"),
    ],
)
def test_each_trouble_with_a_program_is_found(reader, code, fault):
    seconds = 1 if "sleep" in code else 60
    assert fault in faults(reader.program(code, seconds), "loss 1.00")


def test_a_program_finds_one_thread_and_an_empty_folder(reader):
    code = "import os; print(os.environ['OMP_NUM_THREADS'], os.listdir(), os.listdir(os.environ['HOME']))"
    assert reader.program(code, 60).printed == "1 ['program.py'] []\n"


def test_a_notebook_is_run_and_its_outputs_are_read(reader):
    old = v4.new_output("stream", name="stdout", text="2\n")
    outcome = reader.notebook(notebook("print(1)\nimport sys\nprint('old', file=sys.stderr)\n5", old), 120)
    assert outcome.printed == "1\n"
    assert "old" in outcome.said
    assert "5" in outcome.said


def test_a_progress_bar_of_a_notebook_is_nothing_said():
    bar = v4.new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "0%|"})
    assert faults(in_notebook(notebook("search()", bar)), "") == ""


def test_a_notebook_that_fails_is_named_with_its_error(reader):
    assert "ZeroDivisionError" in reader.notebook(notebook("1 / 0"), 120).failure


def test_a_notebook_that_does_not_end_is_stopped_with_its_kernel(reader):
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(3600)"
    assert reader.notebook(notebook(code), 20).failure == "was not done after 20 s"
    assert is_gone(int((reader.folder / "desk" / "pid").read_text()))


def test_a_figure_that_is_not_drawn_is_missed():
    drawn = v4.new_output("display_data", {"image/png": "AAAA"})
    assert faults(in_notebook(notebook("plot()", drawn)), "", figures=1) == ""
    assert faults(in_notebook(notebook("plot()")), "", figures=1) == "draws 0 figures instead of 1"
