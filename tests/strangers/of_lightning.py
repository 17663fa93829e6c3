"""Use every piece on strangers of the package `lightning`: `of_lightning()` starts a process, which runs `main`."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from fitting import LIGHTNING, STRANGERS
from outcomes import Outcome, outcome_of
from pieces import every_piece

# The strangers' files import pytorch_lightning, and get lightning.
PROGRAM = "import lightning_modules.with_lightning, of_lightning; of_lightning.main()"


def of_lightning(names: Collection[str] = ()) -> dict[tuple[str, str], tuple[Outcome, str]]:
    """By piece and stranger, the outcome and its traceback or digest.

    Args:
        names: The pieces; none are all.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        shared = os.environ | {
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        subprocess.run([sys.executable, "-c", PROGRAM, path, *names], env=shared, check=True, timeout=1200)
        return {
            (name, stranger): (Outcome(**outcome), text)
            for name, stranger, outcome, text in json.loads(path.read_text())
        }


def main() -> None:
    """Run as the process, whose arguments are a file for what is found, and the pieces."""
    path, *names = sys.argv[1:]
    found = []
    for name, piece in every_piece().items():
        for stranger, (_, kind) in STRANGERS.items() if name in names or not names else ():
            assert kind.__base__.__module__.startswith("lightning.pytorch.")
            outcome, text = outcome_of(piece, stranger, LIGHTNING)
            found.append([name, stranger, vars(outcome), text])
    Path(path).write_text(json.dumps(found))
