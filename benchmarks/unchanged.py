"""Verifying again when nothing changed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import toy
from benchmarks.table import Row


def nothing_changed() -> list[Row]:
    """`pytest snippets`, from its start to its end, after everything has passed."""
    with tempfile.TemporaryDirectory() as folder:
        project = toy.copy_of_project(Path(folder) / "ours")
        cold = toy.verify(project)
        again = toy.seconds(sys.executable, "-m", "pytest", "snippets", "-q", cwd=project, env={"CI": ""})
        return [
            Row(
                "`pytest snippets`, nothing changed",
                f"a cold run ({cold:.1f} s)",
                again,
                " s",
                2.0,
                at_least=False,
            )
        ]
