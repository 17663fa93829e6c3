"""`[tool.verified_docs.ledger]` in pyproject.toml: how seeds are shifted, and what stands for another processor.

[tool.verified_docs.ledger]
seed_shift = "package.module.function"  # called with a whole number before the snippet runs
threads = ["OMP_NUM_THREADS"]  # the variables that hold the number of threads

[tool.verified_docs.ledger.processors.avx512]
needs = "avx512f"  # the flag without which this machine cannot do it
env = { ATEN_CPU_CAPABILITY = "avx512" }
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from verified_docs.base.errors import DocsError

_TABLE = "pyproject.toml: [tool.verified_docs.ledger"


@dataclass(frozen=True)
class Processor:
    """The variables that choose an instruction set, and the processor's flag without which it cannot be chosen."""

    env: Mapping[str, str] = field(default_factory=dict)
    needs: str | None = None


@dataclass(frozen=True)
class LedgerSettings:
    """What claims are tried with.

    Attributes:
        seed_shift: The function that shifts seeds, as `package.module.function`.
        threads: The environment variables that hold the number of threads.
        processors: The instruction sets, by name; without any, the one of `[tool.verified_docs.env]`.
    """

    seed_shift: str = "verified_docs.running.seeds.shift"
    threads: tuple[str, ...] = ("OMP_NUM_THREADS",)
    processors: Mapping[str, Processor] = field(default_factory=lambda: {"as configured": Processor()})


def parsed(table: Any) -> LedgerSettings:
    """The settings that `table` holds; raises DocsError for one that is wrong."""
    _check_keys("]", table, {"seed_shift", "threads", "processors"})
    found = dict(table)
    if "seed_shift" in found and not (isinstance(found["seed_shift"], str) and "." in found["seed_shift"]):
        raise DocsError(f'{_TABLE}] seed_shift = {found["seed_shift"]!r} is no "package.module.function"')
    if "threads" in found:
        if not _texts(found["threads"], list):
            raise DocsError(f"{_TABLE}] threads is not a list of environment variables")
        found["threads"] = tuple(found["threads"])
    if "processors" in found:
        _check_keys(".processors]", found["processors"], None)
        found["processors"] = {name: _processor(name, one) for name, one in found["processors"].items()}
    return LedgerSettings(**found)


def _processor(name: str, table: Any) -> Processor:
    where = f".processors.{name}]"
    _check_keys(where, table, {"env", "needs"})
    if "," in name:
        raise DocsError(f"{_TABLE}{where}: its name has a comma, which separates names in --processors")
    if not _texts(table.get("env", {}), dict):
        raise DocsError(f"{_TABLE}{where} env is not a table of texts (in quotes)")
    if not isinstance(table.get("needs", ""), str):
        raise DocsError(f"{_TABLE}{where} needs is not the name of one processor flag")
    return Processor(**table)


def _check_keys(where: str, table: Any, known: set[str] | None) -> None:
    if not isinstance(table, dict) or (known is None and not table):
        raise DocsError(f"{_TABLE}{where} is not a table")
    for key in table:
        if known is not None and key not in known:
            raise DocsError(f"{_TABLE}{where} has no setting {key!r}; it has {', '.join(sorted(known))}")


def _texts(value: Any, kind: type) -> bool:
    entries = value.values() if isinstance(value, dict) else value
    return isinstance(value, kind) and all(isinstance(one, str) for one in entries)
