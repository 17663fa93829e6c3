"""The ledger on pages: how often each claim held, and the summary that stands where a page says `{{ ledger }}`."""

from __future__ import annotations

import html

from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.ledger import entry as ledger
from verified_docs.ledger.entry import ENOUGH, Claim, Entry
from verified_docs.programs.snippet import Snippet, every_snippet

_LOWEST = 10  # claims that the summary names


def claims_html(snippet: Snippet) -> str:
    """The claims of `snippet` as a list, each with how often it held."""
    held = _entry(snippet)
    if held is None:
        items = "".join(f"<li><code>{html.escape(claim)}</code></li>" for claim in snippet.claims)
        return f'<ul>{items}</ul><p class="vd-held">not yet held against other seeds</p>'
    items = "".join(
        f'<li><code>{html.escape(claim.claim)}</code> <span class="vd-held">{held.told(claim)}</span></li>'
        for claim in held.claims
    )
    return f"<ul>{items}</ul>"


def weakest(snippet: Snippet) -> str:
    """How often the claim of `snippet` held that held least, in words that follow how many there are."""
    held = _entry(snippet)
    if held is None:
        return "not yet held against other seeds"
    claim = min(held.claims, key=held.share)
    several = len(held.claims) > 1
    if held.share(claim) == 1:
        return f"{'each ' if several else ''}{held.told(claim)}"
    return f"{'the weakest ' if several else ''}{held.told(claim)}"


def summary_html(config: Config, to_root: str) -> str:
    """How many claims there are, how many always held, and which held least."""
    total, programs, known = 0, 0, list[tuple[Snippet, Entry, Claim]]()
    for snippet in every_snippet(config):
        total += len(snippet.claims)
        programs += bool(snippet.claims)
        held = _entry(snippet)
        known += [(snippet, held, claim) for claim in held.claims] if held else []
    always = sum(held.share(claim) == 1 for _, held, claim in known)
    rarely = sum(held.share(claim) < ENOUGH for _, held, claim in known)
    said = [f"The programs of this site make {total:,} claims, in {programs} programs."]
    if len(known) < total:
        missing = total - len(known)
        said.append(
            f"{missing:,} claims are new, or their program was edited: not yet held against other seeds."
        )
    if known:
        said.append(
            f"{'Of the others' if len(known) < total else 'Of all'}, {always:,} held every time; "
            f"{rarely or 'none'} held less than {ENOUGH:.0%} of the time."
        )
    return f'<div class="vd-ledger"><p>{" ".join(said)}</p>{_lowest(known, to_root)}</div>'


def _lowest(known: list[tuple[Snippet, Entry, Claim]], to_root: str) -> str:
    """The claims that did not always hold, the lowest first."""
    below = sorted(
        (one for one in known if one[1].share(one[2]) < 1),
        key=lambda one: (one[1].share(one[2]), one[0].name),
    )
    if not below:
        return ""
    items = "".join(
        f'<li><a href="{to_root}downloads/{snippet.name}.py" download>{html.escape(snippet.name)}</a>: '
        f"<code>{html.escape(claim.claim)}</code> {held.told(claim)}</li>"
        for snippet, held, claim in below[:_LOWEST]
    )
    more = f"<p>And {len(below) - _LOWEST} more.</p>" if below[_LOWEST:] else ""
    return f"<p>These did not hold every time, the lowest first:</p><ul>{items}</ul>{more}"


def _entry(snippet: Snippet) -> Entry | None:
    """The entry of `snippet` as it is now; that it is missing or stale fails `robustness --check`, not a page."""
    try:
        return ledger.fresh(snippet)
    except DocsError:
        return None
