"""Accepting a run's results as the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from verified_docs import agreement, processor, record
from verified_docs.errors import DocsError
from verified_docs.pages import Quote
from verified_docs.runner import Results
from verified_docs.snippet import Snippet


def accept(snippet: Snippet, results: Results, quotes: Sequence[Quote]) -> bool:
    """Make `results` the record, and say whether that changed a file.

    What agrees with the record within the tolerance leaves it byte for byte as it is, unless the program changed since:
    then the page shows what the new program gives. The record's time becomes that of a run which was faster by a second
    and a fifth: a busy machine's time does not last.
    """
    agreement.captioned(snippet, results)
    if not processor.gives_the_recorded_numbers(snippet.config):
        raise DocsError(
            f"{snippet.place}: ran, but cannot be recorded here: "
            f"this processor lacks {snippet.config.processor_flag}, which the records are made with"
        )
    try:
        old = record.load(snippet)
    except DocsError:
        old = None  # torn: made again
    new = agreement.as_record(snippet, results)
    if old is not None and agreement.agrees(snippet, old, results, quotes):
        faster = new.seconds < min(old.seconds - 1, 0.8 * old.seconds)
        if old.source == new.source and not faster:
            return False
        new = replace(new if old.source != new.source else old, seconds=min(new.seconds, old.seconds))
    record.save(snippet, new)
    return True
