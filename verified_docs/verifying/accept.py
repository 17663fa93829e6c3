"""Accepting a run's results as the record, or as what another kind of processor gives beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from verified_docs.base.errors import DocsError
from verified_docs.comparing import agreement
from verified_docs.comparing.known import Known
from verified_docs.pages.page import Quote
from verified_docs.programs.snippet import Snippet
from verified_docs.records import kinds, record
from verified_docs.records.kinds import Kind
from verified_docs.records.record import Record
from verified_docs.running.runner import Results


def accept(
    snippet: Snippet,
    results: Results,
    quotes: Sequence[Quote],
    here: Kind | None = None,
    known: Known | None = None,
) -> bool:
    """Make `results`, which came on the kind of processor `here`, the record, and say whether that changed a file.

    What agrees with the record within the tolerance leaves it byte for byte as it is, unless the program changed since:
    then the page shows what the new program gives. The record's time becomes that of a run which was faster by a second
    and a fifth: a busy machine's time does not last.

    On another kind than the record's, what it gives is added to the record. Where that is more than what another kind may
    give, by what is `known`, it is no matter of the processor: the record is made anew, and other kinds are forgotten.
    """
    agreement.captioned(snippet, results)
    here = here or Kind()
    try:
        held = record.load(snippet)
    except DocsError:
        held = None  # torn: made again
    kind = here.of(snippet)
    new = replace(agreement.as_record(snippet, results), kind=kind)
    # A better caption makes no other program: what is known of it stays.
    old = replace(held, source=new.source) if held is not None and held.code == new.code else held
    if old is not None and old.source == new.source and old.kind not in (kind, None):
        added = _added(snippet, old, results, quotes, kind, known or Known())
        if added is not None:
            return _save(snippet, held, added, here)
    elif old is not None and agreement.agrees(snippet, old, results, quotes):
        faster = new.seconds < min(old.seconds - 1, 0.8 * old.seconds)
        if old == held and old.source == new.source and old.kind == kind and not faster:
            return False
        # Of another program nothing is known on other kinds, though it gives the same here.
        new = replace(
            new if old.source != new.source else old, seconds=min(new.seconds, old.seconds), kind=kind
        )
    return _save(snippet, held, new, here)


def _added(
    snippet: Snippet, old: Record, results: Results, quotes: Sequence[Quote], kind: str | None, known: Known
) -> Record | None:
    """The record with what this other kind gives; None where that is beyond what kinds give."""
    assert kind is not None  # the record has one, and the project's fingerprint gives one
    if agreement.judged(snippet, replace(old, others={}), results, quotes, kind, known).failed:
        return None
    if agreement.agrees(snippet, replace(old, style=snippet.config.style), results, quotes):
        return replace(old, others={**old.others, kind: {}})
    return replace(
        old, others={**old.others, kind: agreement.as_record(snippet, results).gave.beside(old.gave)}
    )


def _save(snippet: Snippet, old: Record | None, new: Record, here: Kind) -> bool:
    if new == old:
        return False
    kinds.register(snippet.config, here)
    record.save(snippet, new)
    return True
