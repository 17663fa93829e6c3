"""The site while it is being written."""

import os
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from toy_project import REPOSITORY, Project

from verified_docs.base.config import Config
from verified_docs.records import record
from verified_docs.running.runner import Runner
from verified_docs.site.live import run_again

MKDOCS = """
site_name: Toy
theme: {name: null, custom_dir: theme}
plugins: []
exclude_docs: /notebooks/
watch: [snippets]
markdown_extensions:
  - verified_docs.site.show: {stale: !ENV [VERIFIED_DOCS_STALE, fail]}
  - pymdownx.snippets: {check_paths: true}
  - pymdownx.superfences
"""


def again(project: Project, path: Path, started: Config | None = None) -> None:
    """Run it again, under a `serve` that was `started` with this configuration; by default, today's."""
    config = started or project.config
    runner = Runner(config)
    try:
        run_again(path, config, runner)
    finally:
        runner.close()


def test_an_edited_program_is_recorded(project: Project, capsys: pytest.CaptureFixture[str]):
    snippet = project.snippet("a", "print(1)")
    again(project, snippet.path)
    assert record.fresh(snippet).text == "1\n"
    said = capsys.readouterr().err
    assert said.startswith("snippets/a.py: ran in ")
    assert "recorded; look at the difference" in said
    again(project, snippet.path)
    assert "its results are as recorded" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = = 1", "snippets/a.py:2: SyntaxError"),
        ("1 / 0", "snippets/a.py:2: ZeroDivisionError"),
        (None, "a.py"),
    ],
    ids=["syntax", "exception", "deleted"],
)
def test_a_program_that_fails_is_said_and_its_record_stays(project: Project, capsys, code, said):
    snippet = project.snippet("a", "print(1)")
    project.record(snippet)
    before = project.records()
    if code is None:
        snippet.path.unlink()
    else:
        project.snippet("a", code)
    again(project, snippet.path)
    assert said in capsys.readouterr().err
    assert project.records() == before


def test_a_changed_style_asks_for_a_new_start_and_nothing_is_recorded(project: Project, capsys):
    snippet = project.snippet("a", "print(1)")
    config = project.config
    project.configure('colors = {"#000000" = "currentColor"}')
    again(project, snippet.path, config)
    assert "start nox -s serve again" in capsys.readouterr().err
    assert project.records() == {}


def test_settings_are_read_again(project: Project, capsys):
    snippet = project.snippet("a", "import time\ntime.sleep(5)")
    config = project.config
    assert config.settings_of("a").seconds == 60
    project.write("snippets/settings.toml", "[a]\nseconds = 0.2\n")
    again(project, snippet.path, config)
    assert "still running after 0.2 s" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_served_pages_follow_an_edited_program_which_runs_alone(project: Project):
    project.write("mkdocs.yml", MKDOCS)
    project.write("theme/main.html", "<html><body>{{ page.content }}</body></html>")
    project.record(project.snippet("a", "print('old')"), project.snippet("b", "print('b')"))
    fence = '```python\n--8<-- "snippets/{}.py"\n```\n'
    project.write("docs/index.md", fence.format("a") + "\n" + fence.format("b"))
    others = {name: content for name, content in project.records().items() if "/b." in name}

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = project.start("verified_docs", "serve", "--dev-addr", f"127.0.0.1:{port}", PYTHONUNBUFFERED="1")
    try:
        assert "old" in shown(port, "old")
        project.snippet("a", "print('n' + 'ew')")
        assert "new" in shown(port, ">new\n</code>", ">new</code>")
        assert b"new\n" in project.records().values()
        assert {name: content for name, content in project.records().items() if "/b." in name} == others
        project.snippet("a", "1 / 0")
        assert "a.py: its record is stale" in shown(port, "<strong>Not verified.</strong>")
    finally:
        os.kill(server.pid, signal.SIGINT)
        output, _ = server.communicate(timeout=20)
    assert server.returncode == 0, output
    assert "snippets/a.py: ran in " in output
    assert "snippets/b.py: ran in " not in output


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_saved_page_is_built_alone_and_the_menu_keeps_the_others_titles(project: Project):
    hook = REPOSITORY / "verified_docs/site/titles.py"
    project.record(project.snippet("a", "print(1)"))
    project.write("mkdocs.yml", MKDOCS + f"hooks: [{hook}]\nnav: [index.md, other.md]\n")
    menu = "{% for one in nav.pages %}<i>{{ one.title }}</i>{% endfor %}"
    project.write("theme/main.html", f"<html><body>{menu}{{{{ page.content }}}}</body></html>")
    project.write("docs/index.md", "# First\n\nold")
    project.write("docs/other.md", "# Second `page` {: #it }\n\nNothing.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = project.start("verified_docs", "serve", "--dev-addr", f"127.0.0.1:{port}", PYTHONUNBUFFERED="1")
    try:
        assert "<i>First</i><i>Second page</i>" in shown(port, "old")
        project.write("docs/index.md", "# First\n\nnew")
        assert "<i>First</i><i>Second page</i>" in shown(port, "new")
    finally:
        os.kill(server.pid, signal.SIGINT)
        server.communicate(timeout=20)


def shown(port: int, *wanted: str) -> str:
    """The page, as soon as it holds one of the texts that are waited for."""
    end = time.monotonic() + 20
    page = ""
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                page = answer.read().decode()
        except OSError:
            page = "not served yet"
        if any(one in page for one in wanted):
            return page
        time.sleep(0.05)
    pytest.fail(f"no {wanted} on the page:\n{page}")
