"""`python -m verified_docs robustness`: claims under other seeds, one by one, and what is said of those that fail."""

import json
import os
import signal
import sys

import pytest
from toy_ledger import robustness
from toy_project import Project, appears, dies

from verified_docs.base.errors import DocsError
from verified_docs.ledger import entry as ledger
from verified_docs.programs.snippet import Snippet

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

LUCKY = """
    import random
    random.seed(7)
    drawn = [random.random() for _ in range(3)]
    assert drawn[0] == random.Random(7).random()
    assert drawn[2] < 0.8, "by luck"
    assert min(drawn) >= 0
    assert random.Random(7).random() == 0.32383276483316237
"""


def failures(snippet: Snippet) -> list[int]:
    """With how many other seeds each claim did not hold."""
    return [len(claim.failed_seeds) for claim in ledger.fresh(snippet).claims]


def test_a_claim_that_depends_on_its_seed_is_told_from_those_that_do_not(project: Project):
    snippet = project.snippet("a/lucky", LUCKY)
    run = robustness(project, "--seeds", "4")
    first, second, third, fourth = failures(snippet)
    assert (first, third, fourth) == (0, 0, 4)
    assert 0 < second < 4
    assert run.code == 1
    assert "4 claims of 1 snippets: 2 held every time, 2 held less than 95% of the time" in run.output
    told = run.output[run.output.index("snippets/a/lucky.py:8: held 0 of 4 seeds, 1 of 1 processors") :]
    assert "random.Random(7).random() == 0.32383276483316237" in told
    assert "not with seed + 1000003; seed + 2000006; seed + 3000009; seed + 4000012" in told
    assert "snippets/a/lucky.py:6: held" in run.output
    assert "drawn = [" in run.output, "the values with which it does not hold"
    assert "snippets/a/lucky.py:5:" not in run.output


def test_claims_that_always_hold_make_a_whole_ledger(project: Project):
    snippet = project.snippet("a/sure", "import random\nassert random.random() < 1\nassert 1 < 2\n")
    project.snippet("b/claims_nothing", "x = 1")
    run = robustness(project, "--seeds", "2")
    assert run.code == 0, run.output
    assert "2 claims of 2 snippets: 2 held every time, 0 held less" in run.output
    assert "claims, 1 thread" in run.output
    assert "6/6 runs, 0:00 left" in run.output
    assert ledger.fresh(snippet).told(ledger.fresh(snippet).claims[0]) == (
        "held 2 of 2 seeds, 1 of 1 processors and threads"
    )
    before = ledger.path(snippet).read_bytes()
    assert robustness(project, "--seeds", "2").code == 0
    assert ledger.path(snippet).read_bytes() == before
    assert robustness(project, "--seeds", "2", "--check").code == 0


def test_a_better_caption_asks_for_no_new_runs_and_another_program_does(project: Project):
    project.snippet("a", "assert 1 < 2\n", "Is it so?\n\nSo they say.\n")
    assert robustness(project, "--seeds", "1").code == 0
    said = project.snippet("a", "assert 1 < 2\n", "Is it so?\n\nAll of them say so.\n\nIn two paragraphs.\n")
    ledger.fresh(said)
    assert "runs, " not in robustness(project, "--seeds", "1").output, "nothing was run again"
    edited = project.snippet("a", "pass\nassert 1 < 2\n", "Is it so?")
    with pytest.raises(DocsError, match="its ledger is stale"):
        ledger.fresh(edited)


def test_one_failure_among_twenty_is_enough_and_two_are_not(project: Project):
    snippet = project.snippet("a", "assert 1")
    seeds = tuple(f"seed + {number}" for number in range(2))
    one, two = ledger.Claim("1", seeds[:1]), ledger.Claim("1", seeds)
    entry = ledger.Entry(snippet.code_digest, 20, ("this",), (one, two))
    assert entry.share(one) >= ledger.ENOUGH > entry.share(two)
    assert entry.share(ledger.Claim("1", failed_machines=("this",))) == 0
    ledger.save(snippet, ledger.Entry(snippet.code_digest, 20, ("this",), (one,)))
    assert ledger.load(snippet) == ledger.Entry(snippet.code_digest, 20, ("this",), (one,))


def test_a_claim_in_a_loop_holds_where_it_held_each_time(project: Project):
    snippet = project.snippet("a", """
        def check(x):
            assert x < 3
            assert x >= 0
        for x in range(5):
            check(x)
        for x in ():
            assert x
    """)  # fmt: skip
    assert robustness(project, "--seeds", "1").code == 1
    assert failures(snippet) == [1, 0, 0]


def test_a_crash_counts_against_the_claims_that_were_not_reached(project: Project):
    snippet = project.snippet("a", """
        import random
        assert random.Random(1).random() < 1
        number = random.Random(1).random()
        if number != 0.13436424411240122:
            raise ValueError(f"drew another number")
        assert number > 0
    """)  # fmt: skip
    run = robustness(project, "--seeds", "3")
    assert failures(snippet) == [0, 3]
    assert ledger.fresh(snippet).claims[1].failed_machines == ()
    assert (
        "seed + 1000003: did not run through: snippets/a.py:6: ValueError: drew another number" in run.output
    )


def test_a_condition_that_raises_does_not_hold_and_hides_no_later_one(project: Project):
    snippet = project.snippet("a", "assert [][0]\nassert (x := 3) == 3\nassert x == 3\n")
    run = robustness(project, "--seeds", "1")
    assert failures(snippet) == [1, 0, 0]
    assert "IndexError: list index out of range" in run.output


