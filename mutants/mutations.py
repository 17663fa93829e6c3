"""The faults that can be put into a source: an operator, a constant, a condition, a call that is left out.

DeMillo, Lipton, Sayward, "Hints on test data selection", Computer 11(4), 1978: tests that notice small faults notice
most large ones.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.Pow: ("**", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}


@dataclass(frozen=True)
class Mutation:
    """One fault: the bytes from `start` to `end` of a source become `after`.

    Attributes:
        line: Where it is, from 1.
        start: The first byte that changes.
        end: The byte behind the last that changes.
        before: What stands there.
        after: What comes in its place.
    """

    line: int
    start: int
    end: int
    before: str
    after: str

    def applied(self, source: str) -> str:
        """The source with the fault."""
        encoded = source.encode()
        return (encoded[: self.start] + self.after.encode() + encoded[self.end :]).decode()

    def __str__(self) -> str:
        return f"{self.line}: {' '.join(self.before.split())} → {self.after}"


def mutations(source: str) -> list[Mutation]:
    r"""Every fault that can be put into a source, in its order; what only readers and type checkers see is left out.

    >>> [str(one) for one in mutations("def f(n: int) -> int:\n    return n + 1 if n > 0 else 0\n")]
    ['2: + → -', '2: 1 → 2', '2: n > 0 → not (n > 0)', '2: > → >=', '2: 0 → 1', '2: 0 → 1']
    """
    return sorted(set(_Finder(source).of(ast.parse(source))), key=lambda one: (one.start, -one.end))


class _Finder:
    def __init__(self, source: str) -> None:
        self._encoded = source.encode()
        lines = self._encoded.splitlines(keepends=True)
        self._begins = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]

    def of(self, node: ast.AST) -> Iterator[Mutation]:
        """Those of a piece of code and of what it is made of."""
        if isinstance(node, ast.BinOp):
            yield from self._operator(node.left, node.op, node.right)
        elif isinstance(node, ast.AugAssign):
            yield from self._operator(node.target, node.op, node.value)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from self._operator(left, node.op, right)
        elif isinstance(node, ast.Compare):
            for left, operator, right in zip(
                [node.left, *node.comparators], node.ops, node.comparators, strict=False
            ):
                yield from self._operator(left, operator, right)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield self._replaced(node, self._text(node.operand))
        elif isinstance(node, ast.Constant):
            yield from self._constant(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield self._replaced(node, "pass")
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)) and not _is_turned_elsewhere(node.test):
            yield self._replaced(node.test, f"not ({self._text(node.test)})")
        for child in _that_run(node):
            yield from self.of(child)

    def _constant(self, node: ast.Constant) -> Iterator[Mutation]:
        if isinstance(node.value, bool):
            yield self._replaced(node, str(not node.value))
        elif isinstance(node.value, int):
            yield self._replaced(node, str(node.value + 1))
        elif isinstance(node.value, float):
            yield self._replaced(node, repr(2 * node.value) if node.value else "1.0")

    def _operator(self, left: ast.expr, operator: ast.AST, right: ast.expr) -> Iterator[Mutation]:
        """The operator between two operands, which the tree does not place itself."""
        if type(operator) not in _OPERATORS:
            return
        before, after = _OPERATORS[type(operator)]
        start = self._encoded.find(before.encode(), self._span(left)[1], self._span(right)[0])
        if start >= 0:
            yield self._made(start, start + len(before), after)

    def _replaced(self, node: ast.expr | ast.stmt, after: str) -> Mutation:
        return self._made(*self._span(node), after)

    def _made(self, start: int, end: int, after: str) -> Mutation:
        line = self._encoded.count(b"\n", 0, start) + 1
        return Mutation(line, start, end, self._encoded[start:end].decode(), after)

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._encoded[start:end].decode()

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Its first byte, and the one behind its last."""
        assert node.end_lineno is not None  # parsed, not made
        assert node.end_col_offset is not None
        return self._begins[node.lineno - 1] + node.col_offset, self._begins[
            node.end_lineno - 1
        ] + node.end_col_offset


def _is_turned_elsewhere(test: ast.AST) -> bool:
    """Whether another fault in a condition makes its opposite already."""
    if isinstance(test, ast.Compare):
        return len(test.ops) == 1 and not isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _that_run(node: ast.AST) -> Iterator[ast.AST]:
    """The pieces of a node, without annotations, messages of errors, and what is for type checkers alone."""
    if isinstance(node, ast.Raise):
        return
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "type_params"):
            yield from (
                piece
                for piece in (value if isinstance(value, list) else [value])
                if isinstance(piece, ast.AST)
            )
