"""The recorded outcomes, in the form of the table that docs/importing.md shows."""

import datetime
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fitting import CIRCUMSTANCES, STRANGERS
from outcomes import Outcome
from pieces import Piece

from verified_docs.base import files

PATH = Path(__file__).with_name("results.json")
COMMAND = "python tests/strangers/record.py"

Key = tuple[str, str, str]
"""A piece's name, a stranger, a circumstance."""


def table(pieces: Mapping[str, Piece], outcomes: Mapping[Key, Outcome]) -> dict[str, Any]:
    """What verified_docs.tables shows. Where both strangers have the same outcome it is said once."""
    return {
        "caption": caption(),
        "columns": ["Piece", *CIRCUMSTANCES],
        "rows": [
            {
                "name": piece.name,
                "page": piece.page,
                "cells": [
                    _cell({who: outcomes[piece.name, who, circumstance] for who in STRANGERS})
                    for circumstance in CIRCUMSTANCES
                ],
            }
            for piece in pieces.values()
        ],
    }


def caption() -> str:
    """When it is made, and with what."""
    today = datetime.date.today()
    names = ("torch", "pytorch-lightning", "lightning")
    torch, ours, other = (version(name).partition("+")[0] for name in names)
    return f"Made on {today.day} {today:%B %Y} with torch {torch}, pytorch-lightning {ours} and lightning {other}."


def outcomes_in(record: dict[str, Any]) -> dict[Key, Outcome]:
    """The way back."""
    return {
        (row["name"], who, circumstance): Outcome(one["says"], one.get("why"))
        for row in record["rows"]
        for circumstance, cell in zip(record["columns"][1:], row["cells"], strict=True)
        for one in cell
        for who in STRANGERS
        if one.get("of", who) == who
    }


def load() -> dict[str, Any]:
    """The record as it is; without any row where there is none."""
    if not PATH.exists():
        return {"caption": "", "columns": ["Piece", *CIRCUMSTANCES], "rows": []}
    record: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return record


def save(record: dict[str, Any], path: Path = PATH) -> None:
    """Write the record, a row a line."""
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in record["rows"])
    head = {key: value for key, value in record.items() if key != "rows"}
    text = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
    files.replace(path, f'{text},\n "rows": [\n  {rows}\n ]\n}}\n')


def _cell(outcomes: dict[str, Outcome]) -> list[dict[str, str]]:
    if len(set(outcomes.values())) == 1:
        return [entry(next(iter(outcomes.values())))]
    return [entry(outcome) | {"of": who} for who, outcome in outcomes.items()]


def entry(outcome: Outcome) -> dict[str, str]:
    """An outcome as a cell says it."""
    return {"says": outcome.says} | ({} if outcome.why is None else {"why": outcome.why})
