"""Whether a run's results are the recorded ones, and what to say where they are not."""

from __future__ import annotations

from collections.abc import Sequence

from verified_docs.base import compare
from verified_docs.base.errors import DocsError
from verified_docs.comparing import elsewhere
from verified_docs.comparing.elsewhere import Judgment
from verified_docs.comparing.groups import groups
from verified_docs.comparing.known import Known
from verified_docs.pages.page import Quote
from verified_docs.programs.snippet import Snippet
from verified_docs.records.record import Record
from verified_docs.running import drawn
from verified_docs.running.runner import Results

_SHOWN = 8  # differing lines that a message shows


def complaint(snippet: Snippet, record: Record, results: Results, quotes: Sequence[Quote]) -> str | None:
    """What differs from the record, side by side with what was expected; None where nothing does."""
    parts = [
        *_text(snippet, record, results),
        *_figure(snippet, record, results),
        *_prose(snippet, record, results, quotes),
    ]
    if not parts:
        return None
    return "\n".join([f"{snippet.place}: does not give what its record says", *parts, _way_out(snippet)])


def agrees(snippet: Snippet, record: Record, results: Results, quotes: Sequence[Quote]) -> bool:
    """Whether `results` are the recorded ones within the tolerance, and the record holds all that they hold."""
    try:
        return (
            record.values.keys() == results.values.keys()
            and complaint(snippet, record, results, quotes) is None
        )
    except DocsError:
        return False  # the prose quotes what neither holds; the build says so


def judged(
    snippet: Snippet,
    record: Record,
    results: Results,
    quotes: Sequence[Quote],
    kind: str | None,
    known: Known,
) -> Judgment:
    """What is to be said of results from a processor of some kind: the record's, one that the record knows, or another.

    `known` is what is known beside the record; only a kind that the record does not know is held to it.
    """
    if kind == record.kind:
        told = complaint(snippet, record, results, quotes)
        return Judgment(failed=[told] if told else [])
    now = groups(as_record(snippet, results).gave, snippet.settings, quotes)
    if kind in record.others:
        before = groups(record.known()[kind], snippet.settings, quotes)
        found = elsewhere.judged(before, now, Known(processors=[before]))
    else:
        found = elsewhere.judged(groups(record.gave, snippet.settings, quotes), now, known)
    found.failed += _whether_drawn(record, results)
    if found.failed:
        title = f"{snippet.place}: does not give what it may on this kind of processor ({kind})"
        found.failed = ["\n".join([title, *found.failed, _way_out(snippet)])]
    return found


def captioned(snippet: Snippet, results: Results) -> None:
    """Refuse a figure that nobody describes."""
    if results.figure is not None and not snippet.caption:
        raise DocsError(
            f"{snippet.place}:1: draws a figure: its docstring must say, below the question, what it shows"
        )


def as_record(snippet: Snippet, results: Results) -> Record:
    return Record(
        source=snippet.digest,
        code=snippet.code_digest,
        text=results.text,
        figure=results.figure,
        drawn=results.drawn,
        values=results.values,
        seconds=results.seconds,
        style=snippet.config.style if results.figure else None,
    )


def _way_out(snippet: Snippet) -> str:
    return f"If the new results are right, accept them: {snippet.how_to_accept}"


def _text(snippet: Snippet, record: Record, results: Results) -> list[str]:
    settings = snippet.settings
    found = compare.differences(
        record.text, results.text, relative=settings.relative, absolute=settings.absolute
    )
    parts = []
    for one in found[:_SHOWN]:
        expected = "(nothing)" if one.expected is None else one.expected
        actual = "(nothing)" if one.actual is None else one.actual
        parts.append(
            f"  line {one.line} of its output: {one.reason}\n    Expected: {expected}\n    Got:      {actual}"
        )
    if len(found) > _SHOWN:
        parts.append(f"  … and {len(found) - _SHOWN} more lines")
    return parts


def _figure(snippet: Snippet, record: Record, results: Results) -> list[str]:
    wrong = _whether_drawn(record, results)
    if wrong:
        return wrong
    if results.figure and record.style != snippet.config.style:
        return ["  its figure: was drawn in another style (the colors or a file named in env changed since)"]
    reason = drawn.difference(record.drawn, results.drawn, tolerance=snippet.settings.figure)
    return [f"  its figure: {reason}"] if reason else []


def _whether_drawn(record: Record, results: Results) -> list[str]:
    if (record.figure is None) == (results.figure is None):
        return []
    expected, came = ("no figure", "one") if record.figure is None else ("one", "none")
    return [f"  its figure: Expected: {expected}. Got: {came}"]


def _prose(snippet: Snippet, record: Record, results: Results, quotes: Sequence[Quote]) -> list[str]:
    """The numbers that pages quote are held to the digits that they quote."""
    settings = snippet.settings
    now = as_record(snippet, results)
    parts = []
    for quote in quotes:
        expected, actual = quote.rendered(record), quote.rendered(now)
        if compare.differences(expected, actual, relative=settings.relative, absolute=settings.absolute):
            parts.append(
                f"  {quote.value}, quoted at {quote.place}\n    Expected: {expected}\n    Got:      {actual}"
            )
    return parts
