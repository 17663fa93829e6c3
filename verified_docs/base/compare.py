"""Whether two runs printed the same, numbers within a tolerance.

Runs of spaces count as one. Integers, dates and versions are exact. Any other number may differ by one unit of the
last digit printed, or by the declared tolerance where that is more.

>>> same = lambda recorded, now: not differences(recorded, now)
>>> same("loss 0.853 after 10 steps", "loss  0.854 after 10 steps")
True
>>> same("loss 0.853 after 10 steps", "loss 0.855 after 10 steps")
False
>>> same("loss 0.853 after 10 steps", "loss 0.853 after 11 steps")
False
>>> same("torch 2.13.0", "torch 2.13.1"), same("-0.00", "0.00"), same("nan", "inf")
(False, True, False)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

from verified_docs.base import nearness

# What looks like a number but is compared letter by letter comes first: versions, dates, times of day.
_TOKEN = re.compile(
    r"""
    (?P<exact> (?<![\w.]) (?: \d+(?:\.\d+){2,}[\w.+-]* | \d{4}-\d\d-\d\d | \d\d?:\d\d(?::\d\d)?(?!\.?\d) ) )
  | (?P<number> (?<![\w.])
      (?: (?<![)\]]) [-+−] )?                          # a sign, not a hyphen
      (?: \d{1,3}(?:,\d{3})+(?:\.\d+)? | \d+(?:\.\d+)? | \.\d+ | (?:nan|inf|NaN|Inf|infinity)\b )
      (?: [eE][-+]?\d+ )? )
    """,
    re.VERBOSE,
)

_OTHER_TEXT = "the text changed"
_REORDERED = (
    "; the words are the same in another order, as a set's from run to run (PYTHONHASHSEED): print it sorted"
)


@dataclass(frozen=True)
class Difference:
    """One line that is not as recorded; `line` counts from 1."""

    line: int
    expected: str | None
    actual: str | None
    reason: str


def differences(
    expected: str, actual: str, *, relative: float = 0.0, absolute: float = 0.0
) -> list[Difference]:
    """Every line of `actual` that is not `expected`'s, numbers within the tolerance."""
    found = []
    hint = _REORDERED if _words(expected) == _words(actual) else ""
    pairs = zip_longest(expected.rstrip().splitlines(), actual.rstrip().splitlines())
    for number, (old, new) in enumerate(pairs, start=1):
        if old is None:
            found.append(Difference(number, None, new, "a line more than recorded"))
        elif new is None:
            found.append(Difference(number, old, None, "a line less than recorded"))
        else:
            reason = _difference(old, new, relative, absolute)
            if reason == _OTHER_TEXT:
                reason += hint or (_REORDERED if _words(old) == _words(new) else "")
            if reason:
                found.append(Difference(number, old, new, reason))
    return found


def _words(text: str) -> list[str]:
    """The words in an order that does not depend on theirs."""
    return sorted(re.findall(r"\w+", text))


def _difference(old: str, new: str, relative: float, absolute: float) -> str | None:
    old_words, old_numbers = split(old)
    new_words, new_numbers = split(new)
    if len(old_numbers) != len(new_numbers):
        return f"{len(new_numbers)} numbers instead of {len(old_numbers)}"
    if old_words != new_words:
        return _OTHER_TEXT
    for before, after in zip(old_numbers, new_numbers, strict=True):
        reason = _number_difference(before, after, relative, absolute)
        if reason:
            return reason
    return None


def split(line: str) -> tuple[list[str], list[str]]:
    """The words between the numbers, spaces collapsed, and the numbers."""
    words, numbers, end = [], [], 0
    for token in _TOKEN.finditer(line):
        if token["number"] is not None:
            words.append(line[end : token.start()])
            numbers.append(token["number"])
            end = token.end()
    words.append(line[end:])
    return [" ".join(word.split()) for word in words], numbers


def _number_difference(before: str, after: str, relative: float, absolute: float) -> str | None:
    old, new = decimal(before), decimal(after)
    if not (old.is_finite() and new.is_finite()):
        same = (old.is_nan() and new.is_nan()) or (not old.is_nan() and not new.is_nan() and old == new)
        return None if same else f"{after} instead of {before}"
    if is_integer(before) and is_integer(after):
        return None if old == new else f"{after} instead of {before}; integers are exact"
    with_a_point = [number for number, token in ((old, before), (new, after)) if not is_integer(token)]
    allowed = nearness.printed(old, *with_a_point, relative=relative, absolute=absolute)
    if abs(old - new) <= allowed:
        return None
    return f"{after} instead of {before}; allowed is ±{allowed.normalize():f}"


def decimal(token: str) -> Decimal:
    """The value of a number as it is printed."""
    return Decimal(token.replace(",", "").replace("−", "-"))


def is_integer(token: str) -> bool:
    """Whether a number is printed as a whole one."""
    return not any(mark in token for mark in ".eE")
