"""Sentences that say more than their verdict, and those that do not."""

from collections.abc import Callable

import pytest
from toy_project import Project
from toy_studies import study

from verified_docs.pages.overstated import problems as overstated
from verified_docs.pages.page import Page
from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.site.consistency import problems

VERDICTS = {"b": "better", "w": "worse", "e": "equal", "o": "open"}
VALUES = {
    "reference": dict.fromkeys(VERDICTS, "r"),
    "mean": {"loss": dict.fromkeys([*VERDICTS, "r"], 0.25)},
    "difference": {"loss": dict.fromkeys(VERDICTS, 0.5)},
    "verdict": {"loss": VERDICTS},
    "cell": {"loss": {"fine": "safe"}},
    "tuning": {name: {"1": 0.5, "2": 0.5, "3": 0.5} for name in VERDICTS},
    "diverged": {"b": 10, "o": 4, "e": 0},
    "diverged_tuning": {"b": 6, "o": 3, "e": 0},
    "numbers": {"least": 0.1},
    "seeds": 10,
    "tuning_seeds": 2,
}
TOY = '```python\n--8<-- "studies/toy.py"\n```\n\n'
RUNS = '## Runs\n\n```python\n--8<-- "snippets/runs.py"\n```\n\n'


def d(name: str) -> str:
    return f"{{{{ studies/toy.difference[loss][{name}]:.1f}}}}"


def mean(name: str) -> str:
    return f"{{{{ studies/toy.mean[loss][{name}]:.1f}}}}"


def verdict(name: str) -> str:
    return f"{{{{ studies/toy.verdict[loss][{name}] }}}}"


def mark(on: str) -> str:
    return f"<!-- rests on {on} -->"


@pytest.fixture
def found(project: Project) -> Callable[[str], list[str]]:
    file = study(project, more="\n\ndef numbers(results):\n    assert results.ok > 1\n    return {}\n")
    record.save(file, Record(file.digest, "a table\n", values=VALUES))
    snippet = project.snippet(
        "runs", 'accuracy = {}\nassert accuracy["mine"] > accuracy["theirs"]\nassert alone > 1'
    )
    values = {"accuracy": {"mine": 0.9, "theirs": 0.8, "third": 0.9}, "alone": 2.0}
    record.save(snippet, Record(snippet.digest, "", values=values))
    return lambda text: overstated([Page(text, "docs/p.md", project.config)])


@pytest.mark.parametrize(
    "text",
    [
        f"It gains {d('b')}.",
        f"It loses: {d('w')}, which is worse.",
        f"The one is {mean('b')}, better than {mean('r')}.",
        f"It is as good as the other, {d('e')} from it.",
        f"It is {d('o')} from the other.",
        f"{d('b')} is gained by one, {d('o')} ({verdict('o')}) by the other.",
        f"Whether it gains {d('o')} is open.",
        f"It may be {d('o')} better.",
        f"Does it gain {d('o')}?",
        f"It is {d('o')}: not seen to be better.",
        f"It gains {d('o')}, and not surely more than what matters.",
        f"One is {mean('o')}, which is better than guessing.",
        f"It helps. That is {d('b')}.",
        f"They help. One by {d('b')}. The other is {d('o')}.",
        f"By {{{{ studies/toy.numbers[least]:.1f}}}} it is better{mark('studies/toy.verdict[loss][b]')}.",
        f"It is at least {{{{ studies/toy.numbers[least]:.1f}}}} better{mark('studies/toy: results.ok > 1')}.",
        f"By {{{{ studies/toy.numbers[least]:.1f}}}} it is as good as any{mark('studies/toy.cell[loss][fine]')}.",
        "No study here helps anybody.",
    ],
)
def test_sentences_that_their_verdicts_allow(found, text: str):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"It gains {d('o')}.", '"gains" says more than the verdict "open" of studies/toy[loss][o]'),
        (f"It gains {d('e')}.", 'the verdict "equal"'),
        (f"It gains {d('o')} ({verdict('o')}).", 'the verdict "open"'),
        (f"The one is {mean('o')}, better than {mean('r')}.", 'the verdict "open"'),
        (f"It is as good as the other, {d('o')} from it.", '"as good as" says more than the verdict "open"'),
        (f"It is as good as the other, {d('b')} from it.", 'the verdict "better"'),
        (f"{d('b')} is gained by one, {d('o')} by the other.", 'the verdict "open" of studies/toy[loss][o]'),
        (f"It helps. That is {d('o')}.", '"helps" says more than the verdict "open"'),
        (
            "Those are ahead. It is {{ studies/toy.numbers[least]:.1f}}.",
            '"ahead" rests on no verdict of studies/toy',
        ),
        (
            f"One is {mean('o')}, {mean('b')} the other, which helps.",
            "rests on no verdict of studies/toy: quote one",
        ),
        (
            f"By {d('b')} it is better{mark('studies/toy.verdict[loss][o]')}.",
            'is marked as resting on studies/toy.verdict[loss][o], which is "open"',
        ),
        (f"It gains {d('b')}{mark('studies/toy.verdict[loss][x]')}.", "has recorded no 'x'"),
        (f"It gains {d('b')}{mark('studies/toy.seeds')}.", "names no verdict"),
        (f"It gains {d('b')}{mark('something')}.", "is not of the form"),
        (
            f"It gains {d('b')}{mark('studies/toy: results.ok > 2')}.",
            "resting on a claim that studies/toy does not make",
        ),
    ],
)
def test_sentences_that_say_more(found, text: str, message: str):
    (problem,) = found(text)
    assert problem.startswith("docs/p.md:1: ")
    assert message in problem


