"""A record: what a snippet printed, drew and computed when its results were last accepted.

`results/<name>.txt` holds the output and `results/<name>.svg` the figure. `results/<name>.json` is written last and
holds their digests, the snippet's and its own: a torn write, a stale record and an edit by hand all show.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verified_docs.base import files
from verified_docs.base.errors import DocsError
from verified_docs.programs.snippet import Snippet
from verified_docs.records.gave import Gave, without_samples


@dataclass(frozen=True)
class Record:
    """The results of one run.

    Attributes:
        source: The digest of the snippet that made them.
        text: What it printed.
        figure: The SVG that it drew, or None.
        drawn: The data behind the figure.
        values: The plain values of its final namespace, by name.
        seconds: How long it ran.
        style: The digest of what figures looked like then (see Config.style); None without a figure.
        study: The runs that a study's results come from (see `studies.runs`); None for a snippet.
        kind: The kind of processor that it was made on (see `kinds`).
        others: What other kinds gave, by name, where that differs (see `Gave.beside`).
        code: The digest of what was run, which a better caption leaves as it is; None for a study.
    """

    source: str
    text: str
    figure: str | None = None
    drawn: list[dict[str, Any]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    style: str | None = None
    study: dict[str, Any] | None = None
    kind: str | None = None
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    code: str | None = None

    @property
    def gave(self) -> Gave:
        """What the run gave, as other processors are compared with it."""
        return Gave(self.text, self.values, without_samples(self.drawn))

    def known(self) -> dict[str, Gave]:
        """What each other kind gave."""
        return {kind: self.gave.changed(parts) for kind, parts in self.others.items()}


def paths(snippet: Snippet) -> tuple[Path, Path, Path]:
    """Where the record of `snippet` lies: its .json, .txt and .svg."""
    base = snippet.path.parent / "results" / snippet.path.stem
    return (
        base.with_name(base.name + ".json"),
        base.with_name(base.name + ".txt"),
        base.with_name(base.name + ".svg"),
    )


_loaded: dict[Path, tuple[list[tuple[int, ...]], Record | None]] = {}


def load(snippet: Snippet) -> Record | None:
    """The record of `snippet`, or None where it has none; raises DocsError where it is torn.

    Pages ask for one some hundred times: files that nobody has replaced since they were read are not read again.
    """
    with files.locked(snippet.path.parent, shared=True):
        now = [_state(path) for path in paths(snippet)]
        before, held = _loaded.get(snippet.path, ([], None))
        if before != now:
            held = _load(snippet)
            _loaded[snippet.path] = (now, held)
        return held


def _state(path: Path) -> tuple[int, ...]:
    """What another file in its place would have another of; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _load(snippet: Snippet) -> Record | None:
    meta, text, figure = paths(snippet)
    if not meta.is_file():
        return None
    torn = (
        f"{snippet.place}: its record is torn or edited by hand: {{}}; make it again: {snippet.how_to_accept}"
    )
    try:
        held = json.loads(meta.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DocsError(torn.format(f"{meta.name} is no JSON ({error})")) from error
    try:
        if held.pop("digest") != _digest(held):
            raise DocsError(torn.format(f"{meta.name} is not as it was written"))
        contents = {}
        for key, path in (("text", text), ("figure", figure)):
            content = path.read_bytes().decode("utf-8") if path.is_file() else None
            if held[key] != (None if content is None else files.digest(content)):
                raise DocsError(torn.format(f"{path.name} is not the file that {meta.name} was written with"))
            contents[key] = content
        return Record(
            source=held["source"],
            text=contents["text"] or "",
            figure=contents["figure"],
            drawn=held["drawn"],
            values={name: decoded(value) for name, value in held["values"].items()},
            seconds=float(held["seconds"]),
            style=held["style"],
            study=held.get("study"),
            kind=held["kind"],
            others={kind: _decoded_parts(parts) for kind, parts in held["others"].items()},
            code=held["code"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DocsError(torn.format(f"{meta.name}: {error!r}")) from error


def save(snippet: Snippet, record: Record) -> None:
    """Replace the record of `snippet`: text and figure first, the JSON that vouches for them last."""
    with files.locked(snippet.path.parent):
        _save(snippet, record)


def _save(snippet: Snippet, record: Record) -> None:
    meta, text, figure = paths(snippet)
    held = {
        "source": record.source,
        "code": record.code,
        "text": files.digest(record.text) if record.text else None,
        "figure": files.digest(record.figure) if record.figure else None,
        "style": record.style,
        "kind": record.kind,
        "seconds": float(f"{record.seconds:.2g}"),
        "values": {name: encoded(value) for name, value in record.values.items()},
        "drawn": record.drawn,
        "others": {kind: _encoded_parts(parts) for kind, parts in record.others.items()},
    }
    whole = held if record.study is None else {**held, "study": record.study}
    vouched = _dumped({"digest": _digest(whole), **held}, record.study)
    contents = {text: record.text or None, figure: record.figure, meta: vouched}
    files.replace_all({path: content for path, content in contents.items() if content is not None})
    for path, content in ((text, record.text or None), (figure, record.figure)):
        if content is None:
            path.unlink(missing_ok=True)


def _digest(held: dict[str, Any]) -> str:
    """The digest of a record without its own."""
    return files.digest(json.dumps(json.loads(json.dumps(held)), sort_keys=True))


def _encoded_parts(parts: dict[str, Any]) -> dict[str, Any]:
    values = {name: encoded(value) for name, value in parts.get("values", {}).items()}
    return {**parts, "values": values} if values else parts


def _decoded_parts(parts: dict[str, Any]) -> dict[str, Any]:
    values = {name: decoded(value) for name, value in parts.get("values", {}).items()}
    return {**parts, "values": values} if values else parts


def fresh(snippet: Snippet) -> Record:
    """The record of `snippet` as it is now; raises DocsError where there is none or where it is of an older text."""
    record = load(snippet)
    if record is None:
        raise DocsError(
            f"{snippet.place}: has no record; run it and accept what it shows: {snippet.how_to_accept}"
        )
    if record.source != snippet.digest:
        raise DocsError(
            f"{snippet.place}: its record is stale (the program changed since); run it again: {snippet.how_to_accept}"
        )
    return record


def _dumped(held: dict[str, Any], study: dict[str, Any] | None) -> str:
    """JSON that diffs well: a line for each value, for each list of numbers and for each run of a study."""
    spread = json.dumps(held, indent=1, ensure_ascii=False, allow_nan=False)
    text = re.sub(r"\[\n\s*([^][{}]*?)\n\s*\]", lambda m: "[" + re.sub(r",\n\s*", ", ", m[1]) + "]", spread)
    if study is not None:
        entries = ",\n".join(f"  {json.dumps(key)}: {_lines(value)}" for key, value in study.items())
        text = f'{text.removesuffix("}").rstrip()},\n "study": {{\n{entries}\n }}\n}}'
    return text + "\n"


def _lines(value: Any) -> str:
    """One entry of a list a line."""
    if not isinstance(value, list):
        return json.dumps(value)
    lines = ",\n".join(f"   {json.dumps(one, ensure_ascii=False, allow_nan=False)}" for one in value)
    return f"[\n{lines}\n  ]"


def encoded(value: Any) -> Any:
    """A plain value as JSON, which has no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, list):
        return [encoded(one) for one in value]
    if isinstance(value, dict):
        return {"dict": {key: encoded(one) for key, one in value.items()}}
    return value


def decoded(value: Any) -> Any:
    """What `encoded` was given."""
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, dict):
        if "float" in value:
            return float(value["float"])
        return {key: decoded(one) for key, one in value["dict"].items()}
    return value
