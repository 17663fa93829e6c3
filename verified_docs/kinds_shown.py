"""Kinds of processors on pages: what another kind prints, and the table that stands where a page says `{{ kinds }}`."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verified_docs import compare, kinds, record
from verified_docs.config import Config
from verified_docs.elsewhere import judged
from verified_docs.errors import DocsError
from verified_docs.gave import Gave
from verified_docs.groups import groups
from verified_docs.known import Known
from verified_docs.ledger import entry as ledger
from verified_docs.ledger.entry import Entry
from verified_docs.ledger.numbers import results_digest
from verified_docs.pages import Quote, every_quote
from verified_docs.record import Record
from verified_docs.snippet import Snippet, every_snippet


@dataclass(frozen=True)
class Tally:
    """How many programs are known on a kind, or on one of the ledger's processors, and how many give other digits."""

    known: int
    others: int


def elsewhere_html(snippet: Snippet, held: Record) -> str:
    """What other kinds print where that is something else, folded away; empty where it is the same."""
    told = []
    names = kinds.registered(snippet.config)
    for kind, gave in held.known().items():
        if not _prints_other_digits(snippet, held, gave):
            continue
        what = html.escape(names[kind].processor if kind in names else kind)
        told.append(
            '<details class="vd-output vd-elsewhere" data-search-exclude>'
            f'<summary class="vd-label">On another kind of processor ({what}) it prints other digits</summary>'
            f"<pre><code>{html.escape(gave.text.rstrip())}</code></pre></details>"
        )
    return "".join(told)


def table_html(config: Config) -> str:
    """A row for each kind of processor, and for each processor and number of threads of the ledger."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{tally.known}</td><td>{tally.known - tally.others}</td>"
        f"<td>{tally.others}</td></tr>"
        for name, tally in tallies(config).items()
    )
    head = "".join(
        f"<th>{one}</th>" for one in ("processor", "programs known", "same digits", "other digits")
    )
    return f'<table class="vd-kinds"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def tallies(config: Config) -> dict[str, Tally]:
    """By kind and by machine of the ledger: on how many programs it is known, and how many give other digits there."""
    found: dict[str, list[bool]] = {}
    quotes = every_quote(config)
    names = kinds.registered(config)
    for snippet in every_snippet(config):
        try:
            held = record.fresh(snippet)
        except DocsError:
            continue  # the build says so
        here = f"{_named(names, held.kind)}, where the records are made"
        found.setdefault(here, []).append(False)
        for kind, gave in held.known().items():
            same = _same(snippet, held, gave, quotes.get(snippet.name, []))
            found.setdefault(_named(names, kind), []).append(not same)
        for label, other in _on_machines(snippet, held):
            found.setdefault(f"stand-in: {label}", []).append(other)
    return {name: Tally(len(others), sum(others)) for name, others in sorted(found.items(), key=_order)}


def told(config: Config) -> list[str]:
    """A line for each kind: on how many programs it is known."""
    return [
        f"{name}: {tally.known} programs known, {tally.others} of them with other digits"
        for name, tally in tallies(config).items()
    ]


def quoted_otherwise(config: Config) -> list[str]:
    """Each quotation in prose that would say another number with the record of another kind, a message each."""
    found = []
    for quotes in every_quote(config).values():
        for quote in quotes:
            if isinstance(quote.source, Snippet):
                found += _quoted_otherwise(quote, quote.source)
    return found


def _quoted_otherwise(quote: Quote, snippet: Snippet) -> Iterator[str]:
    try:
        held = record.fresh(snippet)
    except DocsError:
        return  # said elsewhere
    expected = quote.rendered(held)
    for kind, gave in held.known().items():
        try:
            there = quote.rendered(Record(source="", text="", values=dict(gave.values)))
        except DocsError as error:
            there = str(error)
        if " ".join(expected.split()) != " ".join(there.split()):
            yield (
                f"{quote.place}: {quote.value} reads {expected} here and {there} on {kind}: quote fewer digits, "
                "or what does not depend on the processor"
            )


def _order(one: tuple[str, list[bool]]) -> tuple[bool, bool]:
    return one[0].startswith("stand-in"), "where the records" not in one[0]


def _named(names: dict[str, kinds.Kind], kind: str | None) -> str:
    if kind is None:
        return "any processor"
    return f"{kind} ({names[kind].processor})" if kind in names else kind


def _prints_other_digits(snippet: Snippet, held: Record, gave: Gave) -> bool:
    settings = snippet.settings
    return bool(
        compare.differences(held.text, gave.text, relative=settings.relative, absolute=settings.absolute)
    )


def _same(snippet: Snippet, held: Record, gave: Gave, quotes: Sequence[Quote]) -> bool:
    before, there = (groups(one, snippet.settings, quotes) for one in (held.gave, gave))
    return judged(before, there, Known(processors=[before])).outcome == "as recorded"


def _on_machines(snippet: Snippet, held: Record) -> Iterator[tuple[str, bool]]:
    """Each machine of the ledger's entry, and whether something was other than recorded on it."""
    try:
        entry: Entry = ledger.fresh(snippet)
    except DocsError:
        return
    numbers = entry.numbers
    if numbers is not None and numbers.record == results_digest(held):
        for label, differing in numbers.machines.items():
            yield label, bool(differing)
