"""From pages and records to a site, with MkDocs."""

import posixpath
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from toy_project import Project

from verified_docs.base import files
from verified_docs.base.errors import DocsError
from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.site import build as site

MKDOCS = """
site_name: Toy
strict: true
use_directory_urls: {directories}
theme: {{name: null, custom_dir: theme}}
plugins: []
exclude_docs: /notebooks/
markdown_extensions:
  - verified_docs.site.show: {{stale: !ENV [VERIFIED_DOCS_STALE, fail]}}
  - pymdownx.snippets: {{check_paths: true}}
  - pymdownx.superfences
"""
EMBED = '# Page\n\n```python\n--8<-- "snippets/{}.py"\n```\n\nIt is {{{{ one.loss:.1f }}}}.\n'
PAGES = {
    "index": "index.html",
    "flat": "flat/index.html",
    "a/index": "a/index.html",
    "a/b/deep": "a/b/deep/index.html",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("site"))
    project.configure()
    project.write("theme/main.html", "<html><body>{{ page.content }}</body></html>")
    project.record(project.snippet("a/one", "loss = 0.5\nprint('<script>', loss)"))
    for name in PAGES:
        project.write(f"docs/{name}.md", EMBED.format("a/one"))
    project.write("mkdocs.yml", MKDOCS.format(directories="true"))
    assert project.python("verified_docs", "build").code == 0
    return project


@pytest.fixture
def built(template: Project, tmp_path: Path) -> Project:
    return Project(shutil.copytree(template.root, tmp_path / "project"))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("page", PAGES)
def test_downloads_are_reached_from_every_depth(template: Project, page: str):
    html = (template.root / "site" / PAGES[page]).read_text()
    links = re.findall(r'href="([^"]*)" download', html)
    assert len(links) == 2
    for link in links:
        target = posixpath.normpath(posixpath.join("/", posixpath.dirname(PAGES[page]), link))
        assert not link.startswith("../" * (PAGES[page].count("/") + 1)), "leaves a site below a folder"
        assert (template.root / "site" / target[1:]).is_file()


def test_downloads_are_reached_where_pages_are_files(built: Project):
    built.write("mkdocs.yml", MKDOCS.format(directories="false"))
    assert built.python("verified_docs", "build").code == 0
    assert 'href="../../downloads/a/one.py"' in (built.root / "site/a/b/deep.html").read_text()
    assert 'href="downloads/a/one.py"' in (built.root / "site/flat.html").read_text()


def test_pages_show_results_escaped_and_numbers_filled(template: Project):
    html = (template.root / "site/flat/index.html").read_text()
    assert "It is 0.5." in html
    assert "<script>" not in html
    assert "<script> 0.5" in unescape(html)


def test_the_download_is_the_program_byte_for_byte(template: Project):
    program = (template.root / "snippets/a/one.py").read_bytes()
    assert (template.root / "site/downloads/a/one.py").read_bytes() == program


def test_generating_again_touches_no_file_and_removes_what_is_no_more(built: Project):
    left = built.write("docs/downloads/gone.py", "")
    times = {path: path.stat().st_mtime_ns for path in (built.root / "docs").rglob("*.*") if path != left}
    assert site.generate(built.config) == 1
    assert not left.exists()
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_without_notebooks_only_the_viewer_pages_lack(built: Project):
    site.generate(built.config, with_notebooks=False)
    assert (built.root / "docs/downloads/a/one.ipynb").is_file()
    assert not list((built.root / "docs/notebooks").rglob("*.ipynb"))


def test_nothing_is_generated_where_something_is_wrong(built: Project):
    built.write("snippets/a/one.py", '"""Changed?"""\n')
    before = tree(built.root / "docs")
    with pytest.raises(DocsError, match=r"problem\(s\) in the docs:\n(.|\n)*a/one.py: its record is stale"):
        site.generate(built.config)
    assert tree(built.root / "docs") == before


def test_a_build_that_fails_leaves_the_old_site_and_shows_no_traceback(built: Project):
    before = tree(built.root / "site")
    built.write("docs/flat.md", EMBED.format("a/one") + "\n[lost](nowhere.md)")  # what only MkDocs sees
    run = built.python("verified_docs", "build")
    assert run.code == 1
    assert "nowhere.md" in run.output
    assert run.output.startswith("error: WARNING")
    assert run.output.endswith("\nmkdocs build failed; the site that was there is untouched\n")
    assert "Traceback" not in run.output
    assert tree(built.root / "site") == before


