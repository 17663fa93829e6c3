"""Figures are compared by what they draw."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from verified_docs.running.drawn import describe, difference


def compared(draw, change, tolerance: float = 1e-3) -> str | None:
    """What is said of the figure that `draw` makes of 0, against the one it makes of `change`."""

    def described(value):
        figure = Figure()
        draw(figure, value)
        return json.loads(json.dumps(describe(figure), allow_nan=False))

    return difference(described(0), described(change), tolerance=tolerance)


def curve(figure, change):
    figure.subplots().plot(np.arange(1000), np.linspace(0, 1, 1000) + change)


def one_point(figure, change):
    figure.subplots().plot(range(5), [0, 1, 2 + change, 3, 4])


def vanishing(figure, change):
    figure.subplots().semilogy([1e-12 * (1 + change), 1e-6, 1])


def bars(figure, change):
    figure.subplots().bar(["a", "b"], [1, 3 - change])


def histogram(figure, change):
    figure.subplots().hist([0, 1, 1, 2 + change, 4], bins=4)


def scatter(figure, change):
    figure.subplots().scatter([0, 1, 2], [0, 1, 2 + change])


def single_scatter(figure, change):
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.scatter([0.5], [0.5 + change])


def coloured_scatter(figure, change):
    figure.subplots().scatter([0, 1], [0, 1], c=[0, 1 + change])


def band(figure, change):
    figure.subplots().fill_between([0, 1], [0, 0], [1, 2 + change])


def image(figure, change):
    figure.subplots().imshow([[0, 1], [2, 3 + change]])


def extent(figure, change):
    figure.subplots().imshow([[0, 1]], extent=(0, 1 + change, 0, 1))


def mesh(figure, change):
    figure.subplots().pcolormesh([[0, 1], [2, 3 + change]])


def contour(figure, change):
    x, y = np.meshgrid(np.linspace(-1, 1, 20), np.linspace(-1, 1, 20))
    figure.subplots().contour(x, y, x**2 + (1 + change) * y**2, levels=[0.25, 0.5])


def inset(figure, change):
    figure.subplots().inset_axes((0.5, 0.5, 0.4, 0.4)).plot([0, 1 + change])


def error_bars(figure, change):
    figure.subplots().errorbar([0, 1], [0, 1], yerr=[0.1, 0.2 + change])


def gap(figure, change):
    figure.subplots().plot([0, np.nan if change else 1, 2])


KINDS = [
    curve, one_point, vanishing, bars, histogram, scatter, single_scatter, coloured_scatter,
    band, image, extent, mesh, contour, inset, error_bars, gap,
]  # fmt: skip


@pytest.mark.parametrize("draw", KINDS)
def test_every_kind_of_artist_is_compared(draw):
    assert compared(draw, 0) is None
    assert compared(draw, 1 if draw in (bars, histogram) else 0.1) is not None


def test_a_long_curve_is_held_in_its_height_too():
    assert "0.01 instead of 0" in (compared(curve, 0.01) or "")
    assert compared(curve, 0.0005) is None


def test_a_logarithmic_axis_is_held_in_decades():
    reason = compared(vanishing, 9)
    assert reason
    assert reason.startswith("axes 1, line 1, y (log): -11 instead of -12")
    assert compared(vanishing, 0.001) is None


def test_the_declared_tolerance_is_a_fraction_of_the_axis():
    assert compared(one_point, 0.1, tolerance=0.05) is None
    assert compared(one_point, 0.3, tolerance=0.05) is not None


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (lambda figure, more: figure.subplots(1 + more), "2 axes instead of 1"),
        (
            lambda figure, more: figure.subplots().plot(range(3 + more)),
            "axes 1, line 1, x: shape (4,) instead of (3,)",
        ),
        (
            lambda figure, more: figure.suptitle(f"run {more}"),
            "beside the axes: the text 'run 0' became 'run 1'",
        ),
        (
            lambda figure, more: figure.subplots().set_title("ab"[more], loc="left"),
            "axes 1: the text 'a' became 'b'",
        ),
        (lambda figure, more: figure.subplots().set_xlabel("s" * more), "axes 1: 1 texts instead of 0"),
        (lambda figure, more: figure.subplots().text(0, 0, "ab"[more]), "axes 1: the text 'a' became 'b'"),
        (
            lambda figure, more: figure.subplots().bar(["x", "yz"[more]], [1, 2]),
            "axes 1: the text 'y' became 'z'",
        ),
        (
            lambda figure, more: figure.subplots().set_yscale(["linear", "log"][more]),
            "axes 1: scales ['linear', 'log'] instead of ['linear', 'linear']",
        ),
        (
            lambda figure, more: figure.subplots().plot([1], label="ab"[more]) and figure.legend(),
            "text 'a' became 'b'",
        ),
        (
            lambda figure, more: [figure.subplots().plot, figure.axes[0].scatter][more]([0, 1], [0, 1]),
            "axes 1: draws ['points 1, x', 'points 1, y'] instead of ['line 1, x', 'line 1, y']",
        ),
    ],
)
def test_a_difference_is_named(draw, reason):
    assert reason in (compared(draw, 1) or "")


def test_numbers_in_texts_have_the_tolerance_of_printed_ones():
    assert compared(lambda figure, change: figure.suptitle(f"loss {0.5 + change:.1f}"), 0.1) is None
    assert compared(lambda figure, change: figure.suptitle(f"loss {0.5 + change:.1f}"), 0.3) is not None


@pytest.mark.parametrize("broken", [3, [3], [{}, {}], [{"texts": 1}, 2], None])
def test_recorded_data_of_another_form_are_named(broken):
    figure = Figure()
    curve(figure, 0)
    reason = difference(broken, describe(figure), tolerance=0.001)
    assert reason
    assert reason.startswith("its recorded data are torn or edited by hand") or "axes instead of" in reason


def test_more_lines_than_a_record_holds_are_refused():
    figure = Figure()
    axes = figure.subplots()
    for number in range(2000):
        axes.plot(range(100), [number] * 100)
    with pytest.raises(
        ValueError, match=r"\(4,000 lists of numbers\) .* larger than 1,000,000 bytes: draw fewer, or"
    ):
        describe(figure)


def test_no_artist_keeps_more_than_64_samples_along_an_axis():
    figure = Figure()
    curve(figure, 0)
    assert {len(artist["samples"]) for axes in describe(figure) for artist in axes["artists"]} == {64}
