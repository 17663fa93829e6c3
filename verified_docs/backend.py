"""The matplotlib backend that snippets run under: `plt.show()` keeps the figure instead of opening a window."""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

shown: list[Any] = []  # figures, in the order shown; kept where the program closes them afterwards


class FigureManager(FigureManagerBase):
    """A manager without a window."""

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """Remember which figures were open when the program called `plt.show()`."""
        import matplotlib.pyplot as plt

        open_now = [plt.figure(number) for number in plt.get_fignums()]
        shown.extend(figure for figure in open_now if figure not in shown)


class FigureCanvas(FigureCanvasAgg):
    """Draws nothing on a screen."""

    manager_class = FigureManager
