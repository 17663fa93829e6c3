"""A snippet: a program that a page shows whole, read but not run.

Its docstring's first line asks a question or claims something, the rest is the caption (and the alt text of its
figure); what it prints is the answer; every `assert` is a claim.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from verified_docs.base import files
from verified_docs.base.config import Config, Settings
from verified_docs.base.errors import DocsError


@dataclass(frozen=True)
class Snippet:
    """One program below snippets/."""

    path: Path
    config: Config = field(compare=False)

    @property
    def name(self) -> str:
        """Its path below snippets/, without the suffix: `gradients/initialization/torch_default`."""
        return self.path.relative_to(self.config.snippets).with_suffix("").as_posix()

    @property
    def place(self) -> str:
        """Its path as pages and messages write it: `snippets/gradients/initialization/torch_default.py`."""
        return self.path.relative_to(self.config.root).as_posix()

    @property
    def settings(self) -> Settings:
        return self.config.settings_of(self.name)

    @cached_property
    def source(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise DocsError(f"{self.place}: is not UTF-8 ({error})") from error
        except OSError as error:
            raise DocsError(f"{self.place}: {files.why_unread(self.path, error)}") from error

    @property
    def digest(self) -> str:
        return files.digest(self.source)

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return _parsed(self.source, str(self.path))
        except SyntaxError as error:
            raise DocsError(f"{self.place}:{error.lineno}: SyntaxError: {error.msg}") from error
        except ValueError as error:  # a null byte
            raise DocsError(f"{self.place}: {error}") from error

    @cached_property
    def docstring(self) -> str:
        text = ast.get_docstring(self._tree)
        if not text:
            raise DocsError(
                f"{self.place}:1: a snippet begins with a docstring whose first line asks its question"
            )
        return text

    @property
    def question(self) -> str:
        return self.docstring.splitlines()[0]

    @property
    def caption(self) -> str:
        """The docstring without its first line, as one paragraph; may be empty."""
        return " ".join(self.docstring.splitlines()[1:]).strip()

    @property
    def how_to_accept(self) -> str:
        """The command that makes its record."""
        return f"nox -s record -- {self.place}"

    @property
    def claims(self) -> list[str]:
        """The condition of every assert, as written."""
        return list(_conditions(self.source, str(self.path)))

    @property
    def claim_lines(self) -> list[int]:
        """The line of every assert."""
        return [node.lineno for node in asserts([self._tree])]

    @property
    def code(self) -> str:
        """The program without its docstring."""
        self.docstring  # noqa: B018  (it raises where there is none)
        first = self._tree.body[0]
        return "".join(self.source.splitlines(keepends=True)[first.end_lineno :]).lstrip("\n")

    @property
    def code_digest(self) -> str:
        """The digest of what is run: a better caption leaves it as it is."""
        return files.digest(self.code)


# Pages ask for the same programs some hundred times.


@lru_cache(maxsize=512)
def _parsed(source: str, path: str) -> ast.Module:
    return ast.parse(source, filename=path)


@lru_cache(maxsize=512)
def _conditions(source: str, path: str) -> tuple[str, ...]:
    return tuple(conditions(source, [_parsed(source, path)]))


def asserts(within: list[ast.AST]) -> list[ast.Assert]:
    """Every assert of some syntax trees, in the order of the text."""
    found = [node for tree in within for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def conditions(source: str, within: list[ast.AST]) -> list[str]:
    """The condition of each assert of some of a program's syntax trees, as written."""
    return [" ".join((ast.get_source_segment(source, node.test) or "").split()) for node in asserts(within)]


def is_snippet(path: Path, config: Config) -> bool:
    """Whether `path` is a program that a page may show."""
    return (
        path.suffix == ".py"
        and path.is_relative_to(config.snippets)
        and not path.name.startswith(("_", "."))
        and path.name != "conftest.py"
        and "results" not in path.relative_to(config.snippets).parts[:-1]
    )


def every_snippet(config: Config) -> Iterator[Snippet]:
    """All snippets of the project, in the order of their names."""
    for path in sorted(config.snippets.rglob("*.py")):
        if is_snippet(path, config):
            yield Snippet(path, config)
