"""Each claim of a program by itself: an `assert` that fails is noted, and the program goes on.

`assert condition` is compiled as

    try:
        __claim__(number, condition)
    except Exception:
        __claim__.raised(number)

and `__claim__` writes a line to a file when a claim is first evaluated and when it first fails: what was found is there
even where the process is killed.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verified_docs.programs.snippet import asserts

_NAME = "__verified_docs_claim__"


@dataclass(frozen=True)
class Noted:
    """What was seen of one claim: whether it held each time that it was evaluated, and if not, with which values."""

    held: bool
    told: str = ""


def compiled(
    source: str, path: str, notes: Path, namespace: dict[str, Any], told: Callable[[ast.expr, Any], str]
) -> types.CodeType:
    """The program, changed so that its claims are noted in the file `notes` when it is run in `namespace`.

    `told` says which values the names of a condition have in a frame.
    """
    tree = ast.parse(source, filename=path)
    claims = asserts([tree])
    changed = _Change({id(node): number for number, node in enumerate(claims)}).visit(tree)
    namespace[_NAME] = _Notes(notes, [node.test for node in claims], told)
    return compile(ast.fix_missing_locations(changed), path, "exec", dont_inherit=True, optimize=0)


def read(notes: Path) -> dict[int, Noted]:
    """What was noted, by the number of the claim; one that was not evaluated is missing."""
    found: dict[int, Noted] = {}
    for line in notes.read_text(encoding="utf-8").splitlines() if notes.is_file() else ():
        with suppress(ValueError):  # the process was killed while it wrote
            number, held, told = json.loads(line)
            found[number] = Noted(held, told)
    return found


class _Change(ast.NodeTransformer):
    def __init__(self, numbers: dict[int, int]) -> None:
        self._numbers = numbers

    def visit_Assert(self, node: ast.Assert) -> ast.Try:
        number = ast.Constant(self._numbers[id(node)])
        claim = ast.Name(_NAME, ast.Load())
        noted = ast.Call(claim, [number, node.test], [])
        raised = ast.Call(ast.Attribute(claim, "raised", ast.Load()), [number], [])
        handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Expr(raised)])
        changed = ast.Try([ast.Expr(noted)], [handler], [], [])
        for inner in ast.walk(changed):
            if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
                ast.copy_location(inner, node)
        return changed


class _Notes:
    """What stands for `assert` in the program."""

    def __init__(self, path: Path, tests: list[ast.expr], told: Callable[[ast.expr, Any], str]) -> None:
        self._file = open(path, "a", encoding="utf-8", buffering=1)
        self._tests, self._told = tests, told
        self._process = os.getpid()
        self._seen: dict[int, bool] = {}

    def __call__(self, number: int, value: Any) -> None:
        held = bool(value)
        self._note(number, held, "" if held else self._told(self._tests[number], sys._getframe(1)))

    def raised(self, number: int) -> None:
        error = sys.exc_info()[1]
        self._note(number, False, f"{type(error).__name__}: {error}")

    def _note(self, number: int, held: bool, told: str) -> None:
        if os.getpid() == self._process and (number not in self._seen or self._seen[number] > held):
            self._seen[number] = held
            self._file.write(json.dumps([number, held, told]) + "\n")
