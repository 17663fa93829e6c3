"""The data behind a figure, and whether two figures show the same.

Figures are compared by what is drawn, not by pixels or paths: the shape, the statistics and at most 64 samples of each
artist, and every text.
"""

from __future__ import annotations

import math
from typing import Any

from verified_docs import compare

SAMPLES = 64


def describe(figure: Any) -> list[dict[str, Any]]:
    """What each axes of a matplotlib figure shows."""
    return [_axes(axes) for axes in figure.axes]


def difference(
    expected: list[dict[str, Any]], actual: list[dict[str, Any]], *, tolerance: float
) -> str | None:
    """The first way in which `actual` differs from the recorded figure, or None.

    Args:
        tolerance: How far a value may differ, as a fraction of the range that its artist covers.
    """
    if len(expected) != len(actual):
        return f"{len(actual)} axes instead of {len(expected)}"
    for number, (old, new) in enumerate(zip(expected, actual, strict=True), start=1):
        where = f"axes {number}"
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
        for index, (before, after) in enumerate(zip(old["artists"], new["artists"], strict=True), start=1):
            reason = _artist_difference(before, after, tolerance)
            if reason:
                return f"{where}, {before['kind']} {index}: {reason}"
    return None


def _axes(axes: Any) -> dict[str, Any]:
    legend = axes.get_legend()
    texts = [
        axes.get_title(),
        axes.get_xlabel(),
        axes.get_ylabel(),
        *(text.get_text() for text in axes.texts),
    ]
    texts += [text.get_text() for text in legend.get_texts()] if legend else []
    artists = []
    for line in axes.lines:
        artists.append(_artist("line", line.get_xydata()))
    for patch in axes.patches:
        artists.append(_artist("patch", patch.get_path().transformed(patch.get_patch_transform()).vertices))
    for collection in axes.collections:
        offsets = collection.get_offsets()
        if len(offsets) > 1:
            artists.append(_artist("points", offsets))
        elif collection.get_array() is None:
            artists.append(
                _artist("shape", [vertex for path in collection.get_paths() for vertex in path.vertices])
            )
        if collection.get_array() is not None:
            artists.append(_artist("mesh", collection.get_array()))
    for image in axes.images:
        artists.append(_artist("image", image.get_array()))
    return {
        "texts": [text for text in texts if text],
        "scales": [axes.get_xscale(), axes.get_yscale()],
        "artists": artists,
    }


def _artist(kind: str, values: Any) -> dict[str, Any]:
    import numpy as np

    array: Any = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    flat = array.ravel()
    finite = flat[np.isfinite(flat)]
    picked = flat[np.linspace(0, len(flat) - 1, min(SAMPLES, len(flat))).astype(int)] if len(flat) else flat
    return {
        "kind": kind,
        "shape": list(array.shape),
        "finite": len(finite),
        "statistics": [_rounded(f(finite)) for f in (np.min, np.max, np.mean, np.std)] if len(finite) else [],
        "samples": [_rounded(value) for value in picked],
    }


def _rounded(value: float) -> float | str:
    """Six digits; what JSON lacks as text."""
    return float(f"{value:.6g}") if math.isfinite(value) else repr(float(value))


def _artist_difference(old: dict[str, Any], new: dict[str, Any], tolerance: float) -> str | None:
    if old["shape"] != new["shape"]:
        return f"shape {tuple(new['shape'])} instead of {tuple(old['shape'])}"
    if old["finite"] != new["finite"]:
        return f"{new['finite']} finite values instead of {old['finite']}"
    if not old["finite"]:
        return None
    low, high = old["statistics"][:2]
    allowed = tolerance * max(high - low, abs(high), abs(low)) + 1e-12
    for part in ("statistics", "samples"):
        for before, after in zip(old[part], new[part], strict=True):
            if isinstance(before, str) or isinstance(after, str):
                if before != after:
                    return f"{after} instead of {before}"
            elif abs(before - after) > allowed:
                return f"{after:g} instead of {before:g}; allowed is ±{allowed:.2g}"
    return None
