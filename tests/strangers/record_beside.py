"""`python tests/strangers/record_beside.py`: use pieces beside Lightning's own callbacks, record what comes of it."""

import contextlib
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import recorded
from beside import CALLBACKS, PAGE, PIECES, every_pair, program_of
from fitting import PLAIN
from outcomes import BROKEN, Outcome, outcome_of
from pieces import Piece

PATH = Path(__file__).with_name("beside.json")
COMMAND = "python tests/strangers/record_beside.py"


def found_of(callback: str, piece: str) -> tuple[Outcome, str]:
    """What comes of a pair, in a folder of its own: a search for the rate keeps a checkpoint in the working directory."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        outcome, text = outcome_of(Piece(callback, PAGE, program_of(callback, piece)), "images", PLAIN)
    return outcome, text if outcome.says == BROKEN else ""


def table(outcomes: dict[tuple[str, str], Outcome]) -> dict[str, Any]:
    """What verified_docs.tables shows: a row for each callback, a column for each piece."""
    return {
        "caption": recorded.caption(),
        "columns": ["Lightning's callback", *PIECES],
        "rows": [
            {
                "name": callback,
                "page": PAGE,
                "cells": [[recorded.entry(outcomes[callback, piece])] for piece in PIECES],
            }
            for callback in CALLBACKS
        ],
    }


def outcomes_in(record: dict[str, Any]) -> dict[tuple[str, str], Outcome]:
    """The way back."""
    return {
        (row["name"], piece): Outcome(cell[0]["says"], cell[0].get("why"))
        for row in record["rows"]
        for piece, cell in zip(record["columns"][1:], row["cells"], strict=True)
    }


def load() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return record


def main() -> None:
    """Record, unless a pair is broken."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    outcomes, broken = {}, 0
    for pair in every_pair():
        outcomes[pair], text = found_of(*pair)
        if outcomes[pair].says == BROKEN:
            broken += 1
            print(f"{', '.join(pair)}:\n{text}", file=sys.stderr)
    if broken:
        sys.exit(f"{broken} broken; the record stays as it is")
    recorded.save(table(outcomes), PATH)
    print(f"{PATH}: {len(outcomes)} pairs")


if __name__ == "__main__":
    main()
