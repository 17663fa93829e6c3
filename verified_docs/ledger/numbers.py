"""The numbers of the ledger's trials: how they are kept in an entry, and what they make known of a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from verified_docs.base import files
from verified_docs.comparing.groups import Group, Groups, Number, groups, quoted_place
from verified_docs.comparing.known import Known, Spans, pairs, spans
from verified_docs.pages.page import Quote
from verified_docs.programs.snippet import Snippet
from verified_docs.records.record import Record, decoded, encoded
from verified_docs.running.trial import Trial, Tried, processor_of

_DIGITS = 6  # that are kept


@dataclass(frozen=True)
class Numbers:
    """What trials gave, where that differs from the record.

    Attributes:
        record: The digest of the results that they are compared with.
        quoted: The quotations that were compared, too.
        machines: By machine that the program ran through on, the groups that differ; None for one that it lacks.
        seeds: How far the numbers reach over the seeds.
    """

    record: str
    quoted: frozenset[str] = frozenset()
    machines: Mapping[str, Mapping[str, Group | None]] = field(default_factory=dict)
    seeds: Mapping[str, Spans] = field(default_factory=dict)

    @classmethod
    def of(
        cls, snippet: Snippet, record: Record, quotes: Sequence[Quote], tried: Mapping[Trial, Tried]
    ) -> Numbers:
        """What the trials of `snippet` come to."""
        base = groups(record.gave, snippet.settings, quotes)
        gave = {trial: groups(one.gave, snippet.settings, quotes) for trial, one in tried.items() if one.gave}
        machines = {trial.label: _beside(base, one) for trial, one in gave.items() if trial.machine}
        shifted = [one for trial, one in gave.items() if trial.machine is None]
        quoted = frozenset(map(quoted_place, quotes))
        return cls(results_digest(record), quoted, machines, spans(base, shifted) if shifted else {})

    def added_to(self, earlier: Numbers, *, seeds: bool) -> Numbers:
        """What both say, of one machine this one's; the seeds' are this one's where it was tried with any."""
        if earlier.record != self.record:
            return self
        both = earlier.quoted & self.quoted
        return Numbers(
            self.record,
            both,
            {**earlier.machines, **self.machines},
            self.seeds if seeds else earlier.seeds,
        )

    def to_json(self) -> dict[str, Any]:
        machines = {
            label: {place: _group_to_json(group) for place, group in differing.items()}
            for label, differing in self.machines.items()
        }
        seeds = {place: _spans_to_json(one) for place, one in self.seeds.items()}
        return {"record": self.record, "quoted": sorted(self.quoted), "machines": machines, "seeds": seeds}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Numbers:
        machines = {
            label: {place: _group_from_json(group) for place, group in differing.items()}
            for label, differing in held["machines"].items()
        }
        seeds = {place: _spans_from_json(one) for place, one in held["seeds"].items()}
        return cls(held["record"], frozenset(held["quoted"]), machines, seeds)


def processors(
    snippet: Snippet, record: Record, quotes: Sequence[Quote], numbers: Numbers | None
) -> dict[str, Groups]:
    """What each processor gave that is known beside the record: other kinds, and the ledger's machines by label."""
    gave = {kind: groups(one, snippet.settings, quotes) for kind, one in record.known().items()}
    if numbers is None or numbers.record != results_digest(record):
        return gave
    base = groups(record.gave, snippet.settings, quotes)
    return gave | {label: on_machine(base, differing) for label, differing in numbers.machines.items()}


def known(
    gave: Mapping[str, Groups],
    record: Record,
    quotes: Sequence[Quote],
    numbers: Numbers | None,
    *,
    without: str | None = None,
) -> Known:
    """What is known beside the record, of other kinds and by the ledger.

    Args:
        gave: What `processors` says.
        record: What runs are compared with.
        quotes: What the prose quotes of it.
        numbers: The ledger's.
        without: A kind, or a processor of the ledger, to leave out.
    """
    others = [one for name, one in gave.items() if without not in (name, processor_of(name))]
    if numbers is None or numbers.record != results_digest(record):
        return Known(others)
    unknown = {quoted_place(quote) for quote in quotes} - numbers.quoted
    return Known(others, numbers.seeds, frozenset(unknown))


def results_digest(record: Record) -> str:
    """Of what a record's numbers are compared with."""
    return files.digest(repr((record.text, record.values, record.gave.drawn)))[:16]


def _beside(base: Groups, now: Groups) -> dict[str, Group | None]:
    """The groups that differ by more than they may."""
    found: dict[str, Group | None] = {place: None for place in base if place not in now}
    for place, group in now.items():
        old = base.get(place)
        if (
            old is None
            or old.words != group.words
            or len(old.numbers) != len(group.numbers)
            or not all(was.same(one) for was, one in pairs(old, group))
        ):
            found[place] = group
    return found


def on_machine(base: Groups, differing: Mapping[str, Group | None]) -> Groups:
    """What a machine gave that differs from `base` so."""
    whole = {**base, **differing}
    return {place: group for place, group in whole.items() if group is not None}


def _group_to_json(group: Group | None) -> Any:
    if group is None:
        return None
    return [
        list(group.words),
        [[_rounded(one.value), one.allowed and _rounded(one.allowed)] for one in group.numbers],
    ]


def _group_from_json(held: Any) -> Group | None:
    if held is None:
        return None
    words, numbers = held
    return Group(tuple(words), tuple(Number(float(decoded(value)), allowed) for value, allowed in numbers))


def _spans_to_json(one: Spans) -> Any:
    each = [[_rounded(low), _rounded(high)] for low, high in one.each]
    return {"all": each[0], "counts": list(one.counts)} if one.counts else each


def _spans_from_json(held: Any) -> Spans:
    if isinstance(held, dict):
        low, high = map(decoded, held["all"])
        return Spans(((low, high),), (held["counts"][0], held["counts"][1]))
    return Spans(tuple((decoded(low), decoded(high)) for low, high in held))


def _rounded(value: float) -> Any:
    return encoded(float(f"{value:.{_DIGITS}g}"))
