"""Whether a program's results are right on a processor of which no record is known.

Claims hold everywhere, and so does the form: the words, how many numbers there are, what is drawn, finite where finite.
A number that is the same on every kind of processor and every processor of the ledger is held like on these. Any other
has been seen to vary. Let R be the width of the range that it was seen in, over processors, threads and seeds: up to R
outside it is what another processor may give, beyond 3 R it is wrong, and between it was not seen before.

>>> from verified_docs.groups import Group, Number
>>> from verified_docs.known import Known
>>> def loss(value): return {"line 1 of its output": Group(("loss",), (Number(value, 0.01),))}
>>> known = Known(processors=[loss(0.60), loss(0.64)])
>>> [judged(loss(0.62), loss(now), known).outcome for now in (0.62, 0.67, 0.71, 0.80)]
['as recorded', 'other digits', 'not seen before', 'failed']
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from verified_docs.groups import LINES, ROUNDING, Group, Groups, Number, is_length
from verified_docs.known import Known, Spans, pairs, reach

USUAL, FARTHEST = 1.0, 3.0  # widths of the known range that a number may lie outside it


@dataclass
class Judgement:
    """What was found: messages of what is wrong, and of what was not seen before; how many numbers are other ones."""

    failed: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    others: int = 0

    @property
    def outcome(self) -> str:
        if self.failed:
            return "failed"
        return "not seen before" if self.unseen else "other digits" if self.others else "as recorded"


def judged(base: Groups, now: Groups, known: Known) -> Judgement:
    """Hold what a run gives `now` to the record's `base` and to what is known beside it."""
    found = Judgement()
    for place in [*base, *(place for place in now if place not in base)]:
        seen = [one[place] for one in known.processors if place in one]
        if place in now and place in base:
            _group(place, base[place], now[place], seen, known, found)
        elif place in now and not seen and not _counted(place, known):
            found.failed.append(f"  {place}: is new: {_told(now[place])}")
        elif place in base and len(seen) == len(known.processors) and not _counted(place, known):
            found.failed.append(f"  {place}: is missing: {_told(base[place])}")
    return found


def _counted(place: str, known: Known) -> bool:
    """Whether it is a line of an output that is longer with some seeds than with others: then their number is held."""
    return place.startswith("line ") and LINES in known.seeds


def _group(place: str, old: Group, new: Group, seen: list[Group], known: Known, found: Judgement) -> None:
    over_seeds = known.seeds.get(place)
    counts = {
        len(old.numbers),
        *(len(one.numbers) for one in seen),
        *((over_seeds and over_seeds.counts) or ()),
    }
    if len(counts) > 1:
        if not new.kinds_of_words <= old.kinds_of_words.union(*(one.kinds_of_words for one in seen)):
            found.failed.append(f"  {place}: the words changed to {_told(new)}; expected {_told(old)}")
            return
        _count(place, Number(len(new.numbers), None), counts, found)
        numbers = [number for one in (old, *seen) for number in one.numbers]
        span = _joined(reach(numbers), over_seeds)
        for one in new.numbers:
            _number(place, numbers, one, span, found)
        return
    if new.words != old.words:
        found.failed.append(f"  {place}: the words changed to {_told(new)}; expected {_told(old)}")
    elif len(new.numbers) != len(old.numbers):
        found.failed.append(f"  {place}: {len(new.numbers)} numbers instead of {len(old.numbers)}")
    else:
        for column, (was, one) in enumerate(pairs(old, new)):
            others = [group.numbers[column] for group in seen]
            if not seen or place in known.unknown:
                _blind(place, was, one, found)
            elif all(was.same(other) for other in others) and not (is_length(place) and over_seeds):
                _stable(place, was, one, found)
            else:
                span = reach([was, *others])
                if over_seeds is not None:
                    span = _wider(span, over_seeds.each[column])
                _number(place, [was, *others], one, span, found)


def _count(place: str, now: Number, counts: set[int], found: Judgement) -> None:
    seen = [Number(one, None) for one in counts]
    _number(f"{place}, how many numbers", seen, now, reach(seen), found)


def _blind(place: str, was: Number, now: Number, found: Judgement) -> None:
    """Nothing is known but the record: only that a number is one can be held."""
    if was.same(now):
        return
    found.others += 1
    if math.isfinite(now.value) or not math.isfinite(was.value):
        found.unseen.append(f"  {place}: {now.value:g} instead of {was.value:g}")
    else:
        found.failed.append(f"  {place}: {now.value:g} instead of {was.value:g}")


def _stable(place: str, was: Number, now: Number, found: Judgement) -> None:
    if not was.same(now):
        found.failed.append(
            f"  {place}: {now.value:g} instead of {was.value:g}, which is the same on every processor that is known"
        )


def _number(place: str, seen: list[Number], now: Number, span: tuple[float, float], found: Judgement) -> None:
    if any(one.same(now) for one in seen):
        found.others += not seen[0].same(now)
        return
    low, high = span
    width = high - low
    outside = max(low - now.value, now.value - high, 0.0)
    if not math.isfinite(now.value) or not math.isfinite(width):
        if any(not math.isfinite(one.value) for one in seen):
            found.others += 1
        else:
            found.failed.append(f"  {place}: {now.value:g}, where every known number is finite")
    elif outside <= USUAL * width * ROUNDING:
        found.others += 1
    else:
        known = f"{now.value:g}, known are {low:g} to {high:g}"
        told = found.unseen if outside <= FARTHEST * width * ROUNDING else found.failed
        told.append(f"  {place}: {known}")


def _joined(span: tuple[float, float], over_seeds: Spans | None) -> tuple[float, float]:
    for one in over_seeds.each if over_seeds else ():
        span = _wider(span, one)
    return span


def _wider(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    both = [Number(value, None) for value in (*one, *other)]
    return reach(both)


def _told(group: Group) -> str:
    return repr(" # ".join(group.words))
