"""Tables, from a record's value or from a JSON file of their own.

`{{ table name.value[key] }}` stands for a list of rows, of which the first is the heading. A cell is Markdown; its links
to pages are written as from the docs' folder.

`{{ table path/to/record.json }}` stands for a file with more to say. It is made by a program, usually a test, which also
compares it with what it finds:

    {"caption": "made on …",
     "columns": ["Piece", "alone", "together"],
     "rows": [{"name": "one", "page": "a/one.md", "cells": [[{"says": "works"}],
                                                            [{"says": "fails", "why": "It is full.", "of": "glass"}]]}]}

`columns` begins with the heading of the names; a row has a cell for each of the others. A name is code, and links to its
page, a path below the docs. A cell says one or more things; what has a reason (`why`) links to it below the table,
where each reason stands once, and `of` says which case of several is meant.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import TABLE, Page, Quote

_TO_PAGE = re.compile(r"\]\((?P<path>[\w/.-]+\.md)(?P<anchor>#[\w-]+)?\)")


def of_rows(page: Page, quote: Quote, rows: Any) -> str:
    """The Markdown of a table whose rows a record holds; raises DocsError where that is none."""
    is_table = isinstance(rows, list) and len(rows) > 1 and all(isinstance(row, list) and row for row in rows)
    if not is_table or not all(isinstance(cell, str) for row in rows for cell in row):
        raise DocsError(
            f"{quote.place}: {quote.value} is no table: a list of rows, each a list of texts, the heading first"
        )
    if wrong := [number for number, row in enumerate(rows) if len(row) != len(rows[0])]:
        raise DocsError(
            f"{quote.place}: row {wrong[0]} of {quote.value} has {len(rows[wrong[0]])} cells, its heading {len(rows[0])}"
        )

    def linked(match: re.Match[str]) -> str:
        return f"]({_from(page, match['path'])}{match['anchor'] or ''})"

    head, *others = ([_TO_PAGE.sub(linked, cell).replace("|", "&#124;") for cell in row] for row in rows)
    return "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, others)])


def listed(page: Page, path: str) -> str:
    """The Markdown that stands on `page` for the record at `path`; raises DocsError where that is no such record."""
    record = _load(page, path)
    reasons: dict[str, int] = {}
    try:
        columns = [_plain(column) for column in record["columns"]]
        lines = [_row(columns), _row(["---"] * len(columns))]
        for row in record["rows"]:
            to = _from(page, row["page"])
            cells = ["<br>".join(_said(one, reasons) for one in cell) for cell in row["cells"]]
            if len(cells) != len(columns) - 1:
                raise DocsError(
                    f"{path}: {row['name']} has {len(cells)} cells, for {len(columns) - 1} columns"
                )
            lines.append(_row([f'<span class="vd-name">[`{row["name"]}`]({to})</span>', *cells]))
        lines += ["", _plain(record["caption"]), ""]
        lines += [
            f'{number}. <span id="{_anchor(number)}"></span>{_plain(why)}' for why, number in reasons.items()
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise DocsError(f"{path}: is no record of a table ({type(error).__name__}: {error})") from None
    return "\n".join(lines)


def shown(page: Page, of: str, line: int) -> str:
    """The Markdown of the table that `{{ table of }}` on a line of the page stands for."""
    if of.endswith(".json"):
        return listed(page, of)
    quote = page.quoted(of, line)
    return of_rows(page, quote, quote.found(quote.record()))


def problems(page: Page) -> list[str]:
    """What is wrong with the tables that a page shows."""
    found = []
    for number in page.unfenced():
        match = TABLE.fullmatch(page.text.split("\n")[number].strip())
        if match:
            try:
                shown(page, match["of"], number + 1)
            except DocsError as error:
                found.append(str(error))
    return found


def _load(page: Page, path: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((page.config.root / path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DocsError(f"{page.place}: shows a table of {path}, which does not exist") from None
    except ValueError as error:
        raise DocsError(f"{path}: is no JSON ({error})") from None
    return record


def _said(one: dict[str, str], reasons: dict[str, int]) -> str:
    said = _plain(one["says"])
    if one.get("why"):
        number = reasons.setdefault(one["why"], len(reasons) + 1)
        said = f"[{said}&nbsp;{number}](#{_anchor(number)})"
    return f"{said} ({_plain(one['of'])})" if one.get("of") else said


def _from(page: Page, path: str) -> str:
    """A path below the docs, as a link of the page has it."""
    return os.path.relpath(f"docs/{path}", os.path.dirname(page.place)).replace(os.sep, "/")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _anchor(number: int) -> str:
    return f"reason-{number}"


def _plain(text: str) -> str:
    """Text as it is, whatever Markdown and HTML would make of it."""
    return re.sub(r"[&<>*_`\[\]\\$|#~^={}]", lambda match: f"&#{ord(match[0])};", " ".join(text.split()))
