"""Kinds of processors on pages: what another kind prints, and the table that stands where a page says `{{ kinds }}`."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Sequence

from verified_docs.base import compare
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.comparing.elsewhere import OUTCOMES, Judgment, judged
from verified_docs.comparing.groups import groups
from verified_docs.ledger import entry as ledger
from verified_docs.ledger.numbers import known, processors
from verified_docs.pages.page import Quote, every_quote
from verified_docs.programs.snippet import Snippet, every_snippet
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import kinds, record
from verified_docs.records.gave import Gave
from verified_docs.records.record import Record
from verified_docs.running.trial import processor_of


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
        f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{counts[what]}</td>' for what in OUTCOMES)}</tr>"
        for name, counts in tallies(config).items()
    )
    head = "".join(f"<th>{one}</th>" for one in ("processor", *OUTCOMES))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def tallies(config: Config) -> dict[str, Counter[str]]:
    """How many programs give what on each kind and each machine of the ledger, judged by what is known of the others."""
    found: dict[str, Counter[str]] = {}
    quotes = every_quote(config)
    names = kinds.registered(config)
    for snippet in every_snippet(config):
        try:
            held = record.fresh(snippet)
        except DocsError:
            continue  # the build says so
        here = f"{_named(names, held.kind)}, where the records are made"
        found.setdefault(here, Counter())["as recorded"] += 1
        for name, outcome in outcomes(snippet, held, quotes.get(snippet.name, [])).items():
            found.setdefault(_named(names, name), Counter())[outcome.outcome] += 1
    return dict(sorted(found.items(), key=_order))


def outcomes(snippet: Snippet, held: Record, quotes: Sequence[Quote]) -> dict[str, Judgment]:
    """What would be said of each processor that is known, if it were not: by kind, and by the label of a machine."""
    try:
        numbers = ledger.fresh(snippet).numbers
    except DocsError:
        numbers = None
    base = groups(held.gave, snippet.settings, quotes)
    gave = processors(snippet, held, quotes, numbers)
    return {
        name: judged(base, one, known(gave, held, quotes, numbers, without=processor_of(name)))
        for name, one in gave.items()
    }


def told(config: Config) -> list[str]:
    """A line for each: what how many programs give there."""
    return [
        f"{name}: {', '.join(f'{counts[what]} {what}' for what in OUTCOMES if counts[what])}"
        for name, counts in tallies(config).items()
    ]


def quoted_otherwise(config: Config) -> list[str]:
    """Each quotation in prose that would say another number with the record of another kind, a message each."""
    found: list[str] = []
    for quotes in every_quote(config).values():
        source = quotes[0].source
        if isinstance(source, Snippet) and not isinstance(source, StudyFile):
            found += _quoted_otherwise(quotes, source)
    return found


def _quoted_otherwise(quotes: Sequence[Quote], snippet: Snippet) -> Iterator[str]:
    try:
        held = record.fresh(snippet)
    except DocsError:
        return  # said elsewhere
    for kind, gave in held.known().items():
        there = Record(source="", text="", values=dict(gave.values))
        for quote in quotes:
            expected, came = quote.rendered(held), quote.rendered(there)
            if " ".join(expected.split()) != " ".join(came.split()):
                yield (
                    f"{quote.place}: {quote.value} reads {expected} here and {came} on {kind}: quote fewer digits, "
                    "or what does not depend on the processor"
                )


def _order(one: tuple[str, Counter[str]]) -> tuple[bool, bool]:
    return "thread" in one[0], "where the records" not in one[0]


def _named(names: dict[str, kinds.Kind], kind: str | None) -> str:
    if kind is None:
        return "any processor"
    return f"{kind} ({names[kind].processor})" if kind in names else kind


def _prints_other_digits(snippet: Snippet, held: Record, gave: Gave) -> bool:
    settings = snippet.settings
    return bool(
        compare.differences(held.text, gave.text, relative=settings.relative, absolute=settings.absolute)
    )
