"""A Python-Markdown extension: a page that embeds a program shows its figure above it and its results below.

    ```python
    --8<-- "snippets/gradients/initialization/torch_default.py"
    ```

A study (`--8<-- "studies/optimizers.py"`) is shown in the same way.

Prose quotes recorded numbers by `{{ torch_default.ratio:.2f }}` (see `pages`). A line `{{ ledger }}` becomes a summary
of how often the claims of all programs held (see `ledger`), a line `{{ papers }}` the references of all pages (see
`papers`), a line `{{ exercises }}` all exercises by level (see `exercises`), a line `{{ kinds }}` how many programs give
the same digits on which processors (see `kinds_shown`), a line `{{ table path/to/record.json }}` and
`{{ table name.value }}` a table (see `tables`). Comments that say what a sentence rests on (see `overstated`) are left
out.

Options:
    root: The directory of pyproject.toml.
    repo_url: Where the repository is published; source and Colab links appear where it is set.
    stale: What to do about a record that is missing or older than its program: "fail", or "mark" it on the page.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from verified_docs.base import config as configuration
from verified_docs.base.errors import DocsError
from verified_docs.ledger import shown as ledger
from verified_docs.pages import exercises, papers, tables
from verified_docs.pages.page import EXERCISES, KINDS, LEDGER, PAPERS, TABLE, Embedded, Page, Quote
from verified_docs.pages.sentences import MARK
from verified_docs.programs.snippet import Snippet
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record
from verified_docs.records.measurement import Measurement
from verified_docs.site import kinds_shown, study_table, values_table

# Python-Markdown destroys stashed HTML before it has normalized whitespace (priority 30), and pymdownx.snippets (32)
# must not have replaced the includes yet: so a plain line marks each place early, and becomes HTML later.
_EARLY, _LATE = 33, 27
_BEFORE_LINKS = 6  # MkDocs notes what links may lead to at 5
_LONG = 40  # lines of output; more are folded away
_MARK = "verified-docs-{part}-of-{place}-end"


class ShowExtension(Extension):
    """Connects the two steps below to one Markdown instance."""

    def __init__(self, **options: Any) -> None:
        self.config = {
            "root": [".", "the directory of pyproject.toml"],
            "repo_url": ["", "where the repository is published"],
            "stale": ["fail", "'fail', or 'mark' stale records on the page"],
        }
        super().__init__(**options)
        if self.getConfig("stale") not in ("fail", "mark"):
            raise DocsError(
                f"verified_docs.site.show: stale is {self.getConfig('stale')!r}; it is 'fail' or 'mark'"
            )

    def extendMarkdown(self, md: Markdown) -> None:
        config = configuration.find(Path(os.fspath(self.getConfig("root"))).resolve())
        shown = _Shown(
            md, config, self.getConfig("repo_url") or "", mark_stale=self.getConfig("stale") == "mark"
        )
        md.preprocessors.register(_Mark(md, shown), "verified_docs_mark", _EARLY)
        md.preprocessors.register(_Fill(md, shown), "verified_docs_fill", _LATE)
        md.treeprocessors.register(_Name(md, shown), "verified_docs_name", _BEFORE_LINKS)


class _Shown:
    """The HTML that stands for each mark of the page at hand."""

    def __init__(
        self, md: Markdown, config: configuration.Config, repo_url: str, *, mark_stale: bool
    ) -> None:
        self._md = md
        self.config = config
        self.repo_url = repo_url.rstrip("/")
        self.mark_stale = mark_stale
        self.parts: dict[str, Callable[[], str]] = {}
        self.anchors: list[str] = []

    @property
    def page(self) -> tuple[str, str]:
        """What messages call the page, and the way from its URL to the site's root."""
        if "relpath" in self._md.treeprocessors:  # MkDocs tells its page here
            file = getattr(self._md.treeprocessors["relpath"], "file")  # noqa: B009  (typed as any treeprocessor)
            # With directory URLs, gradients/momentum.md is at gradients/momentum/, as if it were index.html there.
            return f"docs/{file.src_uri}", "../" * file.dest_uri.count("/")
        return "page", ""

    def figure(self, snippet: Snippet) -> str:
        """The figure's HTML; links may lead to it from any page."""
        shown = figure_html(snippet, self.record(snippet)[0])
        if shown and "mkdocs_extract_anchors" in self._md.treeprocessors:
            # MkDocs looks for a link's target among headings and tags, and would not see stashed HTML.
            anchors = self._md.treeprocessors["mkdocs_extract_anchors"]
            getattr(anchors, "present_anchor_ids").add(_anchor(snippet))  # noqa: B009  (as above)
        return shown

    def record(self, snippet: Snippet) -> tuple[record.Record, str]:
        """The record to show, and what is wrong with it (empty: nothing)."""
        try:
            return record.fresh(snippet), ""
        except DocsError as error:
            if not self.mark_stale:
                raise
            try:
                held = record.load(snippet)
            except DocsError:
                held = None
            return held or record.Record(source="", text=""), str(error)


