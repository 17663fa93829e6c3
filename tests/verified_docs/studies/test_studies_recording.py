"""From a study's file to its record: what is run, what is kept, what is refused."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.pool import ThreadPool

import pytest
from toy_project import Project
from toy_studies import FIGURE, PROGRAM, study

from verified_docs.base.errors import DocsError
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record
from verified_docs.studies import recording, runs, worker
from verified_docs.studies.pool import Pool
from verified_docs.studies.worker import Outcome, Task


class Counting:
    """Workers of this process that note what they run."""

    def __init__(self) -> None:
        self.ran: list[Task] = []

    @property
    def pool(self) -> Pool:
        return Pool(1, self._run)

    def _run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        for task in tasks:
            self.ran.append(task)
            yield worker.run(task)


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
    for name, value in project.config.env.items():
        monkeypatch.setenv(name, value)


def made(file: StudyFile) -> int:
    """Record `file`; how many runs that took."""
    counting = Counting()
    recording.record_study(file, counting.pool)
    return len(counting.ran)


def files(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project.root / "studies/results").iterdir()}


def test_every_setting_is_chosen_then_evaluated(project: Project):
    file = study(project)
    assert made(file) == 2 * 4 * 2 + 2 * 3  # alternatives x rates x tuning seeds, alternatives x seeds
    held = record.fresh(file)
    assert held.values["best"] == {"steep": 0.2, "flat": 0.4}
    # (1 - 2 * 0.4 * 1)^10 = 0.2^10, and the same for 0.2 on the steep one.
    assert held.values["mean"]["distance"]["flat"] == pytest.approx(0.2**10, rel=0.1)
    assert held.values["difference"]["distance"]["steep"] == pytest.approx(0, abs=1e-12)
    assert held.values["versions"]["python"]
    assert held.text.startswith("distance: lower is better; a difference of 0.001 matters\n")
    assert held.seconds >= 0


def test_a_study_knows_where_it_lies(project: Project):
    program = PROGRAM.replace("import random\n", "import random\nfrom pathlib import Path\n").replace(
        "STEPS = 10", "STEPS = int(Path(__file__).with_name('steps').read_text())"
    )
    project.write("studies/steps", "10")
    file = study(project, program=program)
    made(file)
    assert record.fresh(file).values["best"] == {"steep": 0.2, "flat": 0.4}


def test_a_figure_that_is_too_large_is_refused(project: Project):
    many = FIGURE.replace("return figure", "axes.plot(range(20_000), 'o')\n    return figure")
    with pytest.raises(
        DocsError, match=r"^studies/toy.py: draws a figure of .*, and a page takes 1,000,000: draw fewer"
    ):
        made(study(project, more=many))


def test_numbers_with_two_keys_that_are_the_same_as_text_are_refused(project: Project):
    more = "\n\ndef numbers(results):\n    return {'by': {1: 2, '1': 3}}\n"
    with pytest.raises(
        DocsError, match=r"^studies/toy.py: what numbers\(results\) returns has the keys 1 and '1'"
    ):
        made(study(project, more=more))


def test_the_record_has_one_sorted_line_a_run(project: Project):
    file = study(project)
    made(file)
    lines = [line for line in record.paths(file)[0].read_text().splitlines() if '"seed": ' in line]
    held = [json.loads(line.strip().rstrip(",")) for line in lines]
    assert len(held) == 22
    keys = [worker.key(one["settings"], one["seed"]) for one in held]
    assert keys == sorted(keys)


def test_recorded_again_nothing_is_run_and_no_byte_changes(project: Project):
    file = study(project, more=FIGURE)
    made(file)
    before = files(project)
    assert made(file) == 0
    assert files(project) == before


def test_without_the_cache_the_record_is_enough(project: Project):
    file = study(project, more=FIGURE)
    made(file)
    before = files(project)
    for path in file.kept.iterdir():
        path.unlink()
    assert made(file) == 0
    assert files(project) == before


def test_without_the_record_the_cache_is_enough(project: Project):
    file = study(project)
    made(file)
    before = files(project)
    for path in (project.root / "studies/results").iterdir():
        path.unlink()
    assert made(file) == 0
    assert files(project) == before


def test_a_torn_record_and_a_torn_file_of_the_cache_cost_no_more_than_they_held(project: Project):
    file = study(project)
    made(file)
    record.paths(file)[1].write_text("edited")
    for path in file.kept.iterdir():
        path.write_text('{"computing"')
    assert made(file) == 0
    assert record.fresh(file).text != "edited"
    record.paths(file)[0].write_text("<<<<<<< merge")
    assert made(file) == 22


def test_a_new_figure_or_caption_costs_no_run(project: Project):
    made(study(project, more=FIGURE))
    file = study(
        project, program=PROGRAM.replace("the better", "the nearer"), more=FIGURE.replace("rate", "rate ")
    )
    with pytest.raises(
        DocsError, match=r"studies/toy.py: its record is stale .* run it again: nox -s studies -- toy"
    ):
        record.fresh(file)
    assert made(file) == 0
    record.fresh(file)


def test_a_changed_computation_costs_all_runs(project: Project):
    made(study(project))
    assert made(study(project, program=PROGRAM.replace("STEPS = 10", "STEPS = 9"))) == 22


def test_one_more_alternative_costs_its_own_runs_only(project: Project):
    made(study(project))
    more = PROGRAM.replace('"flat": {"scale": 1.0}', '"flat": {"scale": 1.0}, "flatter": {"scale": 0.9}')
    assert made(study(project, program=more)) == 4 * 2 + 3


def test_the_best_at_the_end_of_a_grid_is_an_error_and_widening_costs_the_new_values_only(project: Project):
    narrow = study(project, program=PROGRAM.replace("[0.1, 0.2, 0.4, 0.8]", "[0.1, 0.2, 0.4]"))
    with pytest.raises(DocsError) as error:
        made(narrow)
    assert "flat: rate 0.4 is best and the highest of its grid; widen it with higher values" in str(
        error.value
    )
    assert "steep" not in str(error.value)
    assert record.load(narrow) is None
    assert made(study(project)) == 2 * 2 + 2 * 3  # alternatives x the new rate x tuning seeds, evaluation


def test_settings_that_two_alternatives_share_are_run_once(project: Project):
    program = PROGRAM.replace('{"scale": 2.0}', '{"scale": 1.0}')
    file = study(project, program=program)
    assert made(file) == 4 * 2 + 3
    assert record.fresh(file).values["runs"] == 11


def test_a_run_that_fails_is_named_and_what_ended_before_is_kept(project: Project):
    program = PROGRAM.replace('"""Go down."""', 'if seed == 2:\n        raise RuntimeError("no")')
    file = study(project, program=program)
    with pytest.raises(DocsError, match=r"studies/toy.py: line \d+: RuntimeError: no") as error:
        made(file)
    assert '"scale": 2.0}, 2]' in str(error.value)
    assert len(list(file.kept.iterdir())) == 18


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'return {"distance": abs(xs[-1]), "xs": xs}',
            "return 3",
            "run returned 3; it is to return numbers by name",
        ),
        ('"distance": abs(xs[-1]), ', "", "run returned no 'distance', which is one of the study's metrics"),
        ("abs(xs[-1])", "[1.0]", r"run returned distance = \[1.0\], which is no number"),
        ("abs(xs[-1])", "'far'", "run returned distance = 'far'; it is to be a number"),
    ],
)
def test_what_is_no_metric_is_refused(project: Project, old: str, new: str, message: str):
    with pytest.raises(DocsError, match=message):
        made(study(project, program=PROGRAM.replace(old, new)))


def test_numbers_in_numpys_clothes_are_plain(project: Project):
    program = PROGRAM.replace("import random", "import random\n\nimport numpy as np")
    program = program.replace("abs(xs[-1])", "np.float32(abs(xs[-1]))").replace(
        '"xs": xs', '"xs": np.array(xs)'
    )
    file = study(project, program=program)
    made(file)
    assert isinstance(runs.recorded(file)[0].metrics["xs"], list)


def test_a_run_starts_in_an_empty_directory_of_its_own(project: Project):
    write = "import os\n    assert not os.listdir()\n    open('left', 'w').close()"
    made(study(project, program=PROGRAM.replace('"""Go down."""', write)))


def test_a_worker_with_threads_runs_one_at_a_time(project: Project):
    alone = "import os, time\n    os.mkdir('mine')\n    time.sleep(0.01)\n    assert os.listdir() == ['mine']"
    file = study(project, program=PROGRAM.replace('"""Go down."""', alone))
    with ThreadPool(4) as threads:
        recording.record_study(file, Pool(4, lambda tasks: threads.imap_unordered(worker.run, tasks)))
    record.fresh(file)


def test_a_worker_of_another_environment_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MPLBACKEND")
    with pytest.raises(DocsError, match=r"start this worker with MPLBACKEND=module://verified_docs.backend"):
        made(study(project))


def test_a_figure_needs_a_caption_and_must_be_one(project: Project):
    with pytest.raises(DocsError, match="must say, below the question, what it shows"):
        made(study(project, program=PROGRAM.replace("The shorter the line, the better.", ""), more=FIGURE))
    with pytest.raises(
        DocsError, match=r"draw\(results\) is to return one matplotlib figure; it returned None"
    ):
        made(study(project, more=FIGURE.replace("return figure", "return None")))


def test_the_figure_is_kept_as_pages_need_it(project: Project):
    file = study(project, more=FIGURE)
    made(file)
    held = record.fresh(file)
    assert held.figure
    assert 'aria-label="The shorter the line, the better."' in held.figure
    assert "studies-toy-" in held.figure
    assert held.drawn[1]["artists"][0]["shape"] == [4]
    assert held.style == project.config.style


CLAIM = """

