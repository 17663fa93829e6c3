"""A hook of MkDocs (`hooks` in mkdocs.yml): pages that an edit leaves as they are keep their titles in the menu.

`serve` builds the page alone that was saved (`mkdocs serve --dirty`). MkDocs takes a page's title from its text, and
then has not read the others': the menu would call them "None".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_HEADING = re.compile(r"^# +(.+?)(?: *\{[^{}]*\})? *$", re.MULTILINE)

_dirty = False


def on_startup(*, dirty: bool = False, **_: Any) -> None:
    """Remember whether all pages are read."""
    global _dirty
    _dirty = dirty


def on_nav(nav: Any, **_: Any) -> Any:
    """Give each page of the menu without a title the one that its text begins with."""
    for page in nav.pages if _dirty else ():
        if page.title is None:
            page.title = title_of(Path(page.file.abs_src_path).read_text(encoding="utf-8"))
    return nav


def title_of(text: str) -> str | None:
    """The first heading of a page, without its marks.

    >>> title_of("# The `Adam` optimizer {: #adam }")
    'The Adam optimizer'
    """
    found = _HEADING.search(text)
    return found[1].replace("`", "") if found else None
