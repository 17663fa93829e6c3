"""How heavy pages are."""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
from pathlib import Path

from benchmarks import toy
from benchmarks.table import Row

_FIGURE = re.compile(r"<svg[^>]*role=\"img\".*?</svg>|<img[^>]*data:image[^>]*>", re.DOTALL)


def pages() -> list[Row]:
    """The initialization page and its notebooks, against the page that mkdocs-jupyter makes of one small snippet."""
    site = toy.ROOT / "site"
    if not site.is_dir():
        raise SystemExit(f"There is no {site}: build it, nox -s docs")
    page = (site / "gradients" / "initialization" / "index.html").read_text(encoding="utf-8")
    ours = len(gzip.compress(_FIGURE.sub("", page).encode())) / 1000
    notebook = (
        site / "notebooks" / "gradients" / "initialization" / "torch_default" / "index.html"
    ).read_text(encoding="utf-8")
    light = len(_FIGURE.sub("", notebook).encode()) / 1000
    with tempfile.TemporaryDirectory() as folder:
        program = toy.ROOT / "snippets" / "gradients" / "index" / "symmetry.py"
        toy.notebooks([program], Path(folder) / "docs")
        (Path(folder) / "docs" / "index.md").write_text("# Peer\n")
        (Path(folder) / "mkdocs.yml").write_text(
            "site_name: peer\ntheme: {name: material}\nplugins: [{mkdocs-jupyter: {execute: false}}]\n"
        )
        toy.seconds(sys.executable, "-m", "mkdocs", "build", "-q", cwd=Path(folder))
        heavy = (Path(folder) / "site" / "00_symmetry" / "index.html").read_bytes()
    zipped = len(gzip.compress(heavy)) / 1000
    return [
        Row(
            "initialization page, gzipped, without figures",
            f"one mkdocs-jupyter page ({zipped:.0f} kB)",
            ours,
            " kB",
            25,
            at_least=False,
        ),
        Row(
            "a notebook page, without figures",
            f"the plugin's own ({len(heavy) / 1000:.0f} kB)",
            light,
            " kB",
            60,
            at_least=False,
        ),
    ]
