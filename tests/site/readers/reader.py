"""A reader: an installed library, an empty folder, and what comes out of a program or a notebook there."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat

from verified_docs.base import compare
from verified_docs.base.config import Config, Settings

PATIENCE = 5  # times as long as the repository allows: a reader's machine imports everything anew
# The command `jupyter execute`, without its folder on the PATH.
EXECUTE = "from nbclient.cli import main; main()"
# What would lead to the repository, to another Python's packages, to a screen, or to the look of the site's figures.
FOREIGN = ("PYTHON", "PYTEST", "VIRTUAL_ENV", "DISPLAY", "WAYLAND", "MPL", "MATPLOTLIB", "JUPYTER", "IPYTHON")


@dataclass(frozen=True)
class Outcome:
    """What a run printed and drew; what else it said, and why it did not come to its end (empty: it did)."""

    printed: str
    figures: int = 0
    said: str = ""
    failure: str = ""

    def unlike(self, shown: "Outcome", settings: Settings) -> list[str]:
        """How it differs from what is shown, numbers within the program's tolerance; a line for each difference."""
        if self.failure:
            return [self.failure]
        found = [f"says what nothing shows:\n{self.said.rstrip()}"] if self.said.strip() else []
        for one in compare.differences(
            shown.printed, self.printed, relative=settings.relative, absolute=settings.absolute
        ):
            found.append(f"line {one.line}: {one.reason}\n  shown: {one.expected}\n  got:   {one.actual}")
        if self.figures != shown.figures:
            found.append(f"draws {self.figures} figures instead of {shown.figures}")
        return found


@dataclass(frozen=True)
class Reader:
    """Somebody with `python`, who works below `folder`, where nothing else lies."""

    python: str
    folder: Path
    config: Config

    def program(self, text: str, seconds: float) -> Outcome:
        """Save a program and run it."""
        (self._desk() / "program.py").write_text(text, encoding="utf-8")
        # Without a screen matplotlib draws in memory, and `plt.show()` says nothing.
        return self._run(["program.py"], seconds, MPLBACKEND="agg")

    def notebook(self, text: str, seconds: float) -> Outcome:
        """Save a notebook and run it from top to bottom in Jupyter."""
        path = self._desk() / "notebook.ipynb"
        path.write_text(text, encoding="utf-8")
        run = self._run(["-c", EXECUTE, "--inplace", path.name], seconds)
        return run if run.failure else in_notebook(path.read_text(encoding="utf-8"))

    def _desk(self) -> Path:
        (self.folder / "home").mkdir()
        desk = self.folder / "desk"
        desk.mkdir()
        return desk

    def _run(self, arguments: list[str], seconds: float, **more: str) -> Outcome:
        process = subprocess.Popen(
            [self.python, *arguments],
            cwd=self.folder / "desk",
            env={**self._env(), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            printed, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                # Jupyter's kernel, in a session of its own, looks for its parent every second, and ends.
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return Outcome("", failure=f"was not done after {seconds:.0f} s")
        failure = f"left with {process.returncode}:\n{said.rstrip()}" if process.returncode else ""
        return Outcome(printed, said=said, failure=failure)

    def _env(self) -> dict[str, str]:
        """This machine's, with one thread and one instruction set (other ones give other digits) and an empty home."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        pinned = {name: value for name, value in self.config.env.items() if not name.startswith(FOREIGN)}
        # The data is there, fetched before.
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        return {**own, **pinned, "HOME": str(self.folder / "home"), "XDG_CACHE_HOME": cache}


def in_notebook(text: str) -> Outcome:
    """What the cells of a notebook hold as their outputs."""
    printed, said, figures = "", "", 0
    for output in _outputs(text):
        if output.output_type == "stream" and output.name == "stdout":
            printed += output.text
        elif output.output_type == "display_data" and any(kind.startswith("image/") for kind in output.data):
            figures += 1
        elif "application/vnd.jupyter.widget-view+json" in output.get("data", ()):
            pass  # A progress bar: on a terminal a program can keep it to itself, in a notebook it cannot.
        else:  # A warning, or the value of a last line that is an expression.
            said += output.get("text") or str(output.get("data"))
    return Outcome(printed, figures, said)


def _outputs(text: str) -> Iterator[nbformat.NotebookNode]:
    for cell in nbformat.reads(text, as_version=4).cells:
        yield from cell.get("outputs", [])
