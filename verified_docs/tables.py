"""A table from a JSON record, which stands where a page says `{{ table path/to/record.json }}`.

The record is made by a program, usually a test, which also compares it with what it finds:

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

from verified_docs.errors import DocsError
from verified_docs.pages import TABLE, Page


def listed(page: Page, path: str) -> str:
    """The Markdown that stands on `page` for the record at `path`; raises DocsError where that is no such record."""
    record = _load(page, path)
    reasons: dict[str, int] = {}
    try:
        columns = [_plain(column) for column in record["columns"]]
        lines = [_row(columns), _row(["---"] * len(columns))]
        for row in record["rows"]:
            to = os.path.relpath(f"docs/{row['page']}", os.path.dirname(page.place)).replace(os.sep, "/")
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


def problems(page: Page) -> list[str]:
    """What is wrong with the tables that a page shows."""
    found = []
    for number in page.unfenced():
        match = TABLE.fullmatch(page.text.split("\n")[number].strip())
        if match:
            try:
                listed(page, match["path"])
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


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _anchor(number: int) -> str:
    return f"reason-{number}"


def _plain(text: str) -> str:
    """Text as it is, whatever Markdown and HTML would make of it."""
    return re.sub(r"[&<>*_`\[\]\\$|#~^={}]", lambda match: f"&#{ord(match[0])};", " ".join(text.split()))
