"""Whether the site is still what a build would make: a digest of each thing that it is made of, kept beside it.

It may be made of every file of the project that is no cache, of the packages that are installed, of Python, of the
processor, which is told on pages, and of the variables that mkdocs.yml reads. Whoever doubts it says `build --anew`.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from verified_docs.base import files, processor
from verified_docs.base.config import Config
from verified_docs.base.installed import installed

_ENV = re.compile(r"!ENV\s+\[?\s*(\w+)")
_MADE = ("site", "docs/downloads", "docs/notebooks")  # by a build itself
_TOLD = 3  # of what changed


def made_of(config: Config) -> dict[str, str]:
    """The digest of each thing that a site is made of, by its name."""
    found = {
        path.relative_to(config.root).as_posix(): files.digest(path.read_bytes())
        for path in _files(config.root, config.root)
    }
    settings = config.root / "mkdocs.yml"
    named = _ENV.findall(settings.read_text(encoding="utf-8")) if settings.is_file() else []
    variables = {f"the variable {name}": os.environ.get(name, "") for name in named}
    others = {
        **variables,
        "Python": platform.python_version(),
        "the installed packages": "\n".join(installed()),
        "the processor": processor.name(),
    }
    return {**found, **{name: files.digest(value) for name, value in others.items()}}


def _files(folder: Path, root: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") or path.name == "__pycache__" or path.suffix == ".egg-info"
        if hidden or path.relative_to(root).as_posix() in _MADE:
            continue
        if path.is_dir():
            yield from _files(path, root)
        elif path.is_file():
            yield path


def keep(config: Config, made: dict[str, str]) -> None:
    """Note what the site was made of that has just been built."""
    held = {"made_of": made, "site": _as_it_lies(config)}
    files.replace(_note(config), json.dumps(held, indent=0))


def changes(config: Config, now: dict[str, str]) -> list[str] | None:
    """What is another since the site was built; empty where nothing is, None where there is no such site."""
    try:
        held = json.loads(_note(config).read_text(encoding="utf-8"))
        before: dict[str, str] = held["made_of"]
        if held["site"] != _as_it_lies(config):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def told(changed: list[str]) -> str:
    """Some of what changed, in a line.

    >>> told(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = len(changed) - _TOLD
    return ", ".join(changed[:_TOLD]) + (f" and {more} more" if more > 0 else "")


def _note(config: Config) -> Path:
    return config.cache / "built.json"


def _as_it_lies(config: Config) -> str:
    """The digest of the site's files: their names, sizes and times."""
    site = config.root / "site"
    there = sorted(
        (path.relative_to(site).as_posix(), *_size_and_time(path))
        for path in site.rglob("*")
        if path.is_file()
    )
    return files.digest(repr(there))


def _size_and_time(path: Path) -> tuple[int, int]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns
