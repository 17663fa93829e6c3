"""The exercises of all pages in one list, which stands where a page says `{{ exercises }}`.

An exercise is a block of its own, with its kind and level in the title; the question is open to see, the answer folded:

    !!! exercise "Predict · easy: How long is the first step?"

        Two weights have the gradients 1 and 100.

        ??? answer "Answer"

            Both move by {{ exercise_first_step.length:.3f}}.

            ```python
            --8<-- "snippets/optimizers/adam/exercise_first_step.py"
            ```

The answer is a program and quotes it, so that it cannot rot. A link leads to `#exercise-first-step`, the program's name.
Which kinds and levels there are, and on which pages there have to be exercises, is set in pyproject.toml
(see `exercise_settings`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page, Quote, every_page
from verified_docs.programs.snippet import Snippet
from verified_docs.records import record

_BLOCK = re.compile(r'(?P<indent> *)!!! +exercise\b *(?:"(?P<title>.*)")? *')
_TITLE = re.compile(r"(?P<kind>[^·:]+) · (?P<level>[^·:]+): (?P<question>.+)")
_ANSWER = re.compile(r"(?P<indent> *)\?\?\? +answer\b.*")
_PREFIX = "exercise_"
_STEP = 4  # what is in a block is indented by so much


@dataclass(frozen=True)
class Exercise:
    """One exercise of a page.

    Attributes:
        line: Of its title, from 1.
        title: As the page has it.
        programs: What its answer shows.
        quotes: What its answer quotes.
    """

    page: Page
    line: int
    title: str
    programs: tuple[Snippet, ...]
    quotes: tuple[Quote, ...]

    @property
    def place(self) -> str:
        return f"{self.page.place}:{self.line}"

    @property
    def parts(self) -> tuple[str, str, str] | None:
        """Kind, level and question; None where the title is not of this form."""
        match = _TITLE.fullmatch(self.title)
        return (match["kind"], match["level"], match["question"]) if match else None

    @property
    def anchor(self) -> str:
        """What a link leads to; empty where there is no program to name it."""
        return self.programs[0].path.stem.replace("_", "-") if self.programs else ""


def of(page: Page) -> list[Exercise]:
    """The exercises of a page, in order; raises DocsError where what it embeds or quotes is wrong."""
    lines, embedded, quotes = page.text.split("\n"), page.embedded(), page.quotes()
    unfenced = page.unfenced()
    found = []
    for number in unfenced:
        match = _BLOCK.fullmatch(lines[number])
        if match is None:
            continue
        end = _end(lines, number, len(match["indent"]) + _STEP)
        answers = [one for one in unfenced if number < one < end and _ANSWER.fullmatch(lines[one])]
        inside = {line for one in answers for line in _folded(lines, one)}
        found.append(
            Exercise(
                page,
                number + 1,
                match["title"] or "",
                tuple(one.snippet for one in embedded if one.first in inside),
                tuple(one for one in quotes if int(one.place.rsplit(":", 1)[1]) - 1 in inside),
            )
        )
    return found


def problems(pages: Iterable[Page]) -> list[str]:
    """What is wrong with the exercises of `pages`, and which of these have too few."""
    found: list[str] = []
    answers: list[Snippet] = []
    for page in pages:
        settings = page.config.exercises
        try:
            exercises = of(page)
        except DocsError:
            continue  # said where the page is read
        for one in exercises:
            found += _wrong(one)
            answers += one.programs
        if settings.asks(page.place.removeprefix("docs/")) and len(exercises) < settings.least:
            found.append(
                f"{page.place}: has {len(exercises)} of at least {settings.least} exercises; "
                "how one is written stands in verified_docs/pages/exercises.py"
            )
    return [*found, *_slow(answers)]


def listed(page: Page) -> str:
    """The Markdown that stands on `page` for `{{ exercises }}`; raises DocsError where an exercise is wrong."""
    exercises = [one for other in every_page(page.config) for one in of(other)]
    wrong = [problem for one in exercises for problem in _wrong(one)]
    if wrong:
        raise DocsError("\n".join(wrong))
    by_level: dict[str, list[str]] = {level: [] for level in page.config.exercises.levels}
    for one in exercises:
        kind, level, question = one.parts or ("", "", "")
        to = os.path.relpath(one.page.place, os.path.dirname(page.place)).replace(os.sep, "/")
        by_level[level].append(f"- {one.page.title} · {_small(kind)}: [{question}]({to}#{one.anchor})")
    many = f"{len(exercises)} exercise{'s' * (len(exercises) > 1)}"
    counts = ", ".join(f"{len(items)} {level}" for level, items in by_level.items() if items)
    sections = [
        f"## {level[:1].upper()}{level[1:]}\n\n" + "\n".join(items)
        for level, items in by_level.items()
        if items
    ]
    return "\n\n".join([f"{many}: {counts}." if exercises else "No exercises.", *sections])


def _wrong(one: Exercise) -> Iterator[str]:
    """What is wrong with an exercise by itself."""
    settings = one.page.config.exercises
    if one.parts is None:
        yield f"{one.place}: the exercise's title {one.title!r} is not of the form 'Kind · level: Question?'"
    else:
        for what, named, known in zip(
            ("kind", "level"), one.parts, (settings.kinds, settings.levels), strict=False
        ):
            if named not in known:
                yield (
                    f"{one.place}: an exercise of the {what} {named!r}; [tool.verified_docs.exercises] in "
                    f"pyproject.toml has {', '.join(known) or f'no {what}s'}"
                )
    if not one.programs:
        yield (
            f"{one.place}: an exercise without an answer's program: embed one below '??? answer \"Answer\"', "
            f"indented by {_STEP} more than the question"
        )
    for program in one.programs:
        if not program.path.stem.startswith(_PREFIX):
            yield f"{one.place}: {program.place} answers an exercise; its name has to begin with {_PREFIX}"
    if one.programs and not {quote.source.name for quote in one.quotes} & {
        program.name for program in one.programs
    }:
        yield f"{one.place}: the answer quotes nothing of its program: say its numbers by {{{{ … }}}}"


def _slow(answers: list[Snippet]) -> Iterator[str]:
    """Whether all answers together take too long; one alone says more of how busy the machine was."""
    took = 0.0
    for program in answers:
        try:
            took += record.fresh(program).seconds
        except DocsError:
            continue  # said where it is shown
    if answers and took > answers[0].config.exercises.seconds:
        yield (
            f"the exercises' answers took {took:.0f} s together, by their records; "
            f"{answers[0].config.exercises.seconds:g} s are allowed: let the slowest do less"
        )


def _end(lines: list[str], start: int, indent: int) -> int:
    """The first line behind the block whose title is line `start` and whose content is indented by `indent`."""
    for number in range(start + 1, len(lines)):
        if lines[number].strip() and not lines[number].startswith(" " * indent):
            return number
    return len(lines)


def _folded(lines: list[str], answer: int) -> range:
    indent = len(lines[answer]) - len(lines[answer].lstrip()) + _STEP
    return range(answer + 1, _end(lines, answer, indent))


def _small(kind: str) -> str:
    return f"{kind[:1].lower()}{kind[1:]}"