@posix
def test_a_process_that_ends_at_once_leaves_what_was_seen_and_is_run_again(project: Project):
    snippet = project.snippet("a", "import os\nassert True\nassert False\nos._exit(3)\nassert True\n")
    run = robustness(project, "--seeds", "1")
    assert failures(snippet) == [0, 1, 1]
    assert "ended with exit code 3" in run.output
    assert "0/2 runs" in robustness(project, "--seeds", "1").output


def log_of(project: Project) -> str:
    return f"with open({str(project.root / 'log')!r}, 'a') as log: print(os.getpid(), file=log, flush=True)"


def test_finished_runs_are_not_made_again_until_what_they_imported_changes(project: Project):
    project.write("library.py", "x = 1\n")
    code = f"import os, library\n{log_of(project)}\nassert library.x\n"
    project.snippet("a", code)
    log = project.root / "log"

    def runs() -> int:
        return len(log.read_text().split()) if log.is_file() else 0

    assert robustness(project, "--seeds", "2").code == 0
    assert runs() == 3
    assert robustness(project, "--seeds", "4").code == 0
    assert runs() == 5
    project.write("library.py", "x = 2\n")
    assert robustness(project, "--seeds", "2").code == 0
    assert runs() == 8


@posix
def test_interrupted_it_says_how_to_go_on_and_ends_what_it_runs(project: Project):
    log = project.root / "log"
    project.snippet("a", f"import os, time\n{log_of(project)}\ntime.sleep(0.3)\nassert True\n")
    run = project.start("verified_docs", "robustness", "--seeds", "10", "--jobs", "2", "--threads", "1")
    appears(log, within=60, words=4)
    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=30)
    assert run.returncode == 130, output
    assert "stopped; finished runs are kept" in output
    assert "Traceback" not in output
    started = log.read_text().split()
    assert all(dies(int(pid)) for pid in started)
    kept = len(list((project.root / ".verified_docs/ledger/a").glob("*.json")))
    assert 1 <= kept < 11
    again = robustness(project, "--seeds", "10")
    assert again.code == 0, again.output
    assert f"0/{11 - kept} runs" in again.output


def test_an_edited_snippet_is_stale_for_the_check_alone(project: Project):
    snippet = project.snippet("a", "assert 1 < 2")
    other = project.snippet("b", "assert 1 < 2")
    robustness(project, "--seeds", "2")
    snippet = project.snippet("a", "assert 1 < 3")
    ledger.path(other).unlink()
    run = robustness(project, "--seeds", "2", "--check")
    assert run.code == 1
    assert "snippets/a.py: its ledger is stale (the program changed since)" in run.output
    assert (
        "snippets/b.py: its claims were not yet held against other seeds: nox -s robustness -- b"
        in run.output
    )
    with pytest.raises(DocsError, match="stale"):
        ledger.fresh(snippet)
    assert robustness(project, "--seeds", "2", "a").code == 0
    fewer = robustness(project, "--check", "a")
    assert fewer.code == 1
    assert "snippets/a.py: its claims were held against 2 other seeds, not 20" in fewer.output


def test_an_entry_that_a_merge_left_torn_is_named(project: Project):
    snippet = project.snippet("a", "assert 1 < 2")
    project.write("snippets/results/a.ledger.json", "<<<<<<< HEAD\n")
    run = robustness(project, "--check")
    assert run.code == 1
    assert "snippets/results/a.ledger.json: is torn or edited by hand" in run.output
    assert robustness(project, "--seeds", "1").code == 0
    assert json.loads(ledger.path(snippet).read_text())["seeds"] == 1


def test_data_that_cannot_be_had_here_is_named_and_nothing_is_recorded(project: Project):
    project.configure(data='[tool.verified_docs.data]\nmars = "builtins.LookupError"\n')
    project.write("snippets/settings.toml", '[a]\ndata = "mars"\n')
    snippet = project.snippet("a", 'raise LookupError("no way there")\nassert True\n')
    sure = project.snippet("b", "assert True")
    run = robustness(project, "--seeds", "1")
    assert run.code == 1
    assert "NOT HELD HERE: snippets/a.py needs data that cannot be had here: mars" in run.output
    assert ledger.load(snippet) is None
    assert ledger.load(sure) is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["snippets/nowhere"], "error: there is no snippet 'snippets/nowhere'; there are: here/a"),
        (["--seeds", "0"], "error: --seeds 0: claims are held against one other seed at least"),
        (["--jobs", "0"], "error: --jobs 0: at least one run goes on at once"),
        (["--threads", "1,x"], "error: --threads 1,x: give numbers of at least 1, with commas"),
        (["--processors", "quantum"], "there is no 'quantum'; pyproject.toml has plain, abacus"),
        (["--processors", "plain,abacus"], "this machine has no 'abacus' (its processor lacks beads); it has plain"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(project: Project, arguments: list[str], said: str):
    project.configure(
        data='[tool.verified_docs.ledger.processors]\nplain = {}\nabacus = { needs = "beads" }\n'
    )
    project.snippet("here/a", "assert True")
    run = robustness(project, *arguments)
    assert run.code == 1
    assert said in run.output
    assert "Traceback" not in run.output


def test_snippets_are_named_by_path_by_name_or_by_folder(project: Project):
    for name in ("a/one", "a/two", "ab/three"):
        project.snippet(name, "assert True")
    for given, count in (("snippets/a", 2), ("a/one", 1), ("snippets/ab/three.py", 1), ("snippets", 3)):
        run = robustness(project, "--seeds", "1", given)
        assert f"{count} claims of {count} snippets" in run.output, run.output
