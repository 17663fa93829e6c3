"""A study's results as a page shows them: what was decided in a sentence, then a table that a reader can sort.

Everything is taken from the record's values; nothing is computed anew. A study that asks whether defaults are safe has a
folded table for each of its cells, any other study one for each metric.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WORDS = {"better": "▲", "worse": "▼", "equal": "=", "safe": "✓", "open": "○"}
_LONG = 24  # rows that are folded away

Values = Mapping[str, Any]


def tables_html(values: Values) -> str:
    """The tables of a study with these values; empty where it has none, as when it is marked as not recorded."""
    shown = [name for name, metric in values.get("metrics", {}).items() if metric["shown"]]
    return "".join(_metric(values, name) for name in shown)


def _metric(values: Values, name: str) -> str:
    metric, names = values["metrics"][name], list(values["mean"][name])
    head = f"{name}: {metric['better']} is better"
    if values["reference"]:
        head += f"; a difference of {_amount(metric['matters'], metric)} matters"
    cells = values["cells"] if metric["asks"] == "no worse" else {}
    if cells:
        body = "".join(_cell(values, name, cell, among) for cell, among in cells.items())
        told = _counted(values["cell"][name], "defaults")
    else:
        body = _table(values, name, names)
        told = _counted(values["verdict"].get(name, {}), "differences from a reference")
        if len(names) > _LONG:
            body = _folded(f"{len(names)} rows", body)
    label = f'<p class="vd-label">{html.escape(head)}</p>'
    return f'<div class="vd-study" data-search-exclude>{label}{told}{body}</div>'


def _counted(verdicts: Mapping[str, str], what: str) -> str:
    """How many verdicts are of each word, and which, where these are few."""
    parts = []
    for word in WORDS:
        names = [name for name, one in verdicts.items() if one == word]
        few = f" ({html.escape('; '.join(names))})" if word != "open" and len(names) <= 4 else ""
        if names:
            parts.append(f"{len(names)} {_word(word)}{few}")
    return f"<p>Of {len(verdicts)} {what}: {', '.join(parts)}.</p>" if len(verdicts) > 1 else ""


def _cell(values: Values, metric: str, cell: str, names: Sequence[str]) -> str:
    verdict, closest = values["cell"][metric][cell], values["cell_closest"][metric][cell]
    gained = _difference(values, metric, closest)
    references = dict.fromkeys(values["reference"][name] for name in names)
    summary = f"{html.escape(cell)}: {_word(verdict)}; closest is {html.escape(closest)}, {gained}"
    if told := values.get("cell_needs", {}).get(metric, {}).get(cell):
        summary += f"; {html.escape(told)} would tell"
    return _folded(summary, _table(values, metric, [*references, *names]))


def _table(values: Values, metric: str, names: Sequence[str]) -> str:
    tuned = any(name in values["best"] for name in names)
    compared = any(name in values["reference"] for name in names)
    judged = metric in values["verdict"]
    heads = ["", *["seeds"] * ("seeds_of" in values), *["chosen"] * tuned, "mean", "", "95% interval"]
    heads += [_unit(values, metric), *["verdict"] * judged] if compared else []
    scale = _Scale(values, metric, names)
    rows = []
    for name in names:
        cells = [_td("seeds", str(count), count)] if (count := values.get("seeds_of", {}).get(name)) else []
        cells += [_chosen(values["best"].get(name))] if tuned else []
        cells += _measured(values, metric, name, scale)
        cells += _compared(values, metric, name, judged=judged) if compared else []
        rows.append(f'<tr><th scope="row">{html.escape(name)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col">{one}</th>' if one else "<td></td>" for one in heads)
    return f'<table class="vd-numbers"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _chosen(best: Any) -> str:
    if best is None:
        return _td("chosen", "–", None)
    return _td("chosen", html.escape(f"{best:g}" if _is_number(best) else str(best)), _or_none(best))


def _measured(values: Values, metric: str, name: str, scale: _Scale) -> list[str]:
    mean, shown = (
        values["mean"][metric][name],
        _shown(values["mean"][metric][name], values["metrics"][metric]),
    )
    return [
        _td("mean", _failed(values, metric, name) + shown, mean),
        f'<td class="vd-drawn">{scale.bar(name)}</td>',
        _td("95% interval", _interval(values, metric, name), values["low"][metric][name]),
    ]


def _compared(values: Values, metric: str, name: str, *, judged: bool) -> list[str]:
    unit = _unit(values, metric)
    if name not in values["reference"]:
        quiet = '<span class="vd-quiet">reference</span>'
        return ["<td></td>", _td("verdict", quiet, None)] if judged else [_td(unit, quiet, None)]
    told = _difference(values, metric, name, unit=False)
    cells = [_td(unit, told, values["difference"][metric][name])]
    if judged:
        verdict = values["verdict"][metric][name]
        cells.append(_td("verdict", _word(verdict), verdict))
    return cells


def _unit(values: Values, metric: str) -> str:
    return "difference, points" if _is_share(values["metrics"][metric]) else "difference"


def _td(head: str, shown: str, value: Any) -> str:
    known = (
        "" if value is None or (isinstance(value, float) and math.isnan(value)) else html.escape(str(value))
    )
    return f'<td data-head="{head}" data-value="{known}">{shown}</td>'


class _Scale:
    """From the least low end to the highest high end of some intervals."""

    def __init__(self, values: Values, metric: str, names: Iterable[str]) -> None:
        self._of = {
            name: tuple(values[end][metric][name] for end in ("low", "mean", "high")) for name in names
        }
        whole = [one for ends in self._of.values() for one in ends if math.isfinite(one)]
        self._low, self._high = min(whole, default=0.0), max(whole, default=0.0)

    def bar(self, name: str) -> str:
        """The interval as a line, the mean as a point on it."""
        ends = self._of[name]
        if not all(map(math.isfinite, ends)) or self._low == self._high:
            return ""
        low, mean, high = (3 + 94 * (one - self._low) / (self._high - self._low) for one in ends)
        return (
            '<svg class="vd-bar" viewBox="0 0 100 8" aria-hidden="true">'
            f'<path d="M{low:.1f} 4H{high:.1f}M{low:.1f} 1.5V6.5M{high:.1f} 1.5V6.5"/>'
            f'<circle cx="{mean:.1f}" cy="4" r="2.4"/></svg>'
        )


def _interval(values: Values, metric: str, name: str) -> str:
    meta = values["metrics"][metric]
    low, high = values["low"][metric][name], values["high"][metric][name]
    if not math.isfinite(low):
        return "–"
    return f"{_shown(low, meta).removesuffix('%')} to {_shown(high, meta)}"


def _difference(values: Values, metric: str, name: str, *, unit: bool = True) -> str:
    meta = values["metrics"][metric]
    mean, low, high = (
        values[key][metric][name] for key in ("difference", "difference_low", "difference_high")
    )
    if not math.isfinite(mean):
        return "–"
    of = " points" if unit and _is_share(meta) else ""
    return f"{_points(mean, meta)}{of} ({_points(low, meta)} to {_points(high, meta)})"


def _failed(values: Values, metric: str, name: str) -> str:
    count = values["failed"][metric][name]
    return f'<span class="vd-quiet">{count} failed</span> ' if count else ""


def _is_share(meta: Mapping[str, Any]) -> bool:
    return str(meta["format"]).endswith("%")


def _shown(value: float, meta: Mapping[str, Any]) -> str:
    return format(value, meta["format"]).replace("-", "−") if math.isfinite(value) else "–"


def _points(value: float, meta: Mapping[str, Any]) -> str:
    """A difference with its sign; one of shares in points, which is what a hundredth of them is called."""
    told = f"{100 * value:+.1f}" if _is_share(meta) else format(value, f"+{meta['format']}")
    return told.replace("-", "−")


def _amount(value: float, meta: Mapping[str, Any]) -> str:
    if not _is_share(meta):
        return format(value, meta["format"])
    return "a point" if value == 0.01 else f"{100 * value:g} points"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _or_none(value: Any) -> Any:
    return value if _is_number(value) else None


def _word(word: str) -> str:
    """A verdict, which a reader is to see at a glance and not by its color alone."""
    name = re.sub(r"\W", "", word)
    return f'<span class="vd-word vd-{name}">{WORDS.get(word, "")}&nbsp;{html.escape(word)}</span>'


def _folded(summary: str, body: str) -> str:
    return f'<details class="vd-output"><summary class="vd-label">{summary}</summary>{body}</details>'
