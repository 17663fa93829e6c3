"""A sentence may not say more than its verdict.

Prose that says of two methods that one wins, or that they are the same, has to rest on something that decides it. Such a
sentence is known by its words (see `wording`) and by what it quotes, or its paragraph if it quotes nothing:

- **Of a study** two alternatives, or a difference. What is quoted leads to the verdict: words of winning rest on a
  "better" or a "worse", words of sameness on "equal" or "safe". A difference whose verdict is open may stand beside one
  that is decided if the sentence quotes its verdict, too.
- **Of a program** two entries of one variable, or nothing where the section shows a program. A run decides nothing. So
  the sentence rests on one of the program's claims, which hold with other seeds, or says that it is of this run.

Where the verdict cannot be seen from what is quoted, a comment says it, which no reader sees:

    <!-- rests on studies/optimizers.verdict[test accuracy][SGD, 20 layers] -->
    <!-- rests on with_and_without: accuracy["batch norm"] > accuracy["none"] -->

A mark takes the place of what would be seen without it, and is held in the same way: its verdict has to be one that such
words may rest on, its claim one of the program's.

Questions are free, and so is a clause that asks, expects or denies to know ("whether it helps", "may be better"). And
whoever says that every run diverged, or none, quotes how many did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page, Quote
from verified_docs.pages.sentences import Sentence, sentences
from verified_docs.pages.wording import COUNTED, OF_A_RUN, TOLD, claim_of
from verified_docs.programs.snippet import Snippet
from verified_docs.programs.study_file import StudyFile
from verified_docs.records.measurement import Measurement
from verified_docs.records.record import Record

_CLAIM = re.compile(r"(?P<name>[\w/]+): (?P<claim>.+)")

_OF_DIFFERENCES = ("difference", "difference_low", "difference_high", "p", "p_equal")
_OF_ALTERNATIVES = ("mean", "low", "high")
_OF_TUNING = ("tuning", "best", "diverged", "diverged_tuning")
_COUNTS = ("diverged", "diverged_tuning", "failed")
_DECIDE = {"wins": ("better", "worse"), "same": ("equal", "safe")}


class _Held:
    """A page with the records that it quotes, each read once for all pages."""

    def __init__(self, page: Page, records: dict[str, Record]) -> None:
        self.page = page
        self._records = records

    def record(self, quote: Quote) -> Record:
        if quote.source.name not in self._records:
            self._records[quote.source.name] = quote.record()
        return self._records[quote.source.name]

    def quoted(self, text: str, sentence: Sentence) -> Quote:
        """What a mark names."""
        return self.page.quoted(text, sentence.line)


def problems(pages: Iterable[Page]) -> list[str]:
    """A message for each sentence of the pages that says more than is decided."""
    records: dict[str, Record] = {}
    return [problem for page in pages for problem in _of_page(_Held(page, records))]


def _of_page(held: _Held) -> Iterator[str]:
    programs = _sections(held.page)
    for sentence in sentences(held.page):
        place = f"{held.page.place}:{sentence.line}: "
        try:
            wrong = _wrong(held, sentence, programs.get(sentence.above, []))
        except DocsError as error:
            wrong = str(error).removeprefix(place)
        if wrong:
            yield f'{place}"{_short(sentence.text)}": {wrong}'


def _wrong(held: _Held, sentence: Sentence, programs: list[Snippet]) -> str:
    marks = sentence.marks
    if sentence.text.endswith("?"):
        return ""
    wrong = _miscounted(held, sentence, marks)
    kind, word = claim_of(sentence.text)
    if wrong or not kind:
        return wrong
    studies = [quote for quote in sentence.quotes if isinstance(quote.source, StudyFile)]
    about = studies or ([] if sentence.quotes else _of_studies(sentence))
    decides = [mark for mark in marks if _counted(held, sentence, mark) is None]
    if decides:
        return _of_marks(held, sentence, decides, kind, word)
    if about and (not studies or _compares(studies)):
        return _of_verdicts(held, sentence, about, kind, word)
    if sentence.quotes:
        runs = _arms(sentence.quotes)
    elif TOLD.search(sentence.text):
        beside = [quote for one in sentence.beside for quote in one.quotes]
        runs = _arms(beside) if beside else programs
    else:
        runs = []
    return _of_runs(sentence, runs, word) if runs else ""


def _of_studies(sentence: Sentence) -> list[Quote]:
    return [quote for one in sentence.beside for quote in one.quotes if isinstance(quote.source, StudyFile)]


def _compares(quotes: list[Quote]) -> bool:
    """Whether two alternatives are quoted, or what is said of several at once."""
    if any(quote.value in (*_OF_DIFFERENCES, "verdict", "cell", "numbers") for quote in quotes):
        return True
    names = {(quote.source.name, _alternative(quote)) for quote in quotes}
    return len({name for name in names if name[1]}) > 1


def _alternative(quote: Quote) -> str:
    if quote.value in _OF_TUNING:
        return quote.keys[0] if quote.keys else ""
    return quote.keys[1] if len(quote.keys) > 1 else ""


def _of_verdicts(held: _Held, sentence: Sentence, about: list[Quote], kind: str, word: str) -> str:
    own, seen = _said(held, sentence.quotes), dict(_seen(held, about))
    if not (own or seen):
        own = _said(held, [quote for one in sentence.beside for quote in one.quotes])
    verdicts = {**seen, **own}
    where = about[0].source.name
    if not verdicts:
        return (
            f'"{word}" rests on no verdict of {where}: quote one, as in {{{{ {where}.verdict[…][…] }}}}, '
            f"or mark it with <!-- rests on {where}.verdict[…][…] -->"
        )
    good = [what for what, verdict in verdicts.items() if verdict in _DECIDE[kind]]
    unsaid = [what for what, verdict in verdicts.items() if verdict not in _DECIDE[kind] and what not in own]
    if good and not (unsaid and sentence.quotes):
        return ""
    if not sentence.quotes and OF_A_RUN.search(sentence.text):
        return ""
    name = (unsaid or list(verdicts))[0]
    verdict = verdicts[name]
    return f'"{word}" says more than the verdict "{verdict}" of {name}: say what is measured, and that it is {verdict}'


def _said(held: _Held, quotes: Iterable[Quote]) -> dict[str, str]:
    """The verdicts that are quoted as such."""
    return {
        _named(quote, quote.keys): quote.rendered(held.record(quote))
        for quote in quotes
        if isinstance(quote.source, StudyFile) and quote.value in ("verdict", "cell")
    }


def _seen(held: _Held, quotes: list[Quote]) -> Iterator[tuple[str, str]]:
    """The verdicts that stand behind differences, and behind the means of an alternative and its reference."""
    means = {
        (quote.source.name, *quote.keys)
        for quote in quotes
        if quote.value in _OF_ALTERNATIVES and len(quote.keys) == 2
    }
    for quote in quotes:
        if len(quote.keys) != 2:
            continue
        metric, name = quote.keys
        values = held.record(quote).values
        verdict = values.get("verdict", {}).get(metric, {}).get(name)
        reference = values.get("reference", {}).get(name)
        beside = quote.value in _OF_ALTERNATIVES and (quote.source.name, metric, reference) in means
        if verdict and (quote.value in _OF_DIFFERENCES or beside):
            yield _named(quote, quote.keys), verdict


def _named(quote: Quote, keys: tuple[str, ...]) -> str:
    return "".join([quote.source.name, *(f"[{key}]" for key in keys)])


def _of_marks(held: _Held, sentence: Sentence, marks: list[str], kind: str, word: str) -> str:
    for mark in marks:
        claim = _CLAIM.fullmatch(mark)
        if claim:
            program = held.quoted(f"{claim['name']}.x", sentence).source
            claims = program.claims if isinstance(program, Snippet) else []
            if not any(" ".join(claim["claim"].split()) in one for one in claims):
                return f"is marked as resting on a claim that {program.name} does not make: {claim['claim']}"
            continue
        quote = held.quoted(mark, sentence)
        if quote.value not in ("verdict", "cell"):
            return f"is marked as resting on {mark}, which names no verdict"
        told = quote.rendered(held.record(quote))
        if told not in _DECIDE[kind]:
            return f'"{word}" is marked as resting on {mark}, which is "{told}"'
    return ""


def _arms(quotes: Iterable[Quote]) -> list[Snippet]:
    """The programs of which two entries of one variable are quoted."""
    entries: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    programs: dict[tuple[str, str], Snippet] = {}
    for quote in quotes:
        if isinstance(quote.source, Measurement | StudyFile) or not quote.keys:
            continue
        variable = (quote.source.name, quote.value)
        entries.setdefault(variable, set()).add(quote.keys)
        programs[variable] = quote.source
    return [programs[variable] for variable, keys in entries.items() if len(keys) > 1]


def _of_runs(sentence: Sentence, programs: list[Snippet], word: str) -> str:
    if any(OF_A_RUN.search(one.text) for one in sentence.beside):
        return ""
    for program in programs:
        for claim in program.claims:
            if _is_about(claim, sentence.quotes):
                return ""
    name = programs[0].path.stem
    return (
        f'"{word}" rests on runs of {programs[0].name}, and a run decides nothing: say "in this run", or claim it in the '
        f"program, whose claims are held against other seeds, and mark it with <!-- rests on {name}: the claim -->"
    )


def _is_about(claim: str, quotes: tuple[Quote, ...]) -> bool:
    """Whether a claim compares what is quoted: it names the variable, and two of the keys."""
    for variable in {quote.value for quote in quotes}:
        keys = {quote.keys for quote in quotes if quote.value == variable and quote.keys}
        differ = {key for one in keys for key in one if any(key not in other for other in keys)}
        named = [key for key in differ if re.search(rf"[\"'\[]{re.escape(key)}[\"'\]]", claim)]
        if re.search(rf"\b{variable}\b", claim) and len(named) > 1:
            return True
    return False


def _miscounted(held: _Held, sentence: Sentence, marks: tuple[str, ...]) -> str:
    """What is wrong with a sentence that says of all runs, or of none, that they diverged."""
    match = COUNTED.search(sentence.text)
    about = match and next(iter([*sentence.quotes, *_of_studies(sentence)]), None)
    if match is None or about is None or not isinstance(about.source, StudyFile):
        return ""
    counts = [quote for mark in marks if (quote := _counted(held, sentence, mark))]
    counts += [
        quote for quote in sentence.quotes if isinstance(quote.source, StudyFile) and quote.value in _COUNTS
    ]
    if not counts:
        where = about.source.name
        return (
            f'"{match[0]}" quotes no count: quote {where}.diverged[…] or {where}.diverged_tuning[…], or mark it with '
            f"<!-- rests on {where}.diverged_tuning[…] -->"
        )
    for quote in counts:
        record = held.record(quote)
        count, of = int(quote.rendered(record)), _total(record, quote)
        wanted = 0 if match["none"] or "never" in match[0] else of
        if count != wanted:
            return f'"{match[0]}", and {_named(quote, quote.keys)} counts {count} of {of}'
    return ""


def _counted(held: _Held, sentence: Sentence, mark: str) -> Quote | None:
    """The count that a mark names; None where it names something else."""
    quote = None if _CLAIM.fullmatch(mark) else held.quoted(mark, sentence)
    return quote if quote and isinstance(quote.source, StudyFile) and quote.value in _COUNTS else None


def _total(record: Record, quote: Quote) -> int:
    values = record.values
    if quote.value == "diverged_tuning":
        return int(values["tuning_seeds"]) * len(values["tuning"][quote.keys[0]])
    return int(values["seeds"])


def _sections(page: Page) -> dict[int, list[Snippet]]:
    """The programs that each section shows, by the line of its heading."""
    lines = page.text.split("\n")
    heads = [0, *(number for number in page.unfenced() if lines[number].startswith("## "))]
    found: dict[int, list[Snippet]] = {}
    for one in page.embedded():
        found.setdefault(max(head for head in heads if head <= one.first), []).append(one.snippet)
    return found


def _short(text: str, most: int = 90) -> str:
    told = text.replace("\ue000", "…")
    return told if len(told) <= most else f"{told[:most].rsplit(' ', 1)[0]} …"
