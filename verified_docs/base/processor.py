"""What the processor of this machine calls itself, and which instruction sets it has."""

from __future__ import annotations

import platform

from verified_docs.base import system

_MAKERS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD", "0x41": "ARM", "0x61": "Apple"}


def has(flag: str) -> bool:
    """Whether the processor has the instruction set of that name, as Linux writes it."""
    flags = {
        one
        for key, value in _first()
        if key in ("flags", "Features")
        for one in value.split()
    }  # fmt: skip
    return flag in (flags or {platform.machine()})


def name() -> str:
    """What the processor calls itself."""
    return dict(_first()).get("model name") or platform.processor() or platform.machine()


def maker() -> str:
    """Who made it, in a word; where that is not told, its architecture."""
    told = dict(_first())
    vendor = told.get("vendor_id") or told.get("CPU implementer", "")
    return _MAKERS.get(vendor, "") or vendor or platform.machine() or "processor"


def identity() -> str:
    """What tells this processor from another one, as far as can be seen without computing."""
    changing = ("MHz", "bogomips", "BogoMIPS")
    told = [f"{key}: {value}" for key, value in _first() if not any(one in key for one in changing)]
    return "\n".join([*told, *platform.uname()])


def _first() -> list[tuple[str, str]]:
    """What Linux tells of the first processor; empty elsewhere."""
    lines = system.cpuinfo().split("\n\n")[0].splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return [(key.strip(), value.strip()) for key, _, value in pairs]
