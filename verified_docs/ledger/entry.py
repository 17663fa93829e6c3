"""An entry of the ledger: how often each claim of one snippet held, in `results/<name>.ledger.json` beside its record.

It holds nothing that differs from run to run, and a claim has a line: the same results leave the file as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verified_docs.base import files
from verified_docs.base.errors import DocsError
from verified_docs.ledger.numbers import Numbers
from verified_docs.pages.page import Quote
from verified_docs.programs.snippet import Snippet
from verified_docs.records.record import Record
from verified_docs.running.trial import Trial, Tried

ENOUGH = 0.95  # of the seeds, and of the machines, with which a claim is to hold


@dataclass(frozen=True)
class Claim:
    """One claim, and the trials in which it did not hold."""

    claim: str
    failed_seeds: tuple[str, ...] = ()
    failed_machines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """What is known of the claims of one snippet.

    Attributes:
        source: The digest of the program that was tried, without its docstring.
        seeds: With how many other seeds.
        machines: On which instruction sets and numbers of threads.
        claims: In the order of the text.
        numbers: What trials gave beside the record; None where there was none to compare with.
    """

    source: str
    seeds: int
    machines: tuple[str, ...]
    claims: tuple[Claim, ...]
    numbers: Numbers | None = None

    @classmethod
    def of(
        cls,
        snippet: Snippet,
        tried: Mapping[Trial, Tried],
        record: Record | None = None,
        quotes: Sequence[Quote] = (),
    ) -> Entry:
        """What the trials of `snippet` come to, beside its `record`."""
        shifted = {trial: one for trial, one in tried.items() if trial.machine is None}
        moved = {trial: one for trial, one in tried.items() if trial.machine is not None}

        def failed(trials: Mapping[Trial, Tried], number: int) -> tuple[str, ...]:
            return tuple(trial.label for trial, one in trials.items() if not one.held[number])

        claims = tuple(
            Claim(claim, failed(shifted, number), failed(moved, number))
            for number, claim in enumerate(snippet.claims)
        )
        numbers = Numbers.of(snippet, record, quotes, tried) if record else None
        return cls(snippet.code_digest, len(shifted), tuple(trial.label for trial in moved), claims, numbers)

    def added_to(self, earlier: Entry) -> Entry:
        """What both say of the same snippet; of seeds, or of a machine, with which both were tried, this one's."""
        machines = (*(one for one in earlier.machines if one not in self.machines), *self.machines)

        def both(before: Claim, now: Claim) -> Claim:
            seeds = now.failed_seeds if self.seeds else before.failed_seeds
            failed = {
                *(one for one in before.failed_machines if one not in self.machines),
                *now.failed_machines,
            }
            return Claim(now.claim, seeds, tuple(one for one in machines if one in failed))

        claims = tuple(map(both, earlier.claims, self.claims))
        numbers = self.numbers
        if numbers and earlier.numbers:
            numbers = numbers.added_to(earlier.numbers, seeds=self.seeds > 0)
        return Entry(self.source, self.seeds or earlier.seeds, machines, claims, numbers)

    def share(self, claim: Claim) -> float:
        """The part of the seeds or of the machines with which `claim` held, whichever is less."""
        return min(
            (of - len(failed)) / of if of else 1.0
            for failed, of in (
                (claim.failed_seeds, self.seeds),
                (claim.failed_machines, len(self.machines)),
            )
        )

    def told(self, claim: Claim) -> str:
        """How often `claim` held, in words."""
        seeds, machines = self.seeds, len(self.machines)
        parts = []
        if seeds:
            parts.append(f"{seeds - len(claim.failed_seeds)} of {seeds} seeds")
        if machines:
            parts.append(f"{machines - len(claim.failed_machines)} of {machines} processors and threads")
        return f"held {', '.join(parts)}"


def path(snippet: Snippet) -> Path:
    """Where the entry of `snippet` lies."""
    return snippet.path.parent / "results" / f"{snippet.path.stem}.ledger.json"


def load(snippet: Snippet) -> Entry | None:
    """The entry of `snippet`, or None where it has none; raises DocsError where it cannot be read."""
    place = path(snippet)
    if not place.is_file():
        return None
    try:
        held = json.loads(place.read_text(encoding="utf-8"))
        claims = tuple(Claim(one["claim"], *_failed(one)) for one in held["claims"])
        numbers = Numbers.from_json(held["numbers"]) if held["numbers"] else None
        return Entry(held["source"], int(held["seeds"]), tuple(held["machines"]), claims, numbers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DocsError(
            f"{place.relative_to(snippet.config.root).as_posix()}: is torn or edited by hand ({error!r}); "
            f"make it again: {how_to_hold(snippet)}"
        ) from error


def fresh(snippet: Snippet) -> Entry:
    """The entry of `snippet` as it is now; raises DocsError where there is none, or one of an older text."""
    held = load(snippet)
    again = how_to_hold(snippet)
    if held is None:
        raise DocsError(f"{snippet.place}: its claims were not yet held against other seeds: {again}")
    if held.source != snippet.code_digest or [one.claim for one in held.claims] != snippet.claims:
        raise DocsError(
            f"{snippet.place}: its ledger is stale (the program changed since); hold its claims again: {again}"
        )
    return held


def save(snippet: Snippet, entry: Entry) -> None:
    """Replace the entry of `snippet`."""
    files.replace(path(snippet), _dumped(entry))


def how_to_hold(snippet: Snippet) -> str:
    """The command that makes its entry."""
    return f"nox -s robustness -- {snippet.name}"


def _failed(held: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    return tuple(held.get("failed_seeds", ())), tuple(held.get("failed_machines", ()))


def _dumped(entry: Entry) -> str:
    lines = [
        {"claim": one.claim}
        | ({"failed_seeds": one.failed_seeds} if one.failed_seeds else {})
        | ({"failed_machines": one.failed_machines} if one.failed_machines else {})
        for one in entry.claims
    ]
    claims = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in lines)
    numbers = "null" if entry.numbers is None else _numbers_dumped(entry.numbers.to_json())
    return (
        f'{{\n "source": {json.dumps(entry.source)},\n "seeds": {entry.seeds},\n'
        f' "machines": {json.dumps(entry.machines)},\n "claims": [\n{claims}\n ],\n "numbers": {numbers}\n}}\n'
    )


def _numbers_dumped(held: dict[str, Any]) -> str:
    """A line for each machine and for each group that the seeds move."""

    def lines(table: dict[str, Any]) -> str:
        entries = [
            f"   {json.dumps(key)}: {json.dumps(one, ensure_ascii=False)}" for key, one in table.items()
        ]
        return "{\n" + ",\n".join(entries) + "\n  }" if entries else "{}"

    parts = [f'"record": {json.dumps(held["record"])}', f'"quoted": {json.dumps(held["quoted"])}']
    parts += [f'"machines": {lines(held["machines"])}', f'"seeds": {lines(held["seeds"])}']
    return "{\n  " + ",\n  ".join(parts) + "\n }"
