"""The data behind a figure, and whether two figures show the same.

Figures are compared by what is drawn, not by pixels or paths: the shape, the statistics and at most 64 samples of each
artist along each axis, and every text. A tolerance is a fraction of the axis that a reader sees, whatever its scale:
a curve that runs over a thousand steps is held as closely in its height as in its length.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from typing import Any

from verified_docs.base import compare, nearness

SAMPLES = 64
_MOST = 1_000_000  # bytes of JSON


def as_svg(figure: Any, *, salt: str) -> str:
    """What matplotlib's SVG backend writes, the same each time for the same `salt`; otherwise its ids are random."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def describe(figure: Any) -> list[dict[str, Any]]:
    """What a matplotlib figure says beside its axes, then what each axes shows; ValueError where it is too much."""
    own = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    beside = {"texts": [text.get_text() for text in own], "scales": [], "artists": []}
    described = [beside, *(_axes(axes) for axes in _every_axes(figure.axes))]
    if len(json.dumps(described)) > _MOST:
        number = sum(len(axes["artists"]) for axes in described)
        raise ValueError(
            f"draws so many lines, patches and texts ({number:,} lists of numbers) that their record would be larger "
            f"than {_MOST:,} bytes: draw fewer, or many lines as one LineCollection"
        )
    return described


def difference(
    expected: list[dict[str, Any]], actual: list[dict[str, Any]], *, tolerance: float
) -> str | None:
    """The first way in which `actual` differs from the recorded figure, or None.

    Args:
        tolerance: How far a value may differ, as a fraction of the axis, or of the range of colors, that it lies on.
    """
    try:
        return _difference(expected, actual, tolerance)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"its recorded data are torn or edited by hand ({type(error).__name__}: {error})"


def _difference(expected: list[dict[str, Any]], actual: list[dict[str, Any]], tolerance: float) -> str | None:
    if len(expected) != len(actual):
        return f"{len(actual) - 1} axes instead of {len(expected) - 1}"
    for number, (old, new) in enumerate(zip(expected, actual, strict=True)):
        where = f"axes {number}" if number else "beside the axes"
        if len(old["texts"]) != len(new["texts"]):
            return f"{where}: {len(new['texts'])} texts instead of {len(old['texts'])}"
        for before, after in zip(old["texts"], new["texts"], strict=True):
            if compare.differences(before, after):
                return f"{where}: the text {before!r} became {after!r}"
        if old["scales"] != new["scales"]:
            return f"{where}: scales {new['scales']} instead of {old['scales']}"
        kinds = [artist["kind"] for artist in old["artists"]], [artist["kind"] for artist in new["artists"]]
        if kinds[0] != kinds[1]:
            return f"{where}: draws {kinds[1]} instead of {kinds[0]}"
        for before, after in zip(old["artists"], new["artists"], strict=True):
            reason = _artist_difference(before, after, tolerance)
            if reason:
                return f"{where}, {before['kind']}: {reason}"
    return None


def _every_axes(some: Any) -> Iterator[Any]:
    """The axes with their insets."""
    for axes in some:
        yield axes
        yield from _every_axes(axes.child_axes)


def _axes(axes: Any) -> dict[str, Any]:
    legend = axes.get_legend()
    texts = [
        *(axes.get_title(loc=where) for where in ("left", "center", "right")),
        axes.get_xlabel(),
        axes.get_ylabel(),
        *(text.get_text() for text in axes.texts),
        *(text.get_text() for text in (legend.get_texts() if legend else ())),
        # Names on an axis are data; numbers there follow from it.
        *(
            label.get_text()
            for label in (*axes.get_xticklabels(), *axes.get_yticklabels())
            if _is_name(label)
        ),
    ]
    return {
        "texts": [text for text in texts if text],
        "scales": [axes.get_xscale(), axes.get_yscale()],
        "artists": list(_artists(axes)),
    }


def _is_name(label: Any) -> bool:
    text = label.get_text()
    return any(character.isalpha() for character in text) and not text.startswith("$")


