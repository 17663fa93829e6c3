"""Instruction sets and threads are environment variables; what takes two threads runs alone."""

from pathlib import Path

import pytest
from toy_ledger import robustness
from toy_project import Project

from verified_docs.base import config, system
from verified_docs.base.errors import DocsError
from verified_docs.ledger import entry as ledger
from verified_docs.ledger.entry import Claim, Entry

MACHINES = """
[tool.verified_docs.ledger]
threads = ["THREADS", "MORE_THREADS"]

[tool.verified_docs.ledger.processors]
slow = { env = { SPEED = "1" } }
fast = { env = { SPEED = "2" } }
abacus = { needs = "beads", env = { SPEED = "0" } }
"""


def test_its_own_seed_is_tried_on_each_instruction_set_and_number_of_threads(project: Project):
    project.configure(data=MACHINES)
    snippet = project.snippet("a", """
        import os, random
        here = (os.environ.get("SPEED"), os.environ.get("THREADS"), os.environ.get("MORE_THREADS"))
        assert here != ("2", "2", "2")
        assert random.Random(1).random() == 0.13436424411240122 or here == (None, None, None)
    """)  # fmt: skip
    run = robustness(project, "--seeds", "1", "--threads", "1,2")
    held = ledger.fresh(snippet)
    assert held.machines == ("slow, 1 thread", "fast, 1 thread", "slow, 2 threads", "fast, 2 threads")
    assert [claim.failed_machines for claim in held.claims] == [("fast, 2 threads",), ()]
    assert [claim.failed_seeds for claim in held.claims] == [(), ()]
    assert run.code == 1
    assert "snippets/a.py:4: held 1 of 1 seeds, 3 of 4 processors and threads" in run.output
    assert "fast, 2 threads: " in run.output


def test_what_other_machines_and_seeds_gave_can_be_added(project: Project):
    project.configure(data=MACHINES)
    snippet = project.snippet("a", """
        import os, random
        here = (os.environ.get("SPEED"), os.environ.get("THREADS"))
        assert here != ("1", "1")
        assert here != ("2", "2")
        assert random.Random(1).random() == 0.13436424411240122
    """)  # fmt: skip
    robustness(project, "--seeds", "2", "--processors", "slow")
    robustness(project, "--add", "--seeds", "0", "--threads", "1,2", "--processors", "fast")
    added = ledger.fresh(snippet)
    assert (added.seeds, added.machines) == (2, ("slow, 1 thread", "fast, 1 thread", "fast, 2 threads"))
    assert [claim.failed_machines for claim in added.claims] == [
        ("slow, 1 thread",),
        ("fast, 2 threads",),
        (),
    ]
    assert [len(claim.failed_seeds) for claim in added.claims] == [0, 0, 2]


def test_what_is_tried_again_replaces_what_was_tried_before():
    before = Entry("", 3, ("old", "again"), (Claim("a", ("seed",), ("old", "again")), Claim("b")))
    now = Entry("", 2, ("again", "new"), (Claim("a"), Claim("b", (), ("again",))))
    assert now.added_to(before) == Entry(
        "", 2, ("old", "again", "new"), (Claim("a", (), ("old",)), Claim("b", (), ("again",)))
    )


def test_the_check_misses_a_machine_that_was_not_tried(project: Project):
    project.configure(data=MACHINES.replace('abacus = { needs = "beads", env = { SPEED = "0" } }', ""))
    project.snippet("a", "assert True\n")
    robustness(project, "--seeds", "1", "--processors", "slow")
    run = robustness(project, "--seeds", "1", "--check")
    assert run.code == 1
    assert (
        "snippets/a.py: its claims were not held on fast, 1 thread: nox -s robustness -- a --add"
        in run.output
    )
    robustness(project, "--add", "--seeds", "0", "--processors", "fast")
    assert robustness(project, "--seeds", "1", "--check").code == 0


def test_nothing_is_added_to_what_is_not_there(project: Project):
    project.snippet("a", "assert True\n")
    run = robustness(project, "--add", "--seeds", "0")
    assert run.code != 0
    assert "snippets/a.py: its claims were not yet held against other seeds" in run.output
    assert (
        "--seeds 0: claims are held against one other seed at least"
        in robustness(project, "--seeds", "0").output
    )


def test_runs_on_two_threads_go_alone(project: Project):
    times = project.root / "times"
    code = f"""
        import os, time
        started = time.monotonic()
        time.sleep(0.2)
        with open({str(times)!r}, "a") as file:
            print(os.environ.get("OMP_NUM_THREADS"), started, time.monotonic(), file=file, flush=True)
        assert True
    """
    for name in "abc":
        project.snippet(name, code)
    run = robustness(project, "--seeds", "1", "--jobs", "3", "--threads", "2")
    assert run.code == 0, run.output
    assert "claims, 2 threads, one run at a time" in run.output
    spans = spans_of(times)
    alone = [(start, end) for threads, start, end in spans if threads == "2"]
    assert len(alone) == 3
    for start, end in alone:
        assert sum(start < other_end and other_start < end for _, other_start, other_end in spans) == 1


def spans_of(times: Path) -> list[tuple[str, float, float]]:
    lines = [line.split() for line in times.read_text().splitlines()]
    return [(threads, float(start), float(end)) for threads, start, end in lines]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("seeds = 3", r"\[tool.verified_docs.ledger\] has no setting 'seeds'; it has processors, seed_shift"),
        ('seed_shift = "shift"', "seed_shift = 'shift' is no \"package.module.function\""),
        ('threads = "A"', "threads is not a list of environment variables"),
        ("processors = {}", r"\[tool.verified_docs.ledger.processors\] is not a table"),
        ("processors.a = 1", r"processors.a\] is not a table"),
        ('processors."a,b" = {}', "its name has a comma"),
        ("processors.a.env = {X = 1}", r"processors.a\] env is not a table of texts"),
        ("processors.a.needs = 1", r"processors.a\] needs is not the name of one processor flag"),
    ],
)
def test_wrong_settings_are_refused(project: Project, table: str, said: str):
    project.configure(data=f"[tool.verified_docs.ledger]\n{table}\n")
    with pytest.raises(DocsError, match=said):
        config.load(project.root)


def test_a_run_may_take_three_times_its_limit_on_another_machine_and_no_longer(project: Project):
    project.write("snippets/settings.toml", "[a]\nseconds = 0.5\n[b]\nseconds = 0.1\n")
    project.snippet("a", "import time\ntime.sleep(0.7)\nassert True\n")
    slow = project.snippet("b", "import time\nassert True\ntime.sleep(30)\nassert True\n")
    run = robustness(project, "--seeds", "1")
    assert run.code == 1
    assert "snippets/a.py" not in run.output
    line = ":4" if system.signals() else ""  # where a program can be asked
    assert f"NOT HELD HERE: snippets/b.py{line}: still running after 0.3 s, its time limit" in run.output
    assert "with seed + 1000003" in run.output or "with as configured, 1 thread" in run.output
    assert ledger.load(slow) is None, "too slow is not the same as untrue"
