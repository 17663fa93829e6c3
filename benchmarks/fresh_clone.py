"""The site from the records alone, in an environment that has no torch."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from benchmarks import toy
from benchmarks.table import Row

_ENVIRONMENT = toy.ROOT / ".nox" / "without_torch"


def site_without_torch() -> list[Row]:
    """Clone, generate and build, notebooks aside, against the build in the full environment."""
    python = _python()
    if not subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode:
        raise SystemExit(f"{_ENVIRONMENT} has torch; delete it and measure again")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        toy.seconds("git", "clone", "--quiet", str(toy.ROOT), str(clone), cwd=toy.ROOT)
        with_torch = _build(sys.executable, clone)
        without = _build(python, clone)
    what = "generate and build a clone's site without torch, notebooks aside"
    return [Row(what, f"with torch ({with_torch:.1f} s)", without, " s", 20, at_least=False)]


def _build(python: str, clone: Path) -> float:
    env = {"NOTEBOOKS": "false"}
    generate = toy.seconds(
        python, "-m", "verified_docs", "generate", "--without-notebooks", cwd=clone, env=env
    )
    return generate + toy.seconds(python, "-m", "mkdocs", "build", "--strict", "-q", cwd=clone, env=env)


def _python() -> str:
    """An environment with the docs' requirements only, made at the first call."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.is_file():
        wanted = tomllib.loads((toy.ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][
            "docs"
        ]
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "-c", str(toy.ROOT / "constraints.txt"), *wanted],
            check=True,
        )
    return str(python)
