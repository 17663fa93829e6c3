"""What one run gave, as far as runs on other processors and with other seeds are compared with it.

Of what was drawn only the statistics are kept: another seed's curve is another curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Gave:
    """The output of a run, its plain values by name, and what it drew (see `drawn.describe`), without samples."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    drawn: list[dict[str, Any]] = field(default_factory=list)


def without_samples(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was drawn, each artist by its shape and statistics alone."""
    return [
        {**axes, "artists": [{**artist, "samples": []} for artist in axes["artists"]]} for axes in drawn
    ]