def _artists(axes: Any) -> Iterator[dict[str, Any]]:
    from matplotlib.collections import PathCollection
    from matplotlib.contour import ContourSet

    for number, line in enumerate(axes.lines, start=1):
        yield from _points(f"line {number}", line.get_xydata(), axes)
    for number, patch in enumerate(axes.patches, start=1):
        outline = patch.get_path().transformed(patch.get_patch_transform()).vertices
        yield from _points(f"patch {number}", outline, axes)
    for number, collection in enumerate(axes.collections, start=1):
        offsets, colors = collection.get_offsets(), collection.get_array()
        if isinstance(collection, PathCollection) or len(offsets) > 1:
            yield from _points(f"points {number}", offsets, axes)
        else:
            outlines = [vertex for path in collection.get_paths() for vertex in path.vertices]
            # How many points a contour has depends on the last digits of the data.
            contours = isinstance(collection, ContourSet)
            yield from _points(f"shape {number}", outlines, axes, sampled=not contours)
        if colors is not None:
            yield _artist(f"colours {number}", colors)  # as records have it; codespell:ignore colours
    for number, image in enumerate(axes.images, start=1):
        left, right, bottom, top = image.get_extent()
        yield from _points(f"image {number}", [(left, bottom), (right, top)], axes)
        yield _artist(f"image {number}", image.get_array())


def _points(kind: str, points: Any, axes: Any, *, sampled: bool = True) -> Iterator[dict[str, Any]]:
    """Where points lie along each axis, on that axis's scale."""
    import numpy as np

    columns: Any = np.ma.filled(np.ma.asarray(points, dtype=float), np.nan).reshape(-1, 2).T
    for name, axis, values in zip("xy", (axes.xaxis, axes.yaxis), columns, strict=True):
        scale = axis.get_transform()
        low, high = scale.transform(np.asarray(axis.get_view_interval(), dtype=float))
        on_scale = f"{name} ({axis.get_scale()})" if axis.get_scale() != "linear" else name
        yield _artist(f"{kind}, {on_scale}", scale.transform(values), span=abs(high - low), sampled=sampled)


def _artist(kind: str, values: Any, *, span: float | None = None, sampled: bool = True) -> dict[str, Any]:
    import numpy as np

    array: Any = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    flat = array.ravel()
    finite = flat[np.isfinite(flat)]
    statistics = [f(finite) for f in (np.min, np.max, np.mean, np.std)] if len(finite) else []
    if span is None:
        span = float(np.ptp(finite) or np.max(np.abs(finite))) if len(finite) else 0.0
    picked = flat[np.linspace(0, len(flat) - 1, min(SAMPLES, len(flat))).astype(int)] if len(flat) else flat
    return {
        "kind": kind,
        "shape": list(array.shape) if sampled else [],
        "span": _rounded(span),
        "statistics": [_rounded(value) for value in statistics],
        "samples": [_rounded(value) for value in picked] if sampled else [],
    }


def _rounded(value: float) -> float | str:
    """Six digits; what JSON lacks as text."""
    return float(f"{value:.6g}") if math.isfinite(value) else repr(float(value))


def _artist_difference(old: dict[str, Any], new: dict[str, Any], tolerance: float) -> str | None:
    if old["shape"] != new["shape"]:
        return f"shape {tuple(new['shape'])} instead of {tuple(old['shape'])}"
    if len(old["statistics"]) != len(new["statistics"]):
        return "nothing finite" if old["statistics"] else "something finite where nothing was"
    for part in ("samples", "statistics"):
        for before, after in zip(old[part], new[part], strict=True):
            if isinstance(before, str) or isinstance(after, str):
                if before != after:
                    return f"{after} instead of {before}"
                continue
            allowed = nearness.drawn(before, span=float(old["span"]), tolerance=tolerance)
            if abs(before - after) > allowed:
                return f"{after:g} instead of {before:g}; allowed is ±{allowed:.2g}"
    return None
