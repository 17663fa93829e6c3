"""What is installed beside the project."""

from __future__ import annotations

import os
import sys


def installed() -> list[str]:
    """Every installed distribution with its version."""
    return sorted(
        entry.name
        for folder in sys.path
        if os.path.isdir(folder)
        for entry in os.scandir(folder)
        if entry.name.endswith((".dist-info", ".egg-info"))
    )
