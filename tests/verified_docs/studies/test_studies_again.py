"""Some runs of a recorded study are made again, and the record stands while they give what they gave."""

import dataclasses
import subprocess

import pytest
from toy_project import Project
from toy_studies import PROGRAM, study

from verified_docs.base.errors import DocsError
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record
from verified_docs.running.runner import DataUnavailable
from verified_docs.studies import again, recording, runs, worker
from verified_docs.studies.pool import Pool
from verified_docs.studies.runs import Run


def made(project: Project, monkeypatch: pytest.MonkeyPatch, program: str) -> StudyFile:
    """Record a study that computes with a file of the project's own."""
    for name, value in project.config.env.items():
        monkeypatch.setenv(name, value)
    project.write("lib_of_toys.py", "FACTOR = 2\n")
    program = program.replace("x *= 1 - 2 *", "from lib_of_toys import FACTOR\n        x *= 1 - FACTOR *")
    file = study(project, program=program)
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(project.root))
        recording.record_study(file, Pool(1, lambda tasks: map(worker.run, tasks)))
    return file


@pytest.fixture
def recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> StudyFile:
    return made(project, monkeypatch, PROGRAM)


@pytest.fixture
def many(project: Project, monkeypatch: pytest.MonkeyPatch) -> StudyFile:
    """Settings with 25 seeds, of which those of "steep" spread less than those of "flat", by 1/160 about 1/16."""
    noise = 'random.Random(seed).gauss(1, 0.1) / settings["scale"] ** 4'
    program = PROGRAM.replace("seeds=range(3)", "seeds=range(25)")
    return made(project, monkeypatch, program.replace("abs(xs[-1])", f"abs(xs[-1]) + {noise}"))


def complaints(file: StudyFile, *, same_kind: bool = True) -> list[str]:
    with again.Process(file.config) as process:
        return again.complaints(file, process, same_kind=same_kind)


def edited(file: StudyFile, **changes: object) -> None:
    """Write other runs into the record."""
    written(file, [dataclasses.replace(run, **changes) for run in runs.recorded(file)])


def written(file: StudyFile, others: list[Run]) -> None:
    """Write these runs into the record."""
    held = record.load(file)
    assert held
    assert held.study
    record.save(file, dataclasses.replace(held, study=runs.as_record(held.study["computing"], others)))


def test_what_gives_the_same_stands(recorded: StudyFile):
    assert complaints(recorded) == []


def test_a_library_that_gives_the_same_costs_nothing(recorded: StudyFile, project: Project):
    project.write("lib_of_toys.py", '"""A docstring."""\n\nFACTOR = 2\n')
    assert complaints(recorded) == []


def test_a_library_that_gives_something_else_is_found_out(recorded: StudyFile, project: Project):
    project.write("lib_of_toys.py", "FACTOR = 1.9\n")
    found = complaints(recorded)
    assert found
    assert "studies/toy.py: the run of [{" in found[0]
    assert "does not give what was recorded: distance is" in found[0]
    assert "allowed is ±1e-09" in found[0]


def test_a_stale_study_is_not_run_at_all(recorded: StudyFile, project: Project):
    with pytest.raises(DocsError, match="its record is stale"):
        complaints(study(project, program=PROGRAM))


def test_a_run_that_fails_is_named(recorded: StudyFile, project: Project):
    project.write("lib_of_toys.py", "")
    with pytest.raises(DocsError, match="ImportError: cannot import name 'FACTOR'"):
        complaints(recorded)


def test_data_that_cannot_be_had_is_told_apart(recorded: StudyFile, project: Project):
    project.configure(data='\n[tool.verified_docs.data]\nimages = "lib_of_toys.NoImages"\n')
    project.write("lib_of_toys.py", "class NoImages(Exception): ...\nraise NoImages('fetch them')\n")
    with pytest.raises(DataUnavailable, match="NoImages: fetch them"):
        complaints(StudyFile(recorded.path, project.config))


def test_a_process_makes_runs_of_several_studies(recorded: StudyFile, project: Project):
    other = study(project, "other", program=PROGRAM)
    [run] = again.chosen(recorded, "", again.Pick(count=1))
    with again.Process(project.config) as process:
        before, after = process.outcomes(recorded, [run]), process.outcomes(other, [run])
    assert before[0].metrics == after[0].metrics == run.metrics


def test_a_run_that_ends_the_process_is_named_and_the_next_gets_another(
    recorded: StudyFile, project: Project
):
    runs_of = again.chosen(recorded, "")
    ends = study(project, "ends", program=PROGRAM.replace('"""Go down."""', "import os; os._exit(3)"))
    with again.Process(project.config) as process:
        with pytest.raises(
            DocsError, match=r"studies/ends.py: the process .* ended with code 3\n  in the run of"
        ):
            process.outcomes(ends, runs_of)
        assert len(process.outcomes(recorded, runs_of)) == 2


def test_the_commit_chooses_which(recorded: StudyFile):
    chosen = {tuple(run.key for run in again.chosen(recorded, f"commit {number}")) for number in range(200)}
    assert len(chosen) > 10
    assert all(len(set(keys)) == 2 for keys in chosen)
    assert len({run for keys in chosen for run in keys}) == 22
    assert again.chosen(recorded, "") == again.chosen(recorded, "")


def test_each_is_of_another_alternative_as_long_as_there_is_one(recorded: StudyFile):
    for number in range(20):
        four = again.chosen(recorded, str(number), again.Pick(count=4))
        scales = [run.settings["scale"] for run in four]
        assert sorted(scales[:2]) == sorted(scales[2:]) == [1.0, 2.0]
        assert len({run.key for run in four}) == 4


