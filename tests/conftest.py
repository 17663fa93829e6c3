"""What tests of several folders use."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import lightning_modules

# A machine that is busy with other things takes its time, which is no fault of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

PATIENCE = 300  # seconds: processes that wait for one another would wait for ever


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., None]:
    """Run a program, one thread a process; its arguments are `tmp_path` and what else is given."""
    library = str(Path(lightning_modules.__file__).parents[1])
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": library}

    def run(text: str, *arguments: str) -> None:
        if "ddp_fork" in text and sys.platform != "linux":
            pytest.skip("a process that has imported torch is forked on Linux only")
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(text))
        subprocess.run([sys.executable, path, tmp_path, *arguments], check=True, env=env, timeout=PATIENCE)

    return run
