"""Projects to run programs in."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # For the helpers beside this file, in any import mode.

from toy_project import Project

from verified_docs.running.runner import Runner


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.configure()
    return made


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all the tests of a module that only run programs; matplotlib is preloaded."""
    made = Project(tmp_path_factory.mktemp("project"))
    made.configure('preload = ["matplotlib.pyplot"]')
    return made


@pytest.fixture(scope="module")
def runner(shared_project: Project) -> Iterator[Runner]:
    made = Runner(shared_project.config)
    yield made
    made.close()