def numbers(results):
    ratio = results.best("flat") / results.best("steep")
    assert ratio == {}
    return {{"ratio": ratio}}
"""


def test_its_own_numbers_are_quoted_and_its_claims_hold(project: Project):
    file = study(project, more=CLAIM.format(2))
    assert file.claims == ["ratio == 2"]
    made(file)
    assert record.fresh(file).values["numbers"] == {"ratio": 2.0}
    wrong = study(project, more=CLAIM.format(3))
    with pytest.raises(DocsError, match=r"studies/toy.py: does not hold: ratio == 3\n  where ratio = 2.0"):
        made(wrong)


def test_numbers_that_cannot_be_quoted_are_refused(project: Project):
    with pytest.raises(DocsError, match="is to return a dict of numbers"):
        made(study(project, more="\n\ndef numbers(results):\n    return {'study': results}\n"))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("x = 1", "begins with a docstring"),
        ('"""So?"""\nx = 1', r"studies/toy.py: defines no `study = Study\(…\)`"),
        (
            PROGRAM.replace("range(3)", "range(1)"),
            r"studies/toy.py: seeds=\[0\]: an interval needs at least two",
        ),
        ('"""So?"""\nx = =', "studies/toy.py:2: SyntaxError"),
        (
            '"""So?"""\nimport not_installed',
            "studies/toy.py:2: ModuleNotFoundError: No module named 'not_installed'",
        ),
    ],
)
def test_a_file_that_is_no_study_is_named(project: Project, program: str, message: str):
    with pytest.raises(DocsError, match=message):
        made(study(project, program=program))


def test_a_diverged_run_is_kept_as_what_it_is(project: Project):
    program = PROGRAM.replace("0.8]", "0.8, 3.0]")
    file = study(project, program=program)
    made(file)
    assert record.fresh(file).values["diverged_tuning"] == {"steep": 4, "flat": 2}
    assert "steep: runs diverged: 4 of 10 while it was tuned." in record.fresh(file).text
    assert sum(math.isnan(one.metrics["distance"]) for one in runs.recorded(file)) == 6
    kept = runs.finished(file, file.computing(file.module().study))
    assert {one.key for one in kept.values()} == {one.key for one in runs.recorded(file)}


# Kinds of processor


def recorded_on(kinds: str | Iterator[str], file: StudyFile) -> int:
    """Record `file` where workers say that they are of this kind, or of these; how many runs that took."""
    counting = Counting()

    def run(tasks: Sequence[Task]) -> Iterator[Outcome]:
        for outcome in counting.pool.run(tasks):
            kind = kinds if isinstance(kinds, str) else next(kinds)
            yield replace(outcome, made=outcome.made | {"kind": kind})

    recording.record_study(file, Pool(1, run))
    return len(counting.ran)


WIDER = PROGRAM.replace('"flat": {"scale": 1.0}', '"flat": {"scale": 1.0}, "flatter": {"scale": 0.9}')


def test_a_run_knows_its_kind(project: Project):
    file = study(project)
    recorded_on("one", file)
    assert {run.kind for run in runs.recorded(file)} == {"one"}
    record.paths(file)[0].unlink()
    assert {run.kind for run in runs.finished(file, file.computing(file.module().study)).values()} == {"one"}


def test_a_run_that_does_not_say_is_of_the_records_kind(project: Project):
    file = study(project)
    made(file)
    assert {run.kind for run in runs.recorded(file)} == {None}
    path = record.paths(file)[0]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kind": "one"}))
    assert {run.kind for run in runs.recorded(file)} == {"one"}


@pytest.mark.parametrize("lost", ["record", "cache"])
def test_what_is_finished_on_one_kind_is_not_gone_on_with_on_another(project: Project, lost: str):
    file = study(project)
    recorded_on("one", file)
    before = files(project)
    for path in list(file.kept.iterdir()) if lost == "cache" else [record.paths(file)[0]]:
        path.unlink()
    file = study(project, program=WIDER)
    with pytest.raises(DocsError, match="of 2 kinds of processor, another and one, and what is") as refused:
        recorded_on("another", file)
    assert f"delete studies/results/toy.json and {file.kept}" in str(refused.value)
    if lost == "cache":
        assert files(project) == before
    assert recorded_on("one", file) == 4 * 2 + 3


def test_after_the_way_out_all_runs_are_of_the_new_kind(project: Project):
    file = study(project)
    recorded_on("one", file)
    for path in (record.paths(file)[0], *file.kept.iterdir()):
        path.unlink()
    assert recorded_on("another", file) == 22
    assert {run.kind for run in runs.recorded(file)} == {"another"}


def test_a_record_of_one_kind_is_not_filled_up_from_a_cache_of_another(project: Project):
    file = study(project)
    recorded_on("one", file)
    for path in file.kept.iterdir():
        held = json.loads(path.read_text())
        path.write_text(
            json.dumps(held | {"seed": held["seed"] + 1, "made": held["made"] | {"kind": "another"}})
        )
    with pytest.raises(DocsError, match="of 2 kinds of processor, another and one"):
        recorded_on("one", file)


def test_what_costs_no_run_is_recorded_on_any_kind(project: Project):
    recorded_on("one", study(project, more=FIGURE))
    file = study(project, more=FIGURE.replace("rate", "rate "))
    assert recorded_on("another", file) == 0
    assert {run.kind for run in runs.recorded(file)} == {"one"}


def test_a_cluster_of_two_kinds_is_refused_and_what_is_kept_is_of_one(project: Project):
    file = study(project)
    with pytest.raises(DocsError, match="of 2 kinds of processor, another and one"):
        recorded_on(iter(["one", "one", "one", "another"]), file)
    assert len(list(file.kept.iterdir())) == 3


def test_runs_from_before_kinds_were_known_are_gone_on_with(project: Project):
    made(study(project))
    file = study(project, program=WIDER)
    assert recorded_on("one", file) == 4 * 2 + 3
    assert {run.kind for run in runs.recorded(file)} == {None, "one"}
