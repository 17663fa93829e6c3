"""A project of a few files, as small as the engine allows, for tests to break; and processes to watch."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import psutil
from markdown import Markdown

from verified_docs.base.config import Config, find
from verified_docs.programs.snippet import Snippet
from verified_docs.running.runner import Runner
from verified_docs.verifying.accept import accept

REPOSITORY = Path(__file__).parents[2]

PYPROJECT = """
[tool.verified_docs]
{top}

[tool.verified_docs.env]
MPLBACKEND = "module://verified_docs.backend"

[tool.pytest.ini_options]
addopts = "-p verified_docs.plugin"
testpaths = ["snippets"]
"""


@dataclass
class Run:
    """How a run of pytest ended: what each snippet's test noted ("run", "unchanged" …) or how it went."""

    code: int
    output: str
    outcomes: dict[str, str] = field(default_factory=dict)


@dataclass
class Project:
    root: Path

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8", newline="\n")
        return file

    def configure(self, top: str = "", *, data: str = "") -> None:
        self.write("pyproject.toml", PYPROJECT.format(top=top) + data)

    def snippet(self, name: str, code: str, docstring: str = "Is it so?") -> Snippet:
        """Write a program; its docstring is line 1 where it has one line, and `code` begins on the next."""
        text = textwrap.dedent(code).lstrip("\n")
        path = self.write(f"snippets/{name}.py", f'"""{docstring}"""\n{text}')
        return Snippet(path, self.config)

    @property
    def config(self) -> Config:
        return find(self.root)

    def record(self, *snippets: Snippet) -> None:
        """Run and accept, without pytest."""
        runner = Runner(self.config)
        try:
            for snippet in snippets:
                accept(snippet, runner.run(snippet), [])
        finally:
            runner.close()

    def records(self) -> dict[str, bytes]:
        """Every file of every record."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.glob("snippets/**/results/*"))
        }

    def html(self, page: str, **options: object) -> str:
        """A page's HTML, by Markdown alone; `options` are those of verified_docs.site.show."""
        markdown = Markdown(
            extensions=[
                "verified_docs.site.show",
                "pymdownx.snippets",
                "pymdownx.superfences",
                "pymdownx.details",
                "admonition",
                "tables",
            ],
            extension_configs={
                "verified_docs.site.show": {"root": str(self.root), **options},
                "pymdownx.snippets": {"base_path": [str(self.root)], "check_paths": True},
            },
        )
        return markdown.convert(page)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("CI", "VERIFIED_DOCS_STALE") and not name.startswith("PYTEST")
        }
        paths = os.pathsep.join([str(REPOSITORY), str(self.root)])
        return {
            **kept,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": paths,
            "PYTHONIOENCODING": "utf-8",
            **more,
        }

    def start(self, *command: str, **env: str) -> subprocess.Popen[str]:
        """`python -m` anything, in the project."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env=self.environment(**env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # as a terminal does: its Ctrl-C reaches the whole group
            # A run in the background ignores Ctrl-C, and so would what it starts.
            preexec_fn=_hears_ctrl_c if sys.platform != "win32" else None,
        )

    def python(self, *command: str, timeout: float = 60, **env: str) -> Run:
        process = self.start(*command, **env)
        output, _ = process.communicate(timeout=timeout)
        return Run(process.returncode, output)

    def pytest(self, *arguments: str, timeout: float = 60, **env: str) -> Run:
        report = self.root / "junit.xml"
        run = self.python("pytest", f"--junitxml={report}", *arguments, timeout=timeout, **env)
        if report.is_file():
            run.outcomes = dict(_outcomes(report))
            report.unlink()
        return run


def _outcomes(report: Path) -> Iterator[tuple[str, str]]:
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.attrib["classname"].removeprefix("snippets.").replace(".", "/")
        noted = [
            one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == "verified_docs"
        ]
        went = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        yield name, "failed" if went and went[0] != "skipped" else noted[0] if noted else "nothing noted"


def _hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def lives(pid: int) -> bool:
    """Whether a process still runs; one that is dead but not yet waited for does not."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def dies(pid: int, within: float = 5.0) -> bool:
    """Whether a process ends in time; it is ended in any case."""
    end = time.monotonic() + within
    while lives(pid) and time.monotonic() < end:
        time.sleep(0.01)
    if not lives(pid):
        return True
    psutil.Process(pid).kill()
    return False


def appears(path: Path, within: float = 40.0, words: int = 1) -> str:
    """The text of a file that another process is about to write, as soon as it has so many words."""
    end = time.monotonic() + within
    while not (path.is_file() and len(path.read_text().split()) >= words):
        assert time.monotonic() < end, f"{path} did not get {words} words"
        time.sleep(0.01)
    return path.read_text()