class _Mark(Preprocessor):
    """Leaves a line above and below each fence that embeds a program, and fills in the quoted numbers."""

    def __init__(self, md: Markdown, shown: _Shown) -> None:
        super().__init__(md)
        self._shown = shown

    def run(self, lines: list[str]) -> list[str]:
        shown = self._shown
        place, to_root = shown.page
        page = Page("\n".join(lines), place, shown.config)
        lines = MARK.sub("", page.with_quotes(lambda quote: self._quoted(quote))).split("\n")
        shown.parts.clear()
        shown.anchors = [one.anchor for one in exercises.of(page)]
        for one in reversed(page.embedded()):
            above, below = self._marks(one, to_root)
            lines[one.last + 1 : one.last + 1] = ["", one.indent + below, ""]
            lines[one.first : one.first] = ["", one.indent + above, ""]
        summary = _MARK.format(part="summary", place="ledger")
        shown.parts[summary] = lambda: ledger.summary_html(shown.config, to_root)
        kinds = _MARK.format(part="kinds", place="table")
        shown.parts[kinds] = lambda: kinds_shown.table_html(shown.config)
        unfenced = Page("\n".join(lines), place, shown.config).unfenced()
        for number in reversed(unfenced):
            if lines[number].strip() == LEDGER:
                lines[number] = lines[number].replace(LEDGER, summary)
            elif lines[number].strip() == KINDS:
                lines[number] = lines[number].replace(KINDS, kinds)
            elif lines[number].strip() == PAPERS:  # Markdown still, so that its links are checked
                lines[number : number + 1] = papers.listed(page).split("\n")
            elif lines[number].strip() == EXERCISES:
                lines[number : number + 1] = exercises.listed(page).split("\n")
            elif match := TABLE.fullmatch(lines[number].strip()):
                lines[number : number + 1] = self._table(page, match["of"], number + 1).split("\n")
        return lines

    def _table(self, page: Page, of: str, line: int) -> str:
        try:
            return tables.shown(page, of, line)
        except DocsError as error:
            if not self._shown.mark_stale:
                raise
            return f"(not recorded: {_plain(str(error))})"

    def _quoted(self, quote: Quote) -> str:
        if isinstance(quote.source, Measurement):
            return _plain(quote.rendered(quote.record()))
        held, wrong = self._shown.record(quote.source)
        try:
            return _plain(quote.rendered(held))
        except DocsError:
            if wrong:
                return "(not recorded)"
            raise

    def _marks(self, one: Embedded, to_root: str) -> tuple[str, str]:
        snippet = one.snippet
        above = _MARK.format(part="figure", place=snippet.place)
        below = _MARK.format(part="results", place=snippet.place)
        # What a program says and prints would be half of the search index; its question and caption are found.
        self._shown.parts[above] = lambda: (
            self._shown.figure(snippet) + '<div class="vd-program" data-search-exclude>'
        )
        self._shown.parts[below] = lambda: (
            "</div>"
            + results_html(
                snippet, *self._shown.record(snippet), to_root=to_root, repo_url=self._shown.repo_url
            )
        )
        return above, below


class _Fill(Preprocessor):
    """Puts the HTML where the marks are."""

    def __init__(self, md: Markdown, shown: _Shown) -> None:
        super().__init__(md)
        self._shown = shown

    def run(self, lines: list[str]) -> list[str]:
        for number, line in enumerate(lines):
            part = self._shown.parts.get(line.strip())
            if part is not None:
                indent = line[: len(line) - len(line.lstrip())]
                lines[number] = indent + self.md.htmlStash.store(part())
        return lines


class _Name(Treeprocessor):
    """Lets links lead to an exercise: to its title, for the theme's copy buttons take the name of what encloses them."""

    def __init__(self, md: Markdown, shown: _Shown) -> None:
        super().__init__(md)
        self._shown = shown

    def run(self, root: Element) -> None:
        blocks = (one for one in root.iter("div") if "exercise" in one.get("class", "").split())
        for block, anchor in zip(blocks, self._shown.anchors, strict=False):
            if anchor:
                block[0].set("id", anchor)


def figure_html(snippet: Snippet, held: record.Record) -> str:
    """The recorded figure with its caption; empty where there is none."""
    if held.figure is None:
        return ""
    return (
        f'<figure class="vd-figure" id="{_anchor(snippet)}">'
        f'<div class="vd-drawing" data-search-exclude>{held.figure.strip()}</div>'
        f"<figcaption><strong>{_inline(snippet.question)}</strong> {_inline(snippet.caption)}</figcaption></figure>"
    )


