"""The references of all pages in one list, which stands where a page says `{{ papers }}`.

A page's references are the items below its heading "Papers" or "References":

    - First Author, Second Author: [Title](https://…), Venue 2015: what it is cited for.

Every part but the last has to be there, and the authors are all named. The year may be "undated". A work is known by its
link: two pages that cite one work in two ways, or with two links, are wrong, and both are named.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import HEADING, Page, every_page

_SECTIONS = ("Papers", "References")
_LINK = r"https?://(?:[^\s()]|\([^\s()]*\))+"
_REFERENCE = re.compile(
    rf"(?P<authors>[^:\[\]]+): \[(?P<title>.+?)\]\((?P<link>{_LINK})\), "
    r"(?P<published>.+? (?:(?:1[89]|20)\d\d|undated))(?:: (?P<use>.+))?\."
)
_CUT_SHORT = re.compile(r"\bet al\b|\band others\b|\.\.\.|…")


@dataclass(frozen=True)
class Work:
    """What a reference says of a work, whichever page it stands on."""

    authors: str
    title: str
    link: str
    published: str

    @property
    def order(self) -> tuple[str, ...]:
        """The first author's surname (as people write a name, its last word), then the year."""
        surname, year = self.authors.split(",")[0].split()[-1], self.published.split()[-1]
        return _folded(surname), year, _folded(self.authors), _folded(self.title)


@dataclass(frozen=True)
class Citation:
    """Where a work is cited, and what for (None: not said)."""

    page: Page
    line: int
    section: str
    use: str | None

    @property
    def place(self) -> str:
        return f"{self.page.place}:{self.line}"

    def linked(self, start: str) -> str:
        """A Markdown link from the page at `start` to the page's references."""
        to = os.path.relpath(self.page.place, os.path.dirname(start)).replace(os.sep, "/")
        use = f" ({self.use})" if self.use else ""
        return f"[{self.page.title}]({to}#{self.section.lower()}){use}"


@dataclass
class Bibliography:
    """All works with their citations, and what is wrong with how they are cited."""

    cited: dict[Work, list[Citation]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def gather(pages: Iterable[Page]) -> Bibliography:
    """Read the references of all `pages`."""
    found = Bibliography()
    first: dict[str, tuple[Work, Citation]] = {}
    for page in pages:
        for number, section, text in _items(page):
            match = _REFERENCE.fullmatch(text)
            citation = Citation(page, number, section, match["use"] if match else None)
            if match is None:
                found.problems.append(
                    f"{citation.place}: {text!r} is not of the form "
                    "'Authors: [Title](https://link), Venue 2015: what it is cited for.'"
                )
                continue
            if _CUT_SHORT.search(match["authors"]):
                found.problems.append(f"{citation.place}: {match['authors']!r}: name all authors")
            work = Work(match["authors"], match["title"], match["link"], match["published"])
            for known in (work.link, _folded(work.title)):
                other, before = first.setdefault(known, (work, citation))
                if other != work:
                    found.problems.append(
                        f"{citation.place}: cites as {_cited(work)} what {before.place} cites as {_cited(other)}"
                    )
                    break
            found.cited.setdefault(work, []).append(citation)
    return found


def listed(page: Page) -> str:
    """The Markdown that stands on `page` for `{{ papers }}`; raises DocsError where a reference is wrong."""
    found = gather(every_page(page.config))
    if found.problems:
        raise DocsError("\n".join(found.problems))
    return "\n".join(
        f"- {_cited(work)}.  \n  Cited in {', '.join(one.linked(page.place) for one in found.cited[work])}."
        for work in sorted(found.cited, key=lambda work: work.order)
    )


def _cited(work: Work) -> str:
    return f"{work.authors}: [{work.title}]({work.link}), {work.published}"


def _items(page: Page) -> Iterator[tuple[int, str, str]]:
    """Each item of the page's references: its line (from 1), the section's title, and its text on one line."""
    lines, section = page.text.split("\n"), ""
    item: tuple[int, list[str]] | None = None
    for number in [*page.unfenced(), len(lines)]:
        line = lines[number] if number < len(lines) else ""
        if item is not None and line.startswith("  "):
            item[1].append(line.strip())
            continue
        if item is not None:
            yield item[0], section, " ".join(item[1])
            item = None
        heading = HEADING.fullmatch(line)
        if heading:
            section = heading["title"] if heading["title"] in _SECTIONS else ""
        elif section and line.startswith("- "):
            item = number + 1, [line[2:].strip()]


def _folded(text: str) -> str:
    """Letters alone, without accents and capitals: Élie stands where Elie does."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