def arms(one: str, other: str) -> str:
    return f"{{{{ runs.accuracy[{one}]:.1f}}}} against {{{{ runs.accuracy[{other}]:.1f}}}}"


@pytest.mark.parametrize(
    "text",
    [
        f"Mine is better, {arms('mine', 'theirs')}.",  # which the program claims
        f"The third is better in this run, {arms('third', 'theirs')}.",
        f"Each is of three seeds. The third is ahead, {arms('third', 'theirs')}.",
        f"The third is ahead, {arms('third', 'theirs')}{mark('runs: alone > 1')}.",
        f"The third has more, {arms('third', 'theirs')}.",
        "Alone it is {{ runs.alone:.1f}}, which is better.",
        "Better optimizers are a remedy.",
        "Whether it helps, no one says.",
    ],
)
def test_sentences_of_runs_that_may_stand(found, text: str):
    assert found(RUNS + text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"The third is better, {arms('third', 'theirs')}.",
            '"better" rests on runs of runs, and a run decides nothing',
        ),
        (
            f"The third gets {arms('third', 'theirs')}, and several points less with nothing.",
            '"several points" rests',
        ),
        ("The usual remedy did not help.", '"did not help" rests on runs of runs'),
        (f"That does not help. It is {arms('third', 'theirs')}.", '"does not help" rests on runs of runs'),
        (
            f"The third is better, {arms('third', 'theirs')}{mark('runs: alone > 2')}.",
            "a claim that runs does not make",
        ),
    ],
)
def test_sentences_of_runs_that_say_more(found, text: str, message: str):
    (problem,) = found(RUNS + text)
    assert message in problem


def test_outside_of_its_section_nothing_is_asked_of_what_is_said_without_a_number(found):
    assert found(f"{RUNS}## Other\n\nThe usual remedy did not help.") == []


def n(what: str, name: str) -> str:
    return f"{{{{ studies/toy.{what}[{name}] }}}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"Every run ended in NaN, {n('diverged', 'b')} of them.", ""),
        (f"All its runs diverged while it was tuned: {n('diverged_tuning', 'b')}.", ""),
        (f"None of its runs diverged ({n('diverged', 'e')}).", ""),
        (f"{n('diverged', 'o')} of its runs ended in NaN.", ""),
        (f"None of its runs diverged{mark('studies/toy.diverged_tuning[e]')}, it is {d('b')}.", ""),
        (f"Every run ended in NaN, {n('diverged', 'o')} of them.", "studies/toy[o] counts 4 of 10"),
        (
            f"All its runs diverged while it was tuned: {n('diverged_tuning', 'o')}.",
            "studies/toy[o] counts 3 of 6",
        ),
        (f"No run diverged, or {n('diverged', 'o')}.", "studies/toy[o] counts 4 of 10"),
        (
            f"At a higher rate every run ended in NaN. It is {d('b')}.",
            '"every run ended in NaN" quotes no count',
        ),
        (
            f"None of its runs diverged{mark('studies/toy.diverged_tuning[o]')}, it is {d('b')}.",
            "counts 3 of 6",
        ),
    ],
)
def test_who_says_that_every_run_diverged_quotes_how_many(found, text: str, message: str):
    problem = found(text)
    assert len(problem) == bool(message)
    assert message in "".join(problem)


def test_marks_are_not_shown(found, project: Project):
    text = f"It gains {d('b')}{mark('studies/toy.verdict[loss][b]')}. More <!-- kept -->."
    assert project.html(text) == "<p>It gains 0.5. More <!-- kept -->.</p>"


def test_a_build_goes_through_the_prose(found, project: Project):
    project.write("docs/index.md", f"{TOY}{RUNS}It gains {d('o')}.\n")
    (problem,) = problems(project.config)
    assert problem.startswith("docs/index.md:11: ")
    assert "says more than the verdict" in problem
    project.write("docs/index.md", f"{TOY}{RUNS}It gains {d('b')}.\n")
    assert problems(project.config) == []
