"""The kind of processor on which a program runs: processors on which the same program gives the same digits.

What a kind is, the digests of the project's own function say (see `fingerprint`); without one, all processors are
one kind, without a name. The kinds that records were made on stand in snippets/kinds.json, each with its name, the
processor that was seen and its digests. One without digests is named in records, and no machine is taken for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verified_docs.base import files, processor
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.base.installed import installed
from verified_docs.programs.snippet import Snippet

Digests = Mapping[str, str]


@dataclass(frozen=True)
class Kind:
    """One kind of processor.

    Attributes:
        name: As records, the ledger and pages call it; None where the project has no fingerprint.
        processor: What a processor of this kind calls itself.
        digests: By operation.
    """

    name: str | None = None
    processor: str = ""
    digests: Digests = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} ({self.processor})" if self.name else ""

    def of(self, snippet: Snippet) -> str | None:
        """Its name for `snippet`: it differs where an operation that few programs use differs, and this one uses it."""
        if self.name is None:
            return None
        known = registered(snippet.config).get(self.name, self)
        differing = [
            f"+{operation}-{self.digests[operation][:6]}"
            for operation in snippet.settings.operations
            if operation in self.digests and known.digests.get(operation) != self.digests[operation]
        ]
        return "".join([self.name, *differing])


def registered(config: Config) -> dict[str, Kind]:
    """The kinds that records were made on, by name."""
    path = _path(config)
    if not path.is_file():
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return {name: Kind(name, one["processor"], dict(one["digests"])) for name, one in held.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DocsError(
            f"{_place(config)}: is torn or edited by hand ({error!r}); take it from git"
        ) from error


def register(config: Config, kind: Kind) -> None:
    """Write `kind` down, before the first record that names it."""
    if kind.name is None:
        return
    with files.locked(config.snippets):
        known = registered(config)
        if kind.name in known and known[kind.name].digests == kind.digests:
            return
        held = {
            name: {"processor": one.processor, "digests": one.digests}
            for name, one in sorted({**known, kind.name: kind}.items())
        }
        files.replace(_path(config), json.dumps(held, indent=1) + "\n")


def named(config: Config, digests: Digests) -> Kind:
    """The kind that has these digests: a known one, or one named by its maker and what is computed."""
    common = {operation: one for operation, one in digests.items() if operation not in config.rare_operations}
    for kind in registered(config).values():
        shared = common.keys() & kind.digests.keys()
        if shared and all(kind.digests[operation] == common[operation] for operation in shared):
            return Kind(kind.name, kind.processor, digests)
    computed = files.digest(repr(sorted(common.items())))[:6]
    return Kind(f"{processor.maker()}-{computed}", processor.name(), digests)


def here(config: Config, take: Callable[[], Digests]) -> Kind:
    """The kind of this machine, as it was computed last; `take` computes it where that was in other circumstances."""
    if config.fingerprint is None:
        return Kind()
    try:
        held = json.loads(_cache(config).read_text(encoding="utf-8"))
        if held["key"] == _circumstances(config):
            return named(config, held["digests"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none, or not one of ours
    return computed(config, take)


def computed(config: Config, take: Callable[[], Digests]) -> Kind:
    """The kind of this machine, computed now."""
    if config.fingerprint is None:
        return Kind()
    digests = take()
    files.keep(_cache(config), json.dumps({"key": _circumstances(config), "digests": digests}))
    return named(config, digests)


def _path(config: Config) -> Path:
    return config.snippets / "kinds.json"


def _place(config: Config) -> str:
    return _path(config).relative_to(config.root).as_posix()


def _cache(config: Config) -> Path:
    env = files.digest(repr(sorted(config.env.items())))[:12]
    return config.cache / "kind" / f"{env}.json"


def _circumstances(config: Config) -> str:
    """What the digests depend on, as far as it can be seen without computing."""
    name = config.fingerprint or ""
    source = config.root / Path(*name.split(".")[:-1]).with_suffix(".py")
    text = source.read_bytes() if source.is_file() else b""
    settings = (name, files.digest(text), sorted(config.env.items()), config.preload)
    return files.digest(repr((processor.identity(), settings, sys.version, installed())))
