"""A Python-Markdown extension: a doctest in running text, as docstrings have them, becomes a code block.

Markdown alone reads `>>> ` as three nested quotations.
"""

from __future__ import annotations

import re
from typing import Any

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

_PROMPT = re.compile(r"(\s*)>>> ")
_FENCE = re.compile(r"\s*(```|~~~)")


class _FenceDoctests(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        found: list[str] = []
        indent: str | None = None  # of the doctest that is being read
        fenced = False
        for line in lines:
            prompt = _PROMPT.match(line)
            if indent is not None and not line.strip():
                found.append(f"{indent}```")
                indent = None
            elif indent is None and prompt and not fenced:
                indent = prompt[1]
                found += ["", f"{indent}```pycon"]
            elif indent is None and _FENCE.match(line):
                fenced = not fenced
            found.append(line)
        return [*found, f"{indent}```"] if indent is not None else found


class DoctestsExtension(Extension):
    """Puts the step above in front of everything that reads fences."""

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.register(_FenceDoctests(md), "verified_docs_doctests", 35)


def makeExtension(**options: Any) -> DoctestsExtension:
    return DoctestsExtension(**options)
