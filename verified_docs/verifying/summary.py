"""What is said of the snippets at the end of a pytest run, from what each of them noted in its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

# Under these names a report has how it went, on which kind of processor, what was not seen before, and why no pass
# could be noted.
PROPERTY = "verified_docs"
KIND = "verified_docs_kind"
UNSEEN = "verified_docs_unseen"
UNWRITABLE = "verified_docs_cache"

_ORDER = ("as recorded", "other digits", "not seen before", "recorded", "unchanged", "not verified")


def lines(reports: Sequence[Any]) -> list[str]:
    """How many programs went how on this kind of processor; then what could not be verified, or was not seen before."""
    of_snippets = [report for report in reports if _noted(report, KIND)]
    if not of_snippets:
        return []
    counts = Counter(one for report in of_snippets for one in _noted(report, PROPERTY))
    failed = sum(report.outcome == "failed" for report in of_snippets)
    told = [f"{counts[what]} {what}" for what in _ORDER if counts[what]]
    kinds = sorted({one for report in of_snippets for one in _noted(report, KIND)} - {""})
    prefix = f"on {' and '.join(kinds)}: " if kinds else ""
    found = [f"{prefix}{', '.join([*told, f'{failed} failed'])}"]
    for report in of_snippets:
        if "not verified" in _noted(report, PROPERTY):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            found.append(f"NOT VERIFIED HERE: {reason.removeprefix('Skipped: ')}")
        for one in _noted(report, UNSEEN):
            found.append(f"NOT SEEN BEFORE: {one}")
    unwritable = [one for report in of_snippets for one in _noted(report, UNWRITABLE)]
    if unwritable:
        found.append(f"Unchanged programs will run again, since no pass could be noted: {unwritable[-1]}")
    return found


def _noted(report: Any, name: str) -> list[str]:
    return [value for key, value in getattr(report, "user_properties", ()) if key == name]
