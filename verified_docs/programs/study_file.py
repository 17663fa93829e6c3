"""A study's file, `studies/<name>.py`: shown on pages as a snippet is, but run by its own command, for its own record."""

from __future__ import annotations

import ast
import sys
import traceback
import types
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from verified_docs.base.config import Config, Settings
from verified_docs.base.errors import DocsError
from verified_docs.programs import computing
from verified_docs.programs.snippet import Snippet, conditions
from verified_docs.study import Study

PREFIX = "studies/"


class StudyFile(Snippet):
    """One file of studies/; its record lies in studies/results/."""

    @property
    def name(self) -> str:
        """As prose and links write it: `studies/optimizers`."""
        return f"{PREFIX}{self.path.stem}"

    @property
    def settings(self) -> Settings:
        return Settings()

    @property
    def how_to_accept(self) -> str:
        return f"nox -s studies -- {self.path.stem}"

    @property
    def claims(self) -> list[str]:
        """The condition of every assert in `numbers(results)`."""
        within: list[ast.AST] = [node for node in self._tree.body if getattr(node, "name", None) == "numbers"]
        return conditions(self.source, within)

    @property
    def kept(self) -> Path:
        """Git-ignored: where finished runs wait for the study to be whole."""
        return self.config.cache / "studies" / self.path.stem

    @property
    def parts(self) -> Path:
        """Where finished runs are kept for another day, to be committed."""
        return self.path.parent / "results" / f"{self.path.stem}.parts.json"

    @property
    def is_in_parts(self) -> bool:
        """Whether it is being recorded: some runs are kept, and there is no record yet."""
        return self.parts.is_file() and not self.parts.with_name(f"{self.path.stem}.json").is_file()

    def module(self) -> types.ModuleType:
        """The file, executed; raises DocsError where it defines no study."""
        self.docstring  # noqa: B018  (it raises where there is no question)
        try:
            module = module_from(self.source, str(self.path))
        except DocsError as error:
            raise DocsError(f"{self.place}: {error}") from error
        except Exception as error:
            lines = [
                one.lineno
                for one in traceback.extract_tb(error.__traceback__)
                if one.filename == str(self.path)
            ]
            where = f"{self.place}:{lines[-1]}" if lines else self.place
            raise DocsError(f"{where}: {type(error).__name__}: {error}") from error
        if not isinstance(getattr(module, "study", None), Study):
            raise DocsError(f"{self.place}: defines no `study = Study(…)`")
        return module

    def computing(self, study: Study) -> str:
        """The digest of what its runs depend on."""
        return computing.digest(self.source, study.run.__name__)


def is_study(path: Path, config: Config) -> bool:
    """Whether `path` is a study's file."""
    return (
        path.suffix == ".py"
        and path.parent == config.root / "studies"
        and not path.name.startswith(("_", "."))
        and path.name != "conftest.py"
    )


def every_study(config: Config, *, unfinished: bool = False) -> Iterator[StudyFile]:
    """All studies of the project, in the order of their names; `unfinished` asks for those that are in parts, too."""
    for path in sorted((config.root / "studies").glob("*.py")):
        if is_study(path, config):
            study = StudyFile(path, config)
            if unfinished or not study.is_in_parts:
                yield study


@lru_cache(maxsize=1)
def module_from(source: str, path: str) -> types.ModuleType:
    """The module of a text: workers get the study as it was when it was started, whatever happens to the file."""
    module = types.ModuleType(f"study_{Path(path).stem}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # dataclasses look themselves up there
    # Claims are held under `python -O` too.
    exec(compile(source, path, "exec", dont_inherit=True, optimize=0), module.__dict__)
    return module
