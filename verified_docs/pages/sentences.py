"""The prose of a page, sentence by sentence, with what each of them quotes.

A sentence ends with its paragraph, its list item or its cell of a table. In its text each `{{ … }}` is one character,
code is left out, and of a link its words are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from verified_docs.pages.page import Page, Quote

QUOTED = "\ue000"  # stands for a quotation; no page has it, since it belongs to no script
MARK = re.compile(r" ?<!-- rests on (?P<on>[^\n]*?) -->")  # what a sentence rests on (see `overstated`)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_TOKEN = re.compile(rf"{QUOTED}(\d+);")
_BEGINS = re.compile(r"\s*(#|\||[-*+] |\d+\. |:\s{3}|!!!|\?\?\?|<(div|/div|span|figure))")
_ENDS = re.compile(r"(?<=[.!?])[\"')*\]]*\s+(?=[\"'(*\[]*[A-ZÀ-Ý\d" + QUOTED + r"])")
_CODE = re.compile(r"(`+).+?\1")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)(\{[^}]*\})?")


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Attributes:
        text: Its words.
        quotes: What it quotes, in order.
        marks: What it is said to rest on, in comments that no reader sees.
        line: The number, from 1, of the line that it begins on.
        above: The number, from 0, of the `## ` heading that it stands below.
        beside: Every sentence of the same paragraph, or of the same row of a table, this one among them.
    """

    text: str
    quotes: tuple[Quote, ...]
    marks: tuple[str, ...]
    line: int
    above: int
    beside: list[Sentence]


def sentences(page: Page) -> list[Sentence]:
    """All of them; raises DocsError where a quotation is none."""
    quotes: list[Quote] = []

    def token(quote: Quote) -> str:
        quotes.append(quote)
        return f"{QUOTED}{len(quotes) - 1};"

    lines = page.with_quotes(token).split("\n")
    found: list[Sentence] = []
    above = 0
    for first, paragraph in _paragraphs(lines, set(page.unfenced())):
        if paragraph.startswith("## "):
            above = first
        beside: list[Sentence] = []
        beside += [
            _sentence(text, quotes, first + 1 + paragraph[:start].count("\n"), above, beside)
            for start, text in _parts(paragraph)
        ]
        found += beside
    return found


def _paragraphs(lines: list[str], unfenced: set[int]) -> Iterator[tuple[int, str]]:
    """The number of the first line of each, and its text."""
    first, gathered = 0, list[str]()
    for number, line in enumerate([*lines, ""]):
        outside = number in unfenced
        if gathered and (
            not outside or not line.strip() or _BEGINS.match(line) or gathered[0].startswith("#")
        ):
            yield first, "\n".join(gathered)
            gathered = []
        if outside and line.strip():
            first = first if gathered else number
            gathered.append(line)


def _parts(paragraph: str) -> Iterator[tuple[int, str]]:
    """The sentences of a paragraph, and where in it each begins."""
    kept = _CODE.sub(lambda match: "X" * len(match[0]), paragraph)
    kept = _COMMENT.sub(lambda match: "," * len(match[0]), kept)
    ends = re.compile(r"\|") if paragraph.lstrip().startswith("|") else _ENDS
    start = 0
    for match in (*ends.finditer(kept), None):
        stop = match.start() if match else len(paragraph)
        if match and paragraph[:stop].strip().rstrip(".").isdigit():
            continue  # an item's number
        if paragraph[start:stop].strip(" |\n"):
            yield start, paragraph[start:stop]
        start = match.end() if match else stop


def _sentence(text: str, quotes: list[Quote], line: int, above: int, beside: list[Any]) -> Sentence:
    marks = tuple(match["on"] for match in MARK.finditer(text))
    bare = _LINK.sub(r"\1", _COMMENT.sub("", text))
    own = tuple(quotes[int(number)] for number in _TOKEN.findall(bare))
    words = _CODE.sub("", _TOKEN.sub(QUOTED, bare)).replace("*", "")
    return Sentence(" ".join(words.split()), own, marks, line, above, beside)
