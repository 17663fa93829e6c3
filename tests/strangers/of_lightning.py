"""Use every piece on strangers of the package `lightning`: `of_lightning()` starts a process, this file is what it runs."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path


def of_lightning(names: Collection[str] = ()) -> dict[tuple[str, str], tuple["Outcome", str]]:
    """By piece and stranger, the outcome and its traceback or digest.

    Args:
        names: The pieces; none are all.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        shared = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        subprocess.run([sys.executable, __file__, path, *names], env=shared, check=True, timeout=1200)
        return {
            (name, stranger): (Outcome(**outcome), text)
            for name, stranger, outcome, text in json.loads(path.read_text())
        }


def main(path: Path, names: Collection[str]) -> None:
    """Run as the process. The strangers' files import pytorch_lightning, and get lightning."""
    found = []
    for name, piece in every_piece().items():
        for stranger in STRANGERS if name in names or not names else ():
            assert STRANGERS[stranger][1].__mro__[1].__module__.startswith("lightning.pytorch.")
            outcome, text = outcome_of(piece, stranger, LIGHTNING)
            found.append([name, stranger, vars(outcome), text])
    path.write_text(json.dumps(found))


if __name__ == "__main__":
    pass  # before all that imports Lightning

from fitting import LIGHTNING, STRANGERS  # noqa: E402
from outcomes import Outcome, outcome_of  # noqa: E402
from pieces import every_piece  # noqa: E402

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
