"""Accepting a run's results as the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from verified_docs import check, record
from verified_docs.errors import DocsError
from verified_docs.pages import Quote
from verified_docs.runner import Results
from verified_docs.snippet import Snippet


def accept(snippet: Snippet, results: Results, quotes: Sequence[Quote]) -> bool:
    """Make `results` the record, and say whether that changed a file.

    What agrees with the record within the tolerance leaves it byte for byte as it is; where only the program's text
    changed, only the digest does.
    """
    check.captioned(snippet, results)
    try:
        old = record.load(snippet)
    except DocsError:
        old = None  # torn: made again
    if old is None or not check.agrees(snippet, old, results, quotes):
        record.save(snippet, check.as_record(snippet, results))
        return True
    if old.source != snippet.digest:
        record.save(snippet, replace(old, source=snippet.digest))
        return True
    return False
