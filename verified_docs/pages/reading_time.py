"""How long it takes to read a page: 200 words a minute, four seconds for a line of code.

What counts is what a reader has before them: not what is folded away, and not the sections that are set apart (see
`reading_settings`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page

WORDS, SECONDS = 200, 4
"""Words a minute, and seconds for a line of code."""

_FOLD = re.compile(r"( *)\?\?\?(?!\+)")
_SECTION = re.compile(r"##? +(?P<title>.+?)(?: +\{.*\})?")
_UNREAD = re.compile(r"\]\([^)]*\)|<[^>]*>")
_QUOTE = re.compile(r"\{\{.*?\}\}")
_WORD = re.compile(r"[^\W_][\w'’-]*")


def minutes(page: Page) -> float:
    """How long a page takes; raises DocsError where what it embeds is wrong."""
    lines, text = page.text.split("\n"), set(page.unfenced())
    programs = {one.first: one.snippet for one in page.embedded() if not _FOLD.match(lines[one.first])}
    words = code = 0
    for number in _in_sight(lines, page.config.reading.apart):
        if number in programs:
            code += sum(bool(line.strip()) for line in programs[number].source.split("\n"))
        if number in text:
            words += len(_WORD.findall(_UNREAD.sub(" ", _QUOTE.sub("1", lines[number]))))
        elif not lines[number].strip().startswith(("```", "~~~", "--8<--")):
            code += bool(lines[number].strip())
    return words / WORDS + code * SECONDS / 60


def problems(pages: Iterable[Page]) -> list[str]:
    """Which pages take longer than they may."""
    found = []
    for page in pages:
        reading = page.config.reading
        if not reading.asks(page.place.removeprefix("docs/")):
            continue
        try:
            taken = minutes(page)
        except DocsError:
            continue  # said where the page is read
        if taken > reading.minutes:
            found.append(
                f"{page.place}: takes {taken:.1f} minutes to read, of {reading.minutes:g}; fold programs away that are "
                "not its first, or give what is further a page of its own"
            )
    return found


def _in_sight(lines: list[str], apart: Iterable[str]) -> Iterator[int]:
    """The lines, from 0, that are neither folded away nor in a section that is set apart."""
    folded, skipped = -1, False
    for number, line in enumerate(lines):
        if section := _SECTION.fullmatch(line):
            skipped = section["title"] in apart
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent <= folded:
            folded = -1
        if folded < 0 and not skipped:
            yield number
        if folded < 0 and (fold := _FOLD.match(line)):
            folded = len(fold[1])
