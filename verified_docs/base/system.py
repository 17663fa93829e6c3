"""What the engine may use of the system that it runs on: all of Linux, less of macOS, least of Windows.

Every other module asks here. With VERIFIED_DOCS_PLAIN=1 the answer is what it is on Windows: so what is done there can
be tried on Linux, with the same programs and the same tests.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

ARCHITECTURES = ("x86_64", "aarch64")
_ALSO_CALLED = {"amd64": "x86_64", "arm64": "aarch64"}  # on Windows, and on macOS


def forks() -> bool:
    """Whether a process that has imported everything is forked for each program, and shared through a socket.

    Only Linux can: there the processes that a program leaves behind are also found and ended, by prctl and /proc.
    """
    return sys.platform == "linux" and not _plain()


def signals() -> bool:
    """Whether a process can be asked where it is (SIGUSR1), and be ended with all of its session (killpg)."""
    return sys.platform != "win32" and not _plain()


def limits_memory() -> bool:
    """Whether a process can be given a limit (RLIMIT_DATA)."""
    return sys.platform != "win32" and not _plain()


def holds_open_files() -> bool:
    """Whether a file cannot be replaced while somebody has it open."""
    return sys.platform == "win32" or _plain()


def cpuinfo() -> str:
    """What Linux tells of the processors; empty elsewhere."""
    try:
        return "" if _plain() else Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""


def architecture() -> str:
    """One of ARCHITECTURES, or what the machine calls itself."""
    machine = platform.machine().lower()
    return _ALSO_CALLED.get(machine, machine)


def caches(home: Path) -> dict[str, str]:
    """The variables that leave caches (data, fonts) below `home` for a process that gets another home."""
    if sys.platform == "win32":  # where data is kept, Windows says, whatever the home is
        return {"MPLCONFIGDIR": str(home / ".matplotlib")}
    if sys.platform == "darwin":
        return {
            "XDG_CACHE_HOME": str(home / "Library" / "Caches"),
            "MPLCONFIGDIR": str(home / ".matplotlib"),
        }
    return {"XDG_CACHE_HOME": str(home / ".cache")}


def _plain() -> bool:
    return os.environ.get("VERIFIED_DOCS_PLAIN", "").lower() in {"1", "true"}
