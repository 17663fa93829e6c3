"""Real programs on a real other kind, which every machine has: the instructions of fifteen years ago.

A few on every push; all of them weekly, by `nox -s docs -- --processor default --all`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from verified_docs.base.config import find
from verified_docs.records.kinds import registered

CONFIG = find(Path(__file__).parent)
PROGRAMS = [
    "gradients/index/saturation",  # the same digits everywhere
    "optimizers/adagrad/rate",  # ends a unit of its last digit apart
    "schedules/cosine/cosine",  # trains
    "symptoms/first_minute",
]


@pytest.fixture(scope="module")
def said() -> str:
    paths = [f"snippets/{name}.py" for name in PROGRAMS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--all", "--processor", "default", *paths],
        cwd=CONFIG.root,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_programs_pass_on_another_kind_of_processor(said: str):
    assert f"{len(PROGRAMS)} passed" in said


def test_the_summary_names_a_kind_on_which_nothing_was_recorded(said: str):
    [(kind, counts)] = re.findall(r"^on (\S+) \(.*\): (.*)$", said, re.MULTILINE)
    assert kind not in registered(CONFIG)
    assert counts.endswith("0 failed")
