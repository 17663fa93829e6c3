"""Text tables: what reports look like when they are printed."""

from collections.abc import Collection, Sequence


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