def test_a_build_that_succeeds_replaces_the_site_whole(built: Project):
    built.write("site/left.html", "of an older site")
    (built.root / "docs/flat.md").unlink()
    run = built.python("verified_docs", "build")
    assert run.code == 0
    assert "The site is in" in run.output
    assert "http.server --directory site" in run.output
    assert "left.html" not in tree(built.root / "site")
    assert "flat/index.html" not in tree(built.root / "site")
    assert "index.html" in tree(built.root / "site")
    assert [path.name for path in (built.root / ".verified_docs").iterdir()] == ["built.json"]


def test_a_site_that_was_being_replaced_comes_back(built: Project):
    before = tree(built.root / "site")
    (built.root / ".verified_docs").mkdir(exist_ok=True)
    (built.root / "site").rename(built.root / ".verified_docs/site.old")
    built.write("docs/flat.md", "[lost](nowhere.md)")
    assert built.python("verified_docs", "build").code == 1
    assert tree(built.root / "site") == before


def test_of_two_builds_at_once_the_second_waits(built: Project):
    cache = built.config.cache
    cache.mkdir(exist_ok=True)
    with files.locked(cache):  # as the first build does
        second = built.start("verified_docs", "build")
        with pytest.raises(subprocess.TimeoutExpired):
            second.communicate(timeout=1.5)
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 0, output
    assert "index.html" in tree(built.root / "site")


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("{{ a/one.lose:.1f }}", "docs/flat.md:1: a/one has recorded no 'lose'"),
        (
            '```\n--8<-- "snippets/gone.py"\n```',
            "docs/flat.md:2: embeds snippets/gone.py, which does not exist",
        ),
    ],
)
def test_mkdocs_itself_says_what_is_wrong_without_a_traceback(built: Project, page: str, said: str):
    built.write("docs/flat.md", page)
    run = built.python("mkdocs", "build", "--quiet", "--site-dir", str(built.root / "elsewhere"))
    assert run.code == 1
    assert "Error reading page 'flat.md'" in run.output
    assert said in run.output
    assert "Traceback" not in run.output


def test_links_to_figures_and_to_pages_that_cite_are_checked(built: Project):
    snippet = built.snippet("a/one", "", "Is it?\n\nIt is.\n")
    record.save(snippet, Record(snippet.digest, "", '<svg role="img"></svg>', values={"loss": 0.5}))
    built.write("mkdocs.yml", MKDOCS.format(directories="true") + "validation: {anchors: warn}\n")
    built.write("docs/a/cites.md", "# C\n\n## Papers\n\n- A: [B](https://c.org/), D 2015.\n")
    built.write("docs/a/papers.md", "# Papers\n\n{{ papers }}\n\nSee [it](b/deep.md#figure-one).\n")
    build = ("mkdocs", "build", "--site-dir", str(built.root / "elsewhere"))
    run = built.python(*build)
    assert run.code == 0, run.output
    assert 'href="../cites/#papers"' in (built.root / "elsewhere/a/papers/index.html").read_text()

    built.write("docs/flat.md", "See [it](a/b/deep.md#figure-two).\n")
    run = built.python(*build)
    assert run.code != 0
    assert "a link 'a/b/deep.md#figure-two'" in run.output


def test_a_missing_text_include_fails_too(built: Project):
    built.write("docs/flat.md", '--8<-- "gone.md"')
    run = built.python("mkdocs", "build", "--quiet", "--site-dir", str(built.root / "elsewhere"))
    assert run.code != 0
    assert "gone.md" in run.output


def test_the_commands_say_what_they_did_and_end_with_0_or_1(built: Project):
    run = built.python("verified_docs", "check")
    assert (run.code, run.output) == (0, "pages, programs and records belong together\n")
    run = built.python("verified_docs", "generate")
    assert (run.code, run.output) == (0, "1 programs: downloads and notebooks written to docs/\n")

    for name in PAGES:
        built.write(f"docs/{name}.md", "Nothing.")
    run = built.python("verified_docs", "check")
    assert (run.code, run.output) == (1, "snippets/a/one.py: no page shows it; embed it, or delete it\n")
    run = built.python("verified_docs", "generate")
    assert run.code == 1
    assert run.output.startswith("error: 1 problem(s) in the docs:\nsnippets/a/one.py: no page shows it")
    assert built.python("verified_docs", "check", "--fast").code == 2
    assert built.python("verified_docs").code == 2

    (built.root / "pyproject.toml").unlink()
    run = built.python("verified_docs", "check")
    assert (run.code, run.output[:6]) == (1, "error:")
