"""Verifying programs from nothing, against the two ways in which notebooks are executed for a site."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks import toy
from benchmarks.table import Row
from verified_docs.base.config import find
from verified_docs.programs.snippet import every_snippet

_PROGRAM = '''"""Does program {number} compute for half a second?"""

import time

import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch

started = time.process_time()
while time.process_time() - started < 0.5:
    torch.randn(100, 100) @ torch.randn(100, 100)
print("done {number}")
'''


def half_second_snippets() -> list[Row]:
    """Eight programs of half a second that import what the guide's import; then the efficiency of that run."""
    with tempfile.TemporaryDirectory() as folder:
        project = toy.copy_of_project(Path(folder) / "ours")
        for path in sorted((project / "snippets").rglob("*"), reverse=True):
            if path.name not in ("matplotlibrc",):
                path.rmdir() if path.is_dir() else path.unlink()
        programs = []
        for number in range(8):
            programs.append(project / "snippets" / "toy" / f"program_{number}.py")
            programs[-1].parent.mkdir(exist_ok=True)
            programs[-1].write_text(_PROGRAM.format(number=number))
        toy.verify(project, "--record")
        ours = toy.verify(project)
        rows = _against_peers(f"8 half-second snippets ({ours:.1f} s)", ours, programs, Path(folder), 8.0)

        own = sum(json.loads(path.read_text())["seconds"] for path in (project / "snippets").rglob("*.json"))
        modules = ", ".join(find(project).preload)
        imports = toy.seconds(sys.executable, "-c", f"import {modules}", cwd=project)
        ideal = own / toy.CORES
        rows.append(
            Row(
                f"wall time of that run less one import ({ours - imports:.1f} s)",
                f"the snippets' own time / cores ({ideal:.1f} s)",
                (ours - imports) / ideal,
                "x",
                1.25,
                at_least=False,
            )
        )
        return rows


def the_guides_own_snippets() -> list[Row]:
    """Everything that the site shows."""
    with tempfile.TemporaryDirectory() as folder:
        project = toy.copy_of_project(Path(folder) / "ours")
        ours = toy.verify(project)
        programs = [snippet.path for snippet in every_snippet(find(project))]
        what = f"the guide's {len(programs)} snippets ({ours:.1f} s)"
        return _against_peers(what, ours, programs, Path(folder), 4.0)


def _against_peers(what: str, ours: float, programs: list[Path], folder: Path, target: float) -> list[Row]:
    rows = []
    for name, peer in (
        ("mkdocs-jupyter, execute: true", toy.mkdocs_jupyter),
        ("jupyter-cache, local-parallel", toy.jupyter_cache),
    ):
        took = peer(programs, folder / name.split(",")[0])
        rows.append(Row(what, f"{name} ({took:.1f} s)", took / ours, "x", target, at_least=True))
    return rows
