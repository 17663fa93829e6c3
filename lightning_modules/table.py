"""Tables: what reports look like when they are printed, and in a notebook."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """Cells in rows, the head first.

    Attributes:
        rows: All of the same length.
        left: The numbers of the columns that are set to the left: words, not numbers.
    """

    rows: Sequence[Sequence[str]]
    left: Collection[int]

    def html(self) -> str:
        """The table for a notebook.

        >>> print(Table([("layer", "std"), ("head", "0.5")], left=[0]).html())
        <table>
        <tr><th style="text-align: left">layer</th><th style="text-align: right">std</th></tr>
        <tr><td style="text-align: left">head</td><td style="text-align: right">0.5</td></tr>
        </table>
        """
        lines = "\n".join(
            "<tr>" + "".join(self._cell("td" if place else "th", *cell) for cell in enumerate(row)) + "</tr>"
            for place, row in enumerate(self.rows)
        )
        return f"<table>\n{lines}\n</table>"

    def _cell(self, tag: str, number: int, text: str) -> str:
        side = "left" if number in self.left else "right"
        return f'<{tag} style="text-align: {side}">{escape(text)}</{tag}>'


class Report(ABC):
    """What is a line in a traceback or a list, a table when printed, and one in a notebook too."""

    @abstractmethod
    def table(self) -> Table:
        """All of it."""

    @abstractmethod
    def summary(self) -> str:
        """All of it in a few words."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.summary()})"

    def __str__(self) -> str:
        table = self.table()
        return aligned(table.rows, table.left)

    def _repr_html_(self) -> str:
        return f"{self.table().html()}\n<p>{escape(self.summary())}</p>"


def aligned(rows: Sequence[Sequence[str]], left: Collection[int]) -> str:
    """Cells in columns two spaces apart, words to the left, numbers to the right; no line ends with spaces.

    >>> print(aligned([("layer", "std"), ("head", "0.5"), ("a", "10.25")], left=[0]))
    layer    std
    head     0.5
    a      10.25

    Args:
        rows: All of the same length, the head first.
        left: The numbers of the columns that are set to the left.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number in left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
