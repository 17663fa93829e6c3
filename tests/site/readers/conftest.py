"""What a reader takes from the site works where only the library is installed: `nox -s readers`.

READERS_PYTHON names the Python of that environment. Without it there is nothing to test here.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

sys.path.insert(0, str(Path(__file__).parent))  # For the helper beside this file, in any import mode.

from browsing import ROOT, SITE, pages, programs
from copying import Shown, shown
from reader import Reader

from verified_docs.base import config
from verified_docs.base.config import Config
from verified_docs.programs.snippet import every_snippet
from verified_docs.records import record
from verified_docs.running.runner import kind_of_this_machine

PYTHON = os.environ.get("READERS_PYTHON")
collect_ignore_glob = [] if PYTHON else ["test_*.py"]

# Matplotlib tells on stderr that it lists the fonts, once a machine: not in the middle of a program.
LOOK_AROUND = """
import importlib.util, pathlib, sys
import lightning_modules, matplotlib.font_manager
place = pathlib.Path(lightning_modules.__file__)
assert place.is_relative_to(sys.prefix), f"lightning_modules is not the installed one, but {place}"
assert not importlib.util.find_spec("verified_docs"), "verified_docs can be imported, which no reader has"
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each program that a page shows, and for each notebook that can be downloaded."""
    if "program" in metafunc.fixturenames:
        found = {program: path for path in pages() for program in programs(SITE, path)}
        # A study takes hours, and is run in the repository.
        found = {program: path for program, path in found.items() if program.startswith("snippets/")}
        names = [program.removeprefix("snippets/").removesuffix(".py") for program in found]
        metafunc.parametrize(("program", "path"), found.items(), ids=names)
    if "notebook" in metafunc.fixturenames:
        downloads = SITE / "downloads"
        names = sorted(
            path.relative_to(downloads).with_suffix("").as_posix() for path in downloads.rglob("*.ipynb")
        )
        metafunc.parametrize("notebook", names)


@pytest.fixture(scope="session")
def project() -> Config:
    found = config.load(ROOT)
    assert found
    return found


@pytest.fixture(scope="session")
def recorded_here(project: Config) -> set[str]:
    """The programs whose record was made on this kind of processor: only these give what the page shows to the digit."""
    kind = kind_of_this_machine(project)
    return {one.name for one in every_snippet(project) if record.fresh(one).kind == kind.of(one)}


@pytest.fixture(scope="session")
def readers_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of the readers' environment, which has the library and nothing else of the repository."""
    assert PYTHON
    nowhere = tmp_path_factory.mktemp("nowhere")
    looked = subprocess.run([PYTHON, "-c", LOOK_AROUND], cwd=nowhere, capture_output=True, text=True)
    if looked.returncode:
        pytest.fail(f"{PYTHON} is no reader's: {looked.stderr}", pytrace=False)
    return PYTHON


@pytest.fixture
def reader(readers_python: str, tmp_path: Path, project: Config) -> Reader:
    return Reader(readers_python, tmp_path, project)


@pytest.fixture(scope="session")
def copied(desk: BrowserContext, address: str) -> Callable[[str], dict[str, Shown]]:
    """The programs of a page by their paths, copied by the page's buttons, once."""

    @cache
    def copy(path: str) -> dict[str, Shown]:
        with contextlib.closing(desk.new_page()) as page:
            page.goto(f"{address}/{path}")
            return {one.program: one for one in shown(page)}

    return copy
