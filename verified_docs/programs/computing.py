"""The part of a study's file that its runs depend on: finished runs stay good while it is unchanged.

It is the function that runs and, one after the other, every top-level statement that defines a name of the module which
those already found use; a variable of a function or of a comprehension is another one, even if it has the same name.
Comments, docstrings, layout, the grid and what draws the figure are no part of it, unless the function uses them. The
digest is of the syntax tree, so that it is the same under every version of Python.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from typing import Any

from verified_docs.base import files


def digest(source: str, function: str) -> str:
    """The digest of what the top-level `function` of `source` computes with."""
    statements = ast.parse(source).body
    names = [_names(statement) for statement in statements]
    used, included = {function}, set[int]()
    while True:
        found = {
            number
            for number, (statement, (defined, _)) in enumerate(zip(statements, names, strict=True))
            if number not in included and _matters(statement, used, defined)
        }
        if not found:
            break
        included |= found
        used |= set[str]().union(*(names[number][1] for number in found))
    return files.digest(repr([_shape(statements[number]) for number in sorted(included)]))


def _matters(statement: ast.stmt, used: set[str], defined: set[str]) -> bool:
    if isinstance(statement, ast.Expr):  # a call that sets something, unless it is a text
        return not isinstance(statement.value, ast.Constant)
    return not used.isdisjoint(defined)


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The module's names that a top-level statement defines or changes, and those that it uses."""
    top = symtable.symtable(ast.unparse(statement), "a study", "exec")
    defined = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    used = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    for table in _within(top):
        used |= {one.get_name() for one in table.get_symbols() if one.is_global()}
        defined |= {one.get_name() for one in table.get_symbols() if one.is_declared_global()}
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        defined |= set(_changed(statement)) & used
    return defined, used


def _within(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _within(child)


def _changed(statement: ast.stmt) -> Iterator[str]:
    """`settings["x"] = 1` and `torch.x = 1` change what the name stands for."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
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
