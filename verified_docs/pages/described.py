"""Whether every public name stands on one API page, with a docstring that names all its arguments and attributes.

Public is what the `__all__` of a package of `[tool.verified_docs.api]` lists. A page shows it with mkdocstrings'
`::: package.module`. Whatever else such a line shows is held to the same: a docstring, every argument under Args or
named in `backticks`, every attribute. The source is read (by griffe, as mkdocstrings does), never imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import griffe

from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.pages.page import every_page

_SHOWN = re.compile(r"::: +(?P<path>[\w.]+)\s*")
_FENCE = re.compile(r"^[ \t]*```.*?```", re.DOTALL | re.MULTILINE)


def problems(config: Config) -> list[str]:
    """What is not described, a message each; empty where everything is, or where no package is named."""
    if not config.api.packages:
        return []
    try:
        source = _Source(config)
        public = source.public()
        pages = _Pages(config, source)
    except DocsError as error:
        return [str(error)]
    found = list(pages.problems)
    for path, names in public.items():
        places = pages.places.get(path, [])
        if not places:
            found.append(
                f"{names[0]}: is public, and no page shows it; give one the line `::: {path.rpartition('.')[0]}`"
            )
        elif len(places) > 1:
            found.append(f"{names[0]}: is shown at {' and at '.join(places)}; one of them is enough")
    for path in dict.fromkeys([*public, *pages.places]):
        found += source.undescribed(source.at(path))
    return found


def public_names(config: Config) -> list[str]:
    """Every public name, as it is imported: `package.Name`."""
    return [name for names in _Source(config).public().values() for name in names]


@dataclass
class _Source:
    """The packages, read."""

    config: Config
    _tops: dict[str, griffe.Object] = field(default_factory=dict)

    def at(self, path: str) -> griffe.Object:
        """The module, class, function or value at a dotted path, at home where it is defined."""
        top, _, rest = path.partition(".")
        if top not in self._tops:
            try:
                loaded = griffe.load(
                    top,
                    search_paths=[self.config.root],
                    allow_inspection=False,
                    docstring_parser=griffe.Parser.google,
                    docstring_options={"warnings": False},  # mkdocstrings says them, in the build
                )
            except ImportError as error:
                raise DocsError(f"{path}: there is no package {top!r} in {self.config.root}") from error
            self._tops[top] = _home(loaded)
        found = self._tops[top]
        try:
            for part in rest.split(".") if rest else []:
                found = _home(found.members[part])
        except KeyError as error:
            raise DocsError(f"{path}: there is nothing of that name") from error
        except griffe.AliasResolutionError as error:
            raise DocsError(f"{path}: is imported from {error.alias.target_path}, where it is not") from error
        return found

    def public(self) -> dict[str, list[str]]:
        """Every public object by its path, with the names under which it is public."""
        found: dict[str, list[str]] = {}
        for package in self.config.api.packages:
            names = self.at(package).exports
            if names is None:
                raise DocsError(
                    f"{package}: is public, and has no __all__ that can be read without running it"
                )
            for name in names:
                path = f"{package}.{name}"
                found.setdefault(self.at(path).path, []).append(path)
        return found

    def shown_by(self, path: str) -> list[griffe.Object]:
        """What `::: path` shows: one object, or what a module defines or lists in its `__all__`."""
        given = self.at(path)
        if not given.is_module:
            return [given]
        listed = given.exports or ()
        members = [
            self.at(f"{path}.{name}")
            for name, member in given.members.items()
            if not name.startswith("_") and (name in listed or not member.is_alias)
        ]
        # A module's constants and types without a docstring are shown nowhere.
        return [one for one in members if one.is_class or one.is_function or one.has_docstring]

    def undescribed(self, described: griffe.Object) -> Iterator[str]:
        """What the docstrings of an object and its members do not say."""
        name = described.path.removeprefix(f"{described.module.path}.")
        where = f"{self._place(described)}: {name}"
        if not described.has_docstring:
            yield f"{where} is shown to readers, and has no docstring"
            return
        said = _words(self._docstrings(described))
        if isinstance(described, griffe.Class | griffe.Function):
            silent = [
                one.name
                for one in described.parameters
                if one.name not in ("self", "cls") and not one.name.startswith("_") and one.name not in said
            ]
            if silent:
                listed = ", ".join(f"`{one}`" for one in silent)
                are = "is" if len(silent) == 1 else "are"
                yield f"{where} does not say what {listed} {are}: write a line under Args, or its name in `backticks`"
                said |= {*silent}
        if isinstance(described, griffe.Class):
            for member in self._members(described):
                if member.is_attribute and not member.has_docstring:
                    if member.name not in said:
                        yield (
                            f"{self._place(member)}: {name}.{member.name} is public, and not described: write a line "
                            "under Attributes, or an underscore before its name"
                        )
                elif not member.is_module:
                    yield from self.undescribed(member)

    def _members(self, owner: griffe.Class) -> Iterator[griffe.Object]:
        for name, member in owner.members.items():
            hook = any(fnmatch(name, pattern) for pattern in self.config.api.hooks)
            if not (name.startswith("_") or hook or member.is_alias):
                yield _home(member)

    def _docstrings(self, described: griffe.Object) -> Iterator[griffe.Docstring]:
        """An object's own docstring, and those of what it overrides: they hold for it, too."""
        owners: Iterable[griffe.Object] = [described]
        if isinstance(described, griffe.Class):
            owners = [described, *described.mro()]
        elif isinstance(described.parent, griffe.Class):
            bases = described.parent.mro()
            owners = [
                described,
                *(_home(base.members[described.name]) for base in bases if described.name in base.members),
            ]
        for owner in owners:
            for one in (owner, owner.members.get("__init__") if owner.is_class else None):
                if one is not None and one.docstring:
                    yield one.docstring

    def _place(self, described: griffe.Object) -> str:
        path = described.filepath
        file = (
            path.relative_to(self.config.root).as_posix() if isinstance(path, Path) else described.module.path
        )
        return f"{file}:{described.lineno}"


class _Pages:
    """Which pages show what, by its path; and the lines that show nothing."""

    def __init__(self, config: Config, source: _Source) -> None:
        self.places: dict[str, list[str]] = {}
        self.problems: list[str] = []
        tops = {package.partition(".")[0] for package in config.api.packages}
        for page in every_page(config):
            lines = page.text.split("\n")
            for number in page.unfenced():
                match = _SHOWN.fullmatch(lines[number])
                if not match or match["path"].partition(".")[0] not in tops:
                    continue
                place = f"{page.place}:{number + 1}"
                try:
                    shown = source.shown_by(match["path"])
                except DocsError as error:
                    self.problems.append(f"{place}: shows {error}")
                    continue
                for one in shown:
                    self.places.setdefault(one.path, []).append(place)


def _home(found: griffe.Object | griffe.Alias) -> griffe.Object:
    return found.final_target if isinstance(found, griffe.Alias) else found


def _words(docstrings: Iterable[griffe.Docstring]) -> set[str]:
    """What docstrings describe: the names under Args and Attributes, and every word in `backticks`."""
    found: set[str] = set()
    for docstring in docstrings:
        for section in docstring.parsed:
            if section.kind in (
                griffe.DocstringSectionKind.parameters,
                griffe.DocstringSectionKind.other_parameters,
                griffe.DocstringSectionKind.attributes,
            ):
                found.update(one.name.lstrip("*") for one in section.value)
        for code in re.findall(r"`([^`]+)`", _FENCE.sub("", docstring.value)):
            found.update(re.findall(r"\w+", code))
    return found
