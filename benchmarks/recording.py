"""What is kept of a measurement, for pages to quote: `{{ benchmarks/<name>.result[<what>]:.2f }}`."""

from __future__ import annotations

import datetime

import torch

from benchmarks.table import Row
from benchmarks.toy import ROOT
from verified_docs.base import processor
from verified_docs.base.config import find
from verified_docs.records.measurement import Measurement


def record(name: str, rows: list[Row]) -> None:
    """Keep the results with the day, the processor and torch's version."""
    result = {row.what.split(" (")[0]: round(row.result, 3) for row in rows}
    if len(result) < len(rows):
        raise ValueError(f"{name} cannot be recorded: two of its rows have one name, of {', '.join(result)}")
    values = {
        "result": result,
        "day": datetime.date.today().isoformat(),
        "processor": processor.name(),
        "torch": torch.__version__.split("+")[0],
    }
    Measurement(f"benchmarks/{name}", find(ROOT)).save(values)