def test_quick_ones_are_among_the_quickest_quarter_of_each_alternative(recorded: StudyFile):
    of_each = {
        scale: [r for r in runs.recorded(recorded) if r.settings["scale"] == scale] for scale in (1, 2)
    }
    assert [len(of) for of in of_each.values()] == [11, 11]
    timed = [
        dataclasses.replace(run, seconds=scale * number / 10)
        for scale, of in of_each.items()
        for number, run in enumerate(of, start=1)
    ]
    written(recorded, timed)
    chosen = [again.chosen(recorded, str(number), again.QUICK) for number in range(100)]
    seconds = {1: {0.1, 0.2, 0.3}, 2: {0.2, 0.4, 0.6}}
    for scale, of in seconds.items():
        assert {r.seconds for pair in chosen for r in pair if r.settings["scale"] == scale} == of


def test_a_budget_bounds_what_is_chosen_but_one_run_is_made_in_any_case(recorded: StudyFile):
    edited(recorded, seconds=3.0)
    assert [
        len(again.chosen(recorded, "", again.Pick(budget=budget, count=9))) for budget in (1, 5, 6, 9)
    ] == [1, 1, 2, 3]


def test_one_study_has_its_turn_at_each_commit(recorded: StudyFile, project: Project):
    studies = [study(project, name, program=PROGRAM) for name in ("a", "b", "c")]
    turns = set()
    for number in range(30):
        picks = [again.pick(one, studies, f"commit {number}") for one in studies]
        assert sorted(map(picks.count, (again.ANY, again.QUICK))) == [1, 2]
        turns.add(picks.index(again.ANY))
    assert turns == {0, 1, 2}


def test_long_runs_are_spared_where_there_are_quick_ones(recorded: StudyFile):
    edited(recorded, seconds=again.ANY.longest + 1)
    assert len(again.chosen(recorded, "")) == 2  # the two quickest, where all are long
    quick: list[Run] = runs.recorded(recorded)[:3]
    written(
        recorded, [*runs.recorded(recorded)[3:], *(dataclasses.replace(run, seconds=1.0) for run in quick)]
    )
    for number in range(20):
        assert {run.key for run in again.chosen(recorded, str(number))} <= {run.key for run in quick}
    some = {run.key for number in range(99) for run in again.chosen(recorded, str(number), again.MANY)}
    assert len(some) == 22


@pytest.mark.parametrize(
    ("tolerance", "now", "told"),
    [
        (0.0, 0.5, False),
        (0.0, 0.5000001, False),  # seven digits are kept
        (0.0, 0.501, True),
        (0.01, 0.509, False),
        (0.01, 0.511, True),
        (0.01, float("nan"), True),
    ],
)
def test_the_tolerance_is_the_metrics(tolerance: float, now: float, told: bool):
    metrics = {"loss": again.Metric(matters=0.1, tolerance=tolerance)}
    assert bool(again.differences(metrics, {"loss": 0.5}, {"loss": now})) == told


def test_a_run_that_diverges_again_gives_the_same():
    metrics = {"loss": again.Metric(matters=0.1)}
    assert again.differences(metrics, {"loss": float("nan")}, {"loss": float("inf")}) == {}


def test_without_a_checkout_there_is_no_commit(project: Project):
    assert again.commit(project.root) == ""
    author = ["-c", "user.name=x", "-c", "user.email=x"]
    for command in (["init", "-q"], [*author, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    assert len(again.commit(project.root)) == 40


# On another kind of processor


def test_elsewhere_runs_are_chosen_among_the_quieter_settings_on_the_seeds_of_the_comparison(many: StudyFile):
    chosen = [again.chosen(many, f"commit {number}", same_kind=False) for number in range(300)]
    quiet = {
        run.key for run in runs.recorded(many) if run.settings == {"scale": 2, "rate": 0.2} and run.seed < 25
    }
    assert len(quiet) == 25
    assert {run.key for pair in chosen for run in pair} == quiet
    assert again.chosen(many, "", same_kind=False) == again.chosen(many, "", same_kind=False)


def test_elsewhere_one_more_among_many_stands(many: StudyFile, project: Project):
    project.write(
        "lib_of_toys.py", "FACTOR = 1.5\n"
    )  # adds 0.4 ** 10 = 0.0001 to numbers that spread by 0.006
    assert len(complaints(many)) == 2
    assert complaints(many, same_kind=False) == []


def test_elsewhere_a_number_far_from_all_is_found_out(many: StudyFile, project: Project):
    project.write("lib_of_toys.py", "FACTOR = 0.5\n")  # adds 0.8 ** 10 = 0.107
    found = complaints(many, same_kind=False)
    assert len(found) == 2
    assert "studies/toy.py: the run of [{" in found[0]
    assert "does not give what another kind of processor may: distance is 0." in found[0]
    assert "outside the 99.9% prediction interval of 25 recorded runs, 0.0" in found[0]
    assert "something computes wrongly here" in found[0]


def test_elsewhere_what_gives_the_recorded_number_stands_however_far_that_is_from_the_others(
    many: StudyFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(again, "chosen", lambda *_, **__: [run])
    run = next(run for run in runs.recorded(many) if run.settings == {"scale": 2, "rate": 0.2})
    others = {"settings": run.settings, "metrics": {**run.metrics, "distance": 0.0}}
    held = [
        one if one.settings != run.settings or one == run else dataclasses.replace(one, **others)
        for one in runs.recorded(many)
    ]
    written(many, held)
    assert complaints(many, same_kind=False) == []


def test_elsewhere_a_study_of_few_seeds_is_not_compared(recorded: StudyFile):
    with pytest.raises(again.TooFewSeeds, match=r"studies/toy.py: no settings have 8 seeds .* more seeds"):
        complaints(recorded, same_kind=False)
