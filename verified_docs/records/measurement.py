"""A measurement: numbers that no test can hold to a record, such as times, kept with the day and the machine.

`benchmarks/results/<name>.json` holds its values; prose quotes them by `{{ benchmarks/<name>.value }}`. Timings are
never programs on a page: another machine, or a busy one, would fail them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verified_docs.base import files
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.records.record import Record

_PREFIX = "benchmarks/"


@dataclass(frozen=True)
class Measurement:
    """The recorded numbers of one benchmark; `name` is as prose writes it: `benchmarks/activations`."""

    name: str
    config: Config

    @property
    def path(self) -> Path:
        """Where its values lie."""
        return self.config.root / "benchmarks" / "results" / f"{self.name.removeprefix(_PREFIX)}.json"

    def record(self) -> Record:
        """Its values; raises DocsError where there are none."""
        place = self.path.relative_to(self.config.root).as_posix()
        measure = f"nox -s benchmarks -- {self.path.stem} --record"
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DocsError(f"{place} does not exist; measure it: {measure}") from None
        except ValueError as error:
            raise DocsError(f"{place} is no JSON ({error}); measure it again: {measure}") from None
        return Record(source="", text="", values=values)

    def save(self, values: dict[str, Any]) -> None:
        """Replace the values."""
        files.replace(self.path, json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def is_measurement(name: str) -> bool:
    """Whether prose means a measurement by `name`."""
    return name.startswith(_PREFIX)
