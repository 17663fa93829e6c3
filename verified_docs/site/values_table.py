"""What every value gave that a study tuned over: a folded table, on which a script puts a slider (what_if.js)."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

_MOST = 40  # alternatives: among more a reader finds none, and the page grows heavy


def values_html(values: Mapping[str, Any]) -> str:
    """A row for each alternative, a column for each value; empty where nothing is tuned, or too much."""
    tuning: Mapping[str, Mapping[str, float]] = values.get("tuning", {})
    chooses = [name for name, metric in values.get("metrics", {}).items() if metric["chooses"]]
    if not tuning or not chooses or len(tuning) > _MOST:
        return ""
    metric = values["metrics"][chooses[0]]
    columns = sorted({value for row in tuning.values() for value in row}, key=_order)
    parameters = sorted(set(values["parameter"].values()))
    head = "".join(f'<th scope="col">{html.escape(_value(one))}</th>' for one in columns)
    rows = "".join(_row(name, row, columns, values, metric["format"]) for name, row in tuning.items())
    what = html.escape(" or ".join(parameters))
    told = f"What if? {html.escape(chooses[0]).capitalize()} for every {what} that was tried"
    return (
        f'<details class="vd-output vd-values" data-search-exclude data-parameter="{what}" '
        f'data-better="{metric["better"]}"><summary class="vd-label">{told}</summary>'
        f'<div class="vd-drawing"><table class="vd-numbers vd-fixed"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _row(
    name: str, row: Mapping[str, float], columns: list[str], values: Mapping[str, Any], shown: str
) -> str:
    best = str(values["best"][name])
    cells = "".join(_cell(row.get(one), shown, best=one == best) for one in columns)
    return f'<tr><th scope="row">{html.escape(name)}</th>{cells}</tr>'


def _cell(value: float | None, shown: str, *, best: bool) -> str:
    if value is None:
        return "<td></td>"
    told = format(value, shown) if math.isfinite(value) else "–"
    return f'<td data-value="{value:.6g}">{f"<strong>{told}</strong>" if best else told}</td>'


def _order(value: str) -> tuple[int, float, str]:
    """Numbers by size, then names."""
    try:
        return 0, float(value), ""
    except ValueError:
        return 1, 0.0, value


def _value(value: str) -> str:
    try:
        return f"{float(value):g}"
    except ValueError:
        return value
