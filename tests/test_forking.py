"""What `run_program` promises: a program in a process of its own, whose errors are shown and which ends."""

import contextlib
import subprocess
import time

import psutil
import pytest
from forking import FORKS, Forking

only_forked = pytest.mark.skipif(not FORKS, reason="on Linux only")
TRAINS = """
import time
from lightning_modules import MLP, Classifier, Digits, quiet_trainer

class Mine(Classifier):
    def training_step(self, batch, batch_idx):
        if self.global_rank:
            {there}
        return super().training_step(batch, batch_idx)

if __name__ == "__main__":
    quiet_trainer(max_epochs=1, strategy="ddp_fork", devices=2).fit(Mine(MLP([64, 10])), Digits(train_size=64))
"""


@pytest.fixture(scope="module")
def light():
    """A process that forks and has imported nothing of size."""
    made = Forking(["json"], "")
    yield made
    made.close()


def written(folder, text):
    path = folder / "program.py"
    path.write_text(text)
    return path


def test_a_program_is_told_its_arguments_and_prints(run_program, tmp_path):
    done = run_program("import sys\nprint(sys.argv[1:], __name__)", "a", "b")
    assert done.stdout == f"{[str(tmp_path), 'a', 'b']} __main__\n"


def test_a_program_has_the_environment_of_its_test(run_program, monkeypatch):
    program = "import os\nprint(os.environ.get('SAID'), os.environ.get('UNSAID'))"
    monkeypatch.setenv("UNSAID", "before")
    assert run_program(program).stdout == "None before\n"
    monkeypatch.setenv("SAID", "now")
    monkeypatch.delenv("UNSAID")
    assert run_program(program).stdout == "now None\n"


def test_an_error_is_shown(run_program):
    with pytest.raises(AssertionError, match=r"(?s)ended with code 1.*printed.*line 2.*ValueError: too bad"):
        run_program("print('printed')\nraise ValueError('too bad')")


def test_an_error_in_a_process_that_it_has_started_is_shown(run_program):
    with pytest.raises(AssertionError, match="in the second one"):
        run_program(TRAINS.format(there="raise ValueError('in the second one')"))


def test_programs_do_not_see_one_another(run_program):
    run_program("import sys\nsys.seen = True")
    assert run_program("import sys\nprint(hasattr(sys, 'seen'))").stdout == "False\n"


@only_forked
def test_what_waits_for_ever_is_ended_with_all_that_it_has_started(light, tmp_path):
    program = "import os, time\nprint(os.getpid(), os.fork(), flush=True)\ntime.sleep(900)"
    pids = set()
    for patience in (
        1,
        4,
        16,
        64,
    ):  # as long as it takes to print, on a machine that is busy with other things
        if len(pids) < 2:
            with pytest.raises(
                subprocess.TimeoutExpired, match=f"timed out after {patience} seconds"
            ) as error:
                light.run(written(tmp_path, program), cwd=tmp_path, patience=patience)
            pids = {int(word) for word in error.value.output.split()} - {0}
    assert len(pids) == 2
    assert all(map(ends, pids))


@only_forked
def test_what_it_leaves_behind_is_ended(light, tmp_path):
    program = "import os, time\nchild = os.fork()\nprint(child) if child else time.sleep(900)"
    done = light.run(written(tmp_path, program), cwd=tmp_path)
    assert ends(int(done.stdout))


@only_forked
def test_where_there_is_nothing_to_fork_from_it_says_so(tmp_path, capfd):
    broken = Forking(["no_such_module"], "")
    with pytest.raises(ChildProcessError, match=r"ended with code 1: .* \(no_such_module\)"):
        broken.run(written(tmp_path, "print(1)"), cwd=tmp_path)
    assert "No module named 'no_such_module'" in capfd.readouterr().err
    broken.close()


@only_forked
def test_a_program_that_is_killed_says_by_what(light, tmp_path):
    done = light.run(written(tmp_path, "import os\nos.kill(os.getpid(), 9)"), cwd=tmp_path)
    assert done.returncode == -9


def ends(pid):
    """Whether a process that has been told to end does."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process, until = psutil.Process(pid), time.monotonic() + 5
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
    return True
