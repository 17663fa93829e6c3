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

    def beside(self, recorded: Gave) -> dict[str, Any]:
        """What differs from what is recorded, in the parts that the record of another kind of processor has."""
        parts: dict[str, Any] = {}
        if self.text != recorded.text:
            parts["text"] = self.text
        values = {
            name: one for name, one in self.values.items() if repr(one) != repr(recorded.values.get(name))
        }
        if values:
            parts["values"] = values
        if self.drawn != recorded.drawn:
            parts["drawn"] = self.drawn
        return parts

    def changed(self, parts: Mapping[str, Any]) -> Gave:
        """What was `beside` this."""
        return Gave(
            parts.get("text", self.text),
            {**self.values, **parts.get("values", {})},
            parts.get("drawn", self.drawn),
        )


def without_samples(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was drawn, each artist by its shape and statistics alone."""
    return [
        {
            **axes,
            "artists": [
                {key: part for key, part in artist.items() if key != "samples"} for artist in axes["artists"]
            ],
        }
        for axes in drawn
    ]
