"""The part of a study's file that its runs depend on: finished runs stay good while it is unchanged.

It is the function that runs and, one after the other, every top-level statement that defines a name which those already
found use. Comments, docstrings, layout, the grid and what draws the figure are no part of it, unless the function uses
them. The digest is of the syntax tree, so that it is the same under every version of Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from verified_docs import files


def digest(source: str, function: str) -> str:
    """The digest of what the top-level `function` of `source` computes with."""
    statements = ast.parse(source).body
    used, included = {function}, set[int]()
    while True:
        found = {
            number
            for number, statement in enumerate(statements)
            if number not in included and _matters(statement, used)
        }
        if not found:
            break
        included |= found
        used |= {
            node.id for number in found for node in ast.walk(statements[number]) if isinstance(node, ast.Name)
        }
    return files.digest(repr([_shape(statements[number]) for number in sorted(included)]))


def _matters(statement: ast.stmt, used: set[str]) -> bool:
    if isinstance(statement, ast.Expr):  # a call that sets something, unless it is a text
        return not isinstance(statement.value, ast.Constant)
    return not used.isdisjoint(_defined(statement))


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    else:  # an assignment, or a block that assigns; what it defines within a function is found too: no harm
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                yield node.id
            elif isinstance(node, ast.stmt) and node is not statement:
                yield from _defined(node)
            elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
                # `settings["x"] = 1` and `torch.x = 1` change what the name stands for
                root: ast.AST = node
                while isinstance(root, ast.Attribute | ast.Subscript):
                    root = root.value
                if isinstance(root, ast.Name):
                    yield root.id


def _shape(node: Any) -> Any:
    if isinstance(node, list):
        return [_shape(one) for one in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = []
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            value = _without_docstring(value)
        if value is not None and value != []:  # versions of Python differ in what they leave out
            fields.append((name, _shape(value)))
    return type(node).__name__, fields


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_text = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body
