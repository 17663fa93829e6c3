"""What a Markdown page says to the engine: which programs it embeds, which recorded numbers its prose quotes.

A program is embedded by pymdownx.snippets' `--8<-- "snippets/<name>.py"` inside a fence, a study by
`--8<-- "studies/<name>.py"`. A number is quoted by `{{ name.value }}` or `{{ name.value[key]:.1%}}`: `name` is the last
part of the name of a program on the same page, a whole name (`gradients/initialization/torch_default`), a measurement's
(`benchmarks/activations`) or a study's (`studies/optimizers`). A difference of percentages is one of points:
`{{ name.value:+.1 points}}` shows 0.048 as "+4.8 points", and `:+.1p` as "+4.8", as in an interval.

On a line of its own `{{ ledger }}` stands for the summary of the ledger of claims, `{{ papers }}` for the references of
all pages, `{{ exercises }}` for their exercises, `{{ kinds }}` for how many programs give the same digits on which
processors, and `{{ table path/to/record.json }}` or `{{ table name.value }}` for a table. Fences and `code` are left as
they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verified_docs.base import files
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.programs.snippet import Snippet, is_snippet
from verified_docs.programs.study_file import PREFIX as STUDIES
from verified_docs.programs.study_file import StudyFile, is_study
from verified_docs.records.measurement import Measurement, is_measurement
from verified_docs.records.record import Record, fresh

HEADING = re.compile(r"#{1,6} +(?P<title>.+?)(?: *\{[^{}]*\})? *")
_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}(?=[^`]*$)|~{3,})")
_EMBED = re.compile(r"""^\s*-+8<-+\s+(["'])(?P<path>[^"':]+\.py)(?P<part>:[^"']*)?\1\s*$""")
_FOLD = re.compile(r"\s*\?\?\?\+? program\b")
_CODE = re.compile(r"(`+).+?\1")
_BRACES = re.compile(r"\{\{(.*?)\}\}")
_QUOTE = re.compile(
    r"\s*(?P<name>[\w/]+)\.(?P<value>\w+)(?P<keys>(?:\[[^\]]+\])*)\s*(?::(?P<format>.+?))?\s*"
)

_ODD_NAME = re.compile(r"(?P<name>[\w/]*(?P<odd>[^\w/.:\[\]{}]).*?)\.\w+(?:\[[^\]]+\])*\s*(?::.*)?")

LEDGER = "{{ ledger }}"
PAPERS = "{{ papers }}"
EXERCISES = "{{ exercises }}"
KINDS = "{{ kinds }}"
LISTS = (LEDGER, PAPERS, EXERCISES, KINDS)
TABLE = re.compile(r"\{\{ table (?P<of>[\w./-]+\.json|[\w/]+\.\w+(?:\[[^\]]+\])*) \}\}")


@dataclass(frozen=True)
class Embedded:
    """A program in a fence: lines `first` to `last` (from 0) of the page, and their indentation.

    Where the fence is folded away by `??? program "Title"`, the fold is meant, so that figure and results stay in sight.
    """

    snippet: Snippet
    first: int
    last: int
    indent: str


@dataclass(frozen=True)
class Quote:
    """One `{{ … }}` of the prose."""

    source: Snippet | Measurement
    value: str
    keys: tuple[str, ...]
    format: str | None
    place: str

    def record(self) -> Record:
        """Where the number stands; raises DocsError where it is missing or stale."""
        return self.source.record() if isinstance(self.source, Measurement) else fresh(self.source)

    def found(self, record: Record) -> Any:
        """What is quoted."""
        found: Any = record.values
        for key in (self.value, *self.keys):
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, ValueError, TypeError):
                has = _content(found)
                raise DocsError(
                    f"{self.place}: {self.source.name} has recorded no {key!r}; it has {has}"
                ) from None
        return found

    def rendered(self, record: Record) -> str:
        """The quoted number as the prose shows it."""
        found = self.found(record)
        if isinstance(found, list | dict):
            raise DocsError(
                f"{self.place}: {self.value} is a {type(found).__name__}: "
                f"say which entry, as in {{{{ {self.value}[0] }}}}"
            )
        if isinstance(found, bool) or (isinstance(found, float) and not math.isfinite(found)):
            name = "".join([self.value, *(f"[{key}]" for key in self.keys)])
            raise DocsError(
                f"{self.place}: {name} is {found!r}, which is no number to quote: quote another value, or let "
                f"{self.source.name} end with a number or a text that says it"
            )
        if isinstance(found, float) and self.format is None:
            raise DocsError(
                f"{self.place}: {self.value} is {found!r}: say how to show it, as in {{{{ {self.value}:.2f}}}}"
            )
        try:
            return " ".join(_formatted(found, self.format or "").split())
        except (ValueError, TypeError) as error:
            raise DocsError(
                f"{self.place}: {found!r} cannot be shown as {self.format!r} ({error})"
            ) from error


def _formatted(found: Any, how: str) -> str:
    """As Python formats it; a share or a difference of shares in points: `:+.1 points`, without the word `:+.1p`."""
    points = re.fullmatch(r"(?P<digits>[+ ]?\.\d+) ?(?P<word>points|p)", how)
    if not points:
        return format(found, how)
    word = " points" if points["word"] == "points" else ""
    return f"{format(100 * found, points['digits'] + 'f')}{word}"


def _content(found: Any) -> str:
    """What can be asked of a value, in words."""
    if isinstance(found, dict):
        return ", ".join(found)
    if isinstance(found, list):
        return f"a list of {len(found)}, from [0] to [{len(found) - 1}]"
    return type(found).__name__


@dataclass(frozen=True)
class Page:
    """The text of one page; `place` is how messages call it."""

    text: str
    place: str
    config: Config

    @classmethod
    def read(cls, path: Path, config: Config) -> Page:
        place = path.relative_to(config.root).as_posix()
        try:
            return cls(path.read_text(encoding="utf-8"), place, config)
        except UnicodeDecodeError as error:
            raise DocsError(f"{place}: is not UTF-8 ({error})") from error
        except OSError as error:
            raise DocsError(f"{place}: {files.why_unread(path, error)}") from error

    @property
    def title(self) -> str:
        """Its first heading; its place, where it has none."""
        lines = self.text.split("\n")
        headings = (HEADING.fullmatch(lines[number]) for number in self.unfenced())
        return next((heading["title"] for heading in headings if heading), self.place)

    def embedded(self) -> list[Embedded]:
        """Every program that the page shows, in order; raises DocsError for one that does not exist."""
        found = []
        lines = self.text.split("\n")
        for first, last in self._fences(lines):
            for number in range(first + 1, last):
                match = _EMBED.match(lines[number])
                if match is None:
                    continue
                path, place = self.config.root / match["path"], f"{self.place}:{number + 1}"
                if not path.is_file():
                    raise DocsError(f"{place}: embeds {match['path']}, which does not exist")
                program = _program(path, self.config)
                if program is None:
                    continue  # some other file that pymdownx.snippets includes
                if match["part"]:
                    raise DocsError(f"{place}: embeds a part of {match['path']}; a program is shown whole")
                start = self._fold(lines, first)
                indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
                found.append(Embedded(program, start, last, indent))
        return found

    def quotes(self) -> list[Quote]:
        """Every number that the prose takes from a record."""
        found: list[Quote] = []

        def note(quote: Quote) -> str:
            found.append(quote)
            return ""

        self.with_quotes(note)
        return found

    def quoted(self, text: str, line: int) -> Quote:
        """What `{{ text }}` would quote on a line of this page."""
        return self._quote(text, f"{self.place}:{line}", [one.snippet for one in self.embedded()])

    def with_quotes(self, show: Callable[[Quote], str] | None = None) -> str:
        """The text with each `{{ … }}` replaced by what `show` makes of it; by default the recorded number."""
        render = show or (lambda quote: quote.rendered(quote.record()))
        lines = self.text.split("\n")
        here = [one.snippet for one in self.embedded()]
        for number in self.unfenced():
            alone = lines[number].strip()
            if "{{" in alone and alone not in LISTS and not TABLE.fullmatch(alone):
                lines[number] = self._filled(lines[number], f"{self.place}:{number + 1}", here, render)
        return "\n".join(lines)

    def unfenced(self) -> list[int]:
        """The lines outside of fences, from 0."""
        lines = self.text.split("\n")
        fenced = {number for first, last in self._fences(lines) for number in range(first, last + 1)}
        return [number for number in range(len(lines)) if number not in fenced]

    def _filled(self, line: str, place: str, here: list[Snippet], render: Callable[[Quote], str]) -> str:
        code: list[str] = []

        def keep(match: re.Match[str]) -> str:
            code.append(match[0])
            return f"\0{len(code) - 1}\0"

        bare = _CODE.sub(keep, line)
        if "{{" in _BRACES.sub("", bare):
            raise DocsError(f"{place}: {{{{ has no }}}} on its line (in TeX, write {{ {{ with a space)")
        bare = _BRACES.sub(lambda match: render(self._quote(match[1], place, here)), bare)
        return re.sub(r"\0(\d+)\0", lambda match: code[int(match[1])], bare)

    def _quote(self, text: str, place: str, here: list[Snippet]) -> Quote:
        match = _QUOTE.fullmatch(text)
        if match is None:
            odd = _ODD_NAME.fullmatch(text.strip())
            if odd:
                raise DocsError(
                    f"{place}: {{{{{text}}}}}: {odd['name']!r} cannot be quoted, since {odd['odd']!r} "
                    "is no part of a name: call the program's file and its folders by letters, digits and _ alone"
                )
            raise DocsError(f"{place}: {{{{{text}}}}} is not of the form {{{{ name.value[key]:format }}}}")
        name = match["name"]
        source: Snippet | Measurement
        if is_measurement(name):
            source = Measurement(name, self.config)
        elif "/" in name:
            folder = self.config.root if name.startswith(STUDIES) else self.config.snippets
            path = folder / f"{name}.py"
            program = _program(path, self.config) if path.is_file() else None
            if program is None:
                file = path.relative_to(self.config.root).as_posix()
                raise DocsError(f"{place}: {{{{{text}}}}} asks for {file}, which does not exist")
            source = program
        else:
            named = [one for one in here if one.path.stem == name]
            if len(named) != 1:
                shown = ", ".join(one.path.stem for one in here) or "no program"
                why = (
                    "more than one program of that name"
                    if named
                    else f"no program of that name; it shows {shown}"
                )
                raise DocsError(
                    f"{place}: {{{{{text}}}}}: this page shows {why}; by its whole name any can be quoted"
                )
            source = named[0]
        keys = tuple(re.findall(r"\[([^\]]+)\]", match["keys"]))
        return Quote(source, match["value"], keys, match["format"], place)

    @staticmethod
    def _fold(lines: list[str], fence: int) -> int:
        """The line that folds the fence away, or the fence's own."""
        above = fence - 1
        while above >= 0 and not lines[above].strip():
            above -= 1
        return above if above >= 0 and _FOLD.match(lines[above]) else fence

    @staticmethod
    def _fences(lines: list[str]) -> Iterator[tuple[int, int]]:
        """The first and last line of each fenced block."""
        opened: tuple[int, str] | None = None
        for number, line in enumerate(lines):
            match = _FENCE.match(line)
            if opened is None and match:
                opened = number, match["mark"]
            elif opened and match and match["mark"].startswith(opened[1]) and line.strip() == match["mark"]:
                yield opened[0], number
                opened = None
        if opened:
            yield opened[0], len(lines) - 1


def _program(path: Path, config: Config) -> Snippet | None:
    """The snippet or the study at `path`."""
    if is_study(path, config):
        return StudyFile(path, config)
    return Snippet(path, config) if is_snippet(path, config) else None


def every_page(config: Config) -> Iterator[Page]:
    """All pages of the docs, the generated ones aside."""
    for path in sorted(config.docs.rglob("*.md")):
        if path.relative_to(config.docs).parts[0] not in ("downloads", "notebooks"):
            yield Page.read(path, config)


def every_quote(config: Config) -> dict[str, list[Quote]]:
    """What the prose quotes, by the name of the snippet; a page that is wrong says so when the site is built."""
    found: dict[str, list[Quote]] = {}
    for page in every_page(config):
        try:
            quotes = page.quotes()
        except DocsError:
            continue
        for quote in quotes:
            found.setdefault(quote.source.name, []).append(quote)
    return found
