"""Projects to verify: the same programs as our snippets, as notebooks for mkdocs-jupyter, and for jupyter-cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from nbformat import v4, write

ROOT = Path(__file__).parent.parent
CORES = os.cpu_count() or 1

_SITE = """site_name: peer
plugins:
  - mkdocs-jupyter: {execute: true, allow_errors: false}
"""
_CACHE = """
import sys
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor

cache = get_cache(sys.argv[1])
for notebook in sys.argv[2:]:
    cache.add_nb_to_project(notebook)
result = load_executor("local-parallel", cache).run_and_cache(timeout=600)
assert len(result.succeeded) == len(sys.argv) - 2, result
"""


def seconds(*command: str, cwd: Path, env: dict[str, str] | None = None) -> float:
    """How long a command takes; raises where it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return took


def verify(project: Path, *options: str) -> float:
    """`pytest snippets` on all cores, nothing skipped."""
    return seconds(
        sys.executable, "-m", "pytest", "snippets", "--all", "-q", "-n", str(CORES), "--maxschedchunk", "1", *options,
        cwd=project,
    )  # fmt: skip


def notebooks(programs: list[Path], folder: Path) -> list[Path]:
    """The programs as notebooks without outputs."""
    folder.mkdir(parents=True)
    made = []
    for number, program in enumerate(programs):
        made.append(folder / f"{number:02}_{program.stem}.ipynb")
        cell = v4.new_code_cell(program.read_text(encoding="utf-8"))
        write(v4.new_notebook(cells=[cell], metadata={"kernelspec": _KERNEL}), made[-1])
    return made


_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def mkdocs_jupyter(programs: list[Path], folder: Path) -> float:
    """`mkdocs build` with mkdocs-jupyter executing the notebooks."""
    notebooks(programs, folder / "docs")
    (folder / "docs" / "index.md").write_text("# Peer\n")
    (folder / "mkdocs.yml").write_text(_SITE)
    return seconds(sys.executable, "-m", "mkdocs", "build", "-q", cwd=folder, env=_environment())


def jupyter_cache(programs: list[Path], folder: Path) -> float:
    """jupyter-cache's local-parallel executor on the same notebooks."""
    made = notebooks(programs, folder / "nbs")
    return seconds(
        sys.executable, "-c", _CACHE, str(folder / "cache"), *map(str, made), cwd=folder, env=_environment()
    )


def _environment() -> dict[str, str]:
    """With which the peers find the installed kernel, and our library wherever they run."""
    return {"PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def copy_of_project(folder: Path) -> Path:
    """What `pytest snippets` needs, without what has passed here."""
    for name in ("pyproject.toml", "snippets", "docs", "lightning_modules", "verified_docs"):
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("downloads", "notebooks", "__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    return folder
