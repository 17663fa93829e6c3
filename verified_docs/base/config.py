"""The settings: `[tool.verified_docs]` in pyproject.toml, and `settings.toml` beside the snippets."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from verified_docs.base import files, ledger_settings, plain_settings, system
from verified_docs.base.api_settings import ApiSettings
from verified_docs.base.errors import DocsError
from verified_docs.base.exercise_settings import ExerciseSettings
from verified_docs.base.ledger_settings import LedgerSettings
from verified_docs.base.reading_settings import ReadingSettings


@dataclass(frozen=True)
class Settings:
    """How one snippet is run and compared.

    Attributes:
        seconds: The longest it may run.
        memory_gib: The most memory it may take, beyond what the preloaded modules hold.
        relative: How far a number may differ, as a fraction of the recorded one.
        absolute: How far a number may differ, whatever its size.
        figure: How far what is drawn may differ, as a fraction of the axis (of the values, for colors).
        data: The name of the data that it needs, a key of `[tool.verified_docs.data]`.
        operations: Which of `rare_operations` it uses: on a processor that does these otherwise, it gives other digits.
    """

    seconds: float = 60.0
    memory_gib: float = 4.0
    relative: float = 0.0
    absolute: float = 0.0
    figure: float = 1e-3
    data: str | None = None
    operations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    """Where things are, and in which environment snippets run. Paths are absolute.

    Attributes:
        fingerprint: The function whose digests say which kind of processor this is (see `kinds`).
        rare_operations: Operations of it that make another kind only for snippets which say that they use them.
    """

    root: Path
    preload: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    rare_operations: tuple[str, ...] = ()
    colors: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    exercises: ExerciseSettings = field(default_factory=ExerciseSettings)
    reading: ReadingSettings = field(default_factory=ReadingSettings)

    @property
    def snippets(self) -> Path:
        return self.root / "snippets"

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def cache(self) -> Path:
        """Git-ignored: what has passed on this machine."""
        return self.root / ".verified_docs"

    @cached_property
    def style(self) -> str:
        """The digest of what decides how figures look: the colors, and the files that `env` names (matplotlibrc)."""
        named = [Path(value) for _, value in sorted(self.env.items())]
        contents = [files.digest(path.read_bytes()) for path in named if path.is_file()]
        return files.digest(repr((sorted(self.colors.items()), contents)))

    @cached_property
    def settings(self) -> Mapping[str, Settings]:
        """Settings by snippet name, from snippets/settings.toml."""
        path = self.snippets / "settings.toml"
        if not path.is_file():
            return {}
        return {
            name: _settings(f"{path.relative_to(self.root).as_posix()}: [{name}]", table, self)
            for name, table in _toml(path).items()
        }

    def settings_of(self, name: str) -> Settings:
        return self.settings.get(name, Settings())


def load(root: Path) -> Config | None:
    """The settings of the project at `root`; None where it has no `[tool.verified_docs]`."""
    path = root / "pyproject.toml"
    if not path.is_file():
        return None
    table = _toml(path).get("tool", {}).get("verified_docs")
    if table is None:
        return None
    known = {one.name for one in fields(Config)} - {"root"}
    unknown = sorted(set(table) - known)
    if unknown:
        raise DocsError(
            f"pyproject.toml: [tool.verified_docs] has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}"
        )
    table["env"] = _of_this_architecture(table.get("env", {}))
    for name in ("env", "colors", "data"):
        _texts(name, table.setdefault(name, {}))
    for name, what in (("preload", "modules"), ("rare_operations", "operations of the fingerprint")):
        if not is_list_of_texts(table.setdefault(name, [])):
            raise DocsError(f"pyproject.toml: [tool.verified_docs] {name} is not a list of {what}")
        table[name] = tuple(table[name])
    fingerprint = table.get("fingerprint", "module.function")
    if not (isinstance(fingerprint, str) and "." in fingerprint):
        raise DocsError(
            f'pyproject.toml: [tool.verified_docs] fingerprint = {fingerprint!r} is not a "package.module.function"'
        )
    table["ledger"] = ledger_settings.parsed(table.get("ledger", {}))
    for name, of in (("api", ApiSettings), ("exercises", ExerciseSettings), ("reading", ReadingSettings)):
        table[name] = plain_settings.parsed(of, name, table.get(name, {}))
    table["env"] = {name: value.replace("{root}", str(root)) for name, value in table["env"].items()}
    return Config(root=root, **table)


def find(start: Path) -> Config:
    """The settings of the project that `start` lies in."""
    for folder in (start, *start.parents):
        config = load(folder)
        if config is not None:
            return config
    raise DocsError(f"no pyproject.toml with [tool.verified_docs] in {start} or above it")


def in_ci() -> bool:
    """Whether nothing may be skipped and nothing may be missing."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def _of_this_architecture(env: Any) -> Any:
    """The variables of `[tool.verified_docs.env]`, with those of its table for this machine's processors."""
    if not isinstance(env, dict):
        return env
    tables = {name: table for name, table in env.items() if isinstance(table, dict)}
    for name, table in tables.items():
        if name not in system.ARCHITECTURES:
            raise DocsError(
                f"pyproject.toml: [tool.verified_docs.env.{name}] is for no architecture that is known here: "
                f"{', '.join(system.ARCHITECTURES)}"
            )
        _texts(f"env.{name}", table)
    everywhere = {name: value for name, value in env.items() if name not in tables}
    return {**everywhere, **tables.get(system.architecture(), {})}


def _texts(name: str, table: Any) -> None:
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise DocsError(f"pyproject.toml: [tool.verified_docs.{name}] is not a table of texts (in quotes)")


def is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DocsError(f"{path}: {error}") from error


def _settings(where: str, table: Any, config: Config) -> Settings:
    known = {one.name: one for one in fields(Settings)}
    if not isinstance(table, dict):
        raise DocsError(f"{where} is not a table")
    if not table:
        raise DocsError(f"{where} sets nothing; delete it, or give back what a merge took")
    for key, value in table.items():
        if key not in known:
            raise DocsError(f"{where} has no setting {key!r}; it has {', '.join(sorted(known))}")
        if key == "data":
            if not isinstance(value, str) or value not in config.data:
                raise DocsError(
                    f"{where} needs data {value!r}, which [tool.verified_docs.data] in pyproject.toml lacks"
                )
        elif key == "operations":
            if not is_list_of_texts(value) or not set(value) <= set(config.rare_operations):
                raise DocsError(
                    f"{where}: operations = {value!r} is not a list of some of rare_operations in pyproject.toml"
                )
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise DocsError(f"{where}: {key} = {value!r} is not a number of at least 0")
    return Settings(**{**table, "operations": tuple(table.get("operations", ()))})
