"""The site while it is being written: pages are rebuilt as they are saved, and an edited program runs again, alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from verified_docs.base.config import Config, find
from verified_docs.base.errors import DocsError
from verified_docs.pages.page import every_quote
from verified_docs.programs.snippet import Snippet, every_snippet
from verified_docs.records import kinds
from verified_docs.running.runner import Runner
from verified_docs.site.build import generate
from verified_docs.verifying.accept import accept

_PAUSE = 0.3  # seconds between two looks at the programs


def serve(config: Config, arguments: list[str]) -> None:
    """Serve until Ctrl-C. `arguments` go to `mkdocs serve`."""
    try:
        generate(config, with_notebooks=False)
    except DocsError as error:
        print(error, file=sys.stderr)  # pages mark what is stale; the author mends it while looking
    env = {**os.environ, "VERIFIED_DOCS_STALE": "mark", "NOTEBOOKS": "false"}
    # Without --livereload, MkDocs 1.6.1 with click 8.3 or newer serves but never reloads.
    # --dirty builds the saved page alone.
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload", "--dirty", "--no-strict", *arguments]
    server = subprocess.Popen(command, cwd=config.root, env=env)
    runner = Runner(config)
    try:
        _follow(config, runner, server)
        if server.returncode:
            raise DocsError(f"mkdocs serve ended by itself, with code {server.returncode}: see above")
    except KeyboardInterrupt:
        pass
    finally:
        runner.close()
        server.terminate()
        server.wait()


def _follow(config: Config, runner: Runner, server: subprocess.Popen[bytes]) -> None:
    config.style  # noqa: B018  (the digest of what the runner draws in, whatever is edited later)
    seen = _saved(config)
    while server.poll() is None:
        time.sleep(_PAUSE)
        now = _saved(config)
        for path, when in now.items():
            if seen.get(path) != when:
                run_again(path, config, runner)
                touch_pages(path, config)
        seen = now


def touch_pages(program: Path, config: Config) -> None:
    """Let MkDocs build the pages again that embed or quote a program: their own text is as it was."""
    for page in config.docs.rglob("*.md"):
        with suppress(OSError, UnicodeDecodeError):  # being replaced, or of another kind
            if program.stem in page.read_text(encoding="utf-8"):
                page.touch()


def _saved(config: Config) -> dict[Path, float]:
    """When each program was last saved."""
    found = {}
    for snippet in every_snippet(config):
        try:
            found[snippet.path] = snippet.path.stat().st_mtime
        except FileNotFoundError:
            continue  # being replaced
    return found


def run_again(path: Path, config: Config, runner: Runner) -> None:
    """Run the program at `path` and make what it gives its record; say what came of it."""
    started = time.monotonic()
    try:
        now = find(config.root)  # settings may have changed, too
        if now.style != config.style:  # what draws has the old one
            raise DocsError("the colors or a file of the figures' style changed: start nox -s serve again")
        snippet = Snippet(path, now)
        snippet.docstring  # noqa: B018  (it raises where the program cannot be read)
        results = runner.run(snippet)
        kind = kinds.here(now, runner.fingerprint)
        changed = accept(snippet, results, every_quote(now).get(snippet.name, []), kind)
    except (DocsError, FileNotFoundError) as error:
        print(f"\n{error}\n", file=sys.stderr)
        return
    what = "recorded; look at the difference before you commit" if changed else "its results are as recorded"
    print(f"{snippet.place}: ran in {time.monotonic() - started:.1f} s, {what}", file=sys.stderr)
