"""Whether this machine's numbers can be compared with the recorded ones."""

from __future__ import annotations

import platform
from pathlib import Path

from verified_docs.config import Config


def gives_the_recorded_numbers(config: Config) -> bool:
    """Whether the processor has the instruction set that `processor_flag` names."""
    return config.processor_flag is None or has(config.processor_flag)


def has(flag: str) -> bool:
    """Whether the processor has the instruction set of that name, as Linux writes it."""
    return flag in _flags()


def name() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return {platform.machine()}
    return {
        flag
        for line in lines
        if line.startswith(("flags", "Features"))
        for flag in line.split(":")[1].split()
    }
