"""Whether a program's results are right on a processor of which no record is known.

Claims hold everywhere, and so does the form: the words, how many numbers there are, what is drawn, finite where finite.
A number that neither processors, threads nor seeds have moved is held as on these. Any other was seen in some range; let
R be its width. Beyond 3 R outside it the number is wrong. One that processors have moved may lie up to R outside, and
further out it was not seen before. One that only seeds have moved is a result of training, which the last bit moves, too,
as soon as a processor has another one: it was not seen before, whatever it is now. So is a bar of a histogram, or a curve
among others, that nothing has moved where its neighbors are moved: it has their range.

>>> from verified_docs.comparing.groups import Group, Number
>>> from verified_docs.comparing.known import Known
>>> def loss(value): return {"line 1 of its output": Group(("loss",), (Number(value, 0.01),))}
>>> known = Known(processors=[loss(0.60), loss(0.64)])
>>> [judged(loss(0.62), loss(now), known).outcome for now in (0.62, 0.67, 0.71, 0.80)]
['as recorded', 'other digits', 'not seen before', 'failed']
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from verified_docs.base.nearness import ROUNDING
from verified_docs.comparing.groups import LINES, Group, Groups, Number, is_length
from verified_docs.comparing.known import Known, Spans, family, pairs, reach

OUTCOMES = ("as recorded", "other digits", "not seen before", "failed")
USUAL, FARTHEST = 1.0, 3.0  # widths of the known range that a number may lie outside it


@dataclass
class Judgment:
    """What was found: messages of what is wrong, and of what was not seen before; how many numbers are other ones."""

    failed: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    others: int = 0

    @property
    def outcome(self) -> str:
        if self.failed:
            return "failed"
        return "not seen before" if self.unseen else "other digits" if self.others else "as recorded"


def judged(base: Groups, now: Groups, known: Known) -> Judgment:
    """Hold what a run gives `now` to the record's `base` and to what is known beside it."""
    found = Judgment()
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


def _group(place: str, old: Group, new: Group, seen: list[Group], known: Known, found: Judgment) -> None:
    alike = new.words == old.words and len(new.numbers) == len(old.numbers)
    if alike and all(was.same(one) for was, one in pairs(old, new)):
        return
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
            else:
                by_seeds = over_seeds.each[column] if over_seeds else known.neighbors.get(family(place))
                _known(place, [was, *others], one, by_seeds, found)


def _count(place: str, now: Number, counts: set[int], found: Judgment) -> None:
    seen = [Number(one, None) for one in counts]
    _number(f"{place}, how many numbers", seen, now, reach(seen), found)


def _blind(place: str, was: Number, now: Number, found: Judgment) -> None:
    """Nothing is known but the record: only that a number is one can be held."""
    if was.same(now):
        return
    found.others += 1
    if math.isfinite(now.value) or not math.isfinite(was.value):
        found.unseen.append(f"  {place}: {now.value:g} instead of {was.value:g}")
    else:
        found.failed.append(f"  {place}: {now.value:g} instead of {was.value:g}")


def _known(
    place: str, seen: list[Number], now: Number, by_seeds: tuple[float, float] | None, found: Judgment
) -> None:
    was, *others = seen
    moved = not all(was.same(other) for other in others) or (is_length(place) and by_seeds is not None)
    span = _wider(reach(seen), by_seeds) if by_seeds else reach(seen)
    if moved or was.same(now):
        _number(place, seen, now, span, found)
    elif span[0] < span[1]:
        _number(place, seen, now, span, found, usual=0.0)
    else:
        found.failed.append(
            f"  {place}: {now.value:g} instead of {was.value:g}, which no processor and no seed has moved"
        )


def _number(
    place: str,
    seen: list[Number],
    now: Number,
    span: tuple[float, float],
    found: Judgment,
    *,
    usual: float = USUAL,
) -> None:
    """Hold a number that is known to vary; up to `usual` widths outside its range it is nothing to speak of."""
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
    elif usual and outside <= usual * width * ROUNDING:
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
