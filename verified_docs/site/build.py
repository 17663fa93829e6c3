"""From pages and records to a site: what is generated beside the pages, and the build that replaces the site whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from verified_docs.base import files
from verified_docs.base.config import Config, in_ci
from verified_docs.base.errors import DocsError
from verified_docs.base.installed import installed
from verified_docs.programs.snippet import every_snippet
from verified_docs.programs.study_file import every_study
from verified_docs.records import record
from verified_docs.site import consistency, unchanged
from verified_docs.site.links import link_names
from verified_docs.site.notebook_pages import share_styles
from verified_docs.site.notebooks import notebook

_META = "search:\n  exclude: true  # A notebook repeats its page.\n"


def generate(config: Config, *, with_notebooks: bool = True) -> int:
    """Write downloads and notebooks into the docs, after checking that everything belongs together; how many programs."""
    files.make_folder(config.cache)
    with files.locked(config.cache):  # not under the hands of a build
        return _generate(config, with_notebooks=with_notebooks)


def _generate(config: Config, *, with_notebooks: bool = True) -> int:
    problems = consistency.problems(config)
    if problems:
        raise DocsError("\n".join([f"{len(problems)} problem(s) in the docs:", *problems]))
    wanted: dict[Path, str] = {}
    snippets = list(every_snippet(config))
    for snippet in snippets:
        wanted[config.docs / "downloads" / f"{snippet.name}.py"] = snippet.source
        made = notebook(snippet, record.fresh(snippet))
        wanted[config.docs / "downloads" / f"{snippet.name}.ipynb"] = made
        if with_notebooks:
            wanted[config.docs / "notebooks" / f"{snippet.name}.ipynb"] = made
            wanted[config.docs / "notebooks" / ".meta.yml"] = _META
    for study in every_study(config):
        wanted[config.docs / "downloads" / f"{study.name}.py"] = study.source
    for folder in ("downloads", "notebooks"):
        for path in (config.docs / folder).rglob("*"):
            if path.is_file() and path not in wanted:
                path.unlink()
    for path, content in wanted.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            files.replace(
                path, content
            )  # an unchanged file keeps its time: `serve` does not build for nothing
    return len(snippets)


def build(config: Config, *, anew: bool = False) -> str:
    """Build the site, strictly, and put it in place of the old one only when it is whole; what was done, in a line.

    Where it is as a build would make it, nothing is done, unless `anew` says so; in CI it always is built.
    """
    site, fresh, old = config.root / "site", config.cache / "site", config.cache / "site.old"
    files.make_folder(config.cache)
    with files.locked(config.cache):  # of two builds at once, the second waits
        made_of = unchanged.made_of(config)
        changed = unchanged.changes(config, made_of)
        if changed == [] and not anew and not in_ci():
            return f"The site in {site} is as it was built: nothing that it is made of has changed."
        _generate(config)
        if old.exists() and not site.exists():
            old.rename(site)  # an earlier build was stopped between the two renames below
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        _mkdocs_build(config, fresh)
        share_styles(fresh)
        link_names(config, fresh)
        if site.exists():
            site.rename(old)
        fresh.rename(site)
        shutil.rmtree(old, ignore_errors=True)
        unchanged.keep(config, made_of)
    return f"The site is in {site}{f'; changed: {unchanged.told(changed)}' if changed else ''}."


def _notebook_cache(config: Config) -> Path:
    """Where the pages of notebooks are kept that were made by these versions of the packages; those of others go."""
    folder = config.cache / "notebooks"
    kept = folder / files.digest("\n".join(installed()))[:16]
    for other in folder.glob("*"):
        if other != kept:
            shutil.rmtree(other, ignore_errors=True)
    return kept


def _mkdocs_build(config: Config, target: Path) -> None:
    """Build strictly. MkDocs' own --quiet would silence the warnings before they are counted, and so let them pass."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    done = subprocess.run(
        command,
        cwd=config.root,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "NOTEBOOK_CACHE": str(_notebook_cache(config))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line and not line.startswith("INFO")]
        raise DocsError("\n".join([*said, "mkdocs build failed; the site that was there is untouched"]))