def results_html(snippet: Snippet, held: record.Record, wrong: str, *, to_root: str, repo_url: str) -> str:
    """What the program printed, what it claims, and where to get it."""
    parts = [f'<div class="vd-results" data-program="{html.escape(snippet.place)}">']
    if wrong:
        parts.append(f'<p class="vd-stale"><strong>Not verified.</strong> {html.escape(wrong)}</p>')
    tables = study_table.tables_html(held.values) if isinstance(snippet, StudyFile) else ""
    if held.text:
        parts.append(tables + (values_table.values_html(held.values) if tables else ""))
        parts.append(_output_html(held.text.rstrip(), "All of it as text" if tables else "Output"))
        parts.append(kinds_shown.elsewhere_html(snippet, held))
    if snippet.claims:
        count = f"{len(snippet.claims)} claim{'s' * (len(snippet.claims) > 1)}"
        if isinstance(snippet, StudyFile):
            told, claims = f"{count}, checked when it was recorded", _claims(snippet)
        else:
            told = f"{count}, checked each time it runs; {ledger.weakest(snippet)}"
            claims = ledger.claims_html(snippet)
        parts.append(
            f'<details class="vd-output vd-claims" data-search-exclude><summary class="vd-label">{told}</summary>'
            f"{claims}</details>"
        )
    foot = _study_foot if isinstance(snippet, StudyFile) else _foot
    parts.append(f'<p class="vd-foot" data-search-exclude>{foot(snippet, held, to_root, repo_url)}</p></div>')
    return "".join(parts)


def _claims(study: Snippet) -> str:
    items = "".join(f"<li><code>{html.escape(claim)}</code></li>" for claim in study.claims)
    return f"<ul>{items}</ul>"


def _output_html(text: str, label: str) -> str:
    code, lines = f"<pre><code>{html.escape(text)}</code></pre>", text.count("\n") + 1
    if lines <= _LONG and label == "Output":
        return f'<div class="vd-output" data-search-exclude><p class="vd-label">{label}</p>{code}</div>'
    return (
        '<details class="vd-output" data-search-exclude>'
        f'<summary class="vd-label">{label}, {lines} lines</summary>{code}</details>'
    )


def _study_foot(study: Snippet, held: record.Record, to_root: str, repo_url: str) -> str:
    """What the results are worth, and how to get them again."""
    values = held.values
    parts = []
    if values:  # marked as not recorded, there are none
        versions = ", ".join(f"{name} {version}" for name, version in values["versions"].items())
        tuning = f" (and {values['tuning_seeds']} to choose settings on)" if values["tuning_seeds"] else ""
        told = [
            f"{values['seeds']} seeds{tuning}",
            f"{values['runs']} runs, {_duration(60 * values['minutes'])} on one core",
            f"{values['day']}, {values['processor']}, {versions}",
        ]
        parts += [html.escape(one) for one in told]
    parts.append(f"Again: <code>{html.escape(study.how_to_accept)}</code>")
    parts.append(f'<a href="{to_root}downloads/{study.name}.py" download>{study.path.name}</a>')
    if repo_url:
        parts.append(f'<a href="{html.escape(repo_url)}/blob/main/{study.place}">Source</a>')
    return " · ".join(parts)


def _foot(snippet: Snippet, held: record.Record, to_root: str, repo_url: str) -> str:
    files = f"{to_root}downloads/{snippet.name}"
    name = snippet.path.stem
    links = [
        f"Ran in {_duration(held.seconds)}",
        f'<a href="{files}.py" download>{name}.py</a>',
        f'<a href="{files}.ipynb" download>{name}.ipynb</a>',
        f'<a href="{to_root}notebooks/{snippet.name}/">View as notebook</a>',
    ]
    if repo_url:
        repository = html.escape(repo_url)
        links.append(f'<a href="{repository}/blob/main/{snippet.place}">Source</a>')
        if repo_url.startswith("https://github.com/"):
            path = html.escape(repo_url.removeprefix("https://github.com/"))
            links.append(
                f'<a href="https://colab.research.google.com/github/{path}/blob/gh-pages/downloads/{snippet.name}.ipynb">'
                "Open in Colab</a>"
            )
    return " · ".join(links)


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


def _anchor(snippet: Snippet) -> str:
    return f"figure-{snippet.path.stem.replace('_', '-')}"


def _plain(text: str) -> str:
    """A recorded text as it is, whatever Markdown and HTML would make of it."""
    return re.sub(r"[&<>*_`\[\]\\$|#~^=]", lambda match: f"&#{ord(match[0])};", text)


def _inline(text: str) -> str:
    """A docstring's text with its `code` spans."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def makeExtension(**options: Any) -> ShowExtension:
    return ShowExtension(**options)
