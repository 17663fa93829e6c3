"""A site that is as a build would make it is not built again, and whatever it is made of makes it be built."""

import os
import shutil
from pathlib import Path

import pytest
from toy_project import Project

from verified_docs.base import processor
from verified_docs.site import build as site
from verified_docs.site import unchanged

MKDOCS = """
site_name: Toy
site_url: !ENV [SITE_URL, ""]
theme: {name: null, custom_dir: theme}
plugins: []
exclude_docs: /notebooks/
markdown_extensions: [verified_docs.site.show, pymdownx.snippets, pymdownx.superfences]
"""
AS_IT_WAS = "is as it was built: nothing that it is made of has changed"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("unchanged"))
    project.configure()
    project.write("theme/main.html", "<html><body>{{ page.content }}</body></html>")
    project.record(project.snippet("one", "loss = 0.5\nprint(loss)"))
    project.write("docs/index.md", '# Page\n\n```python\n--8<-- "snippets/one.py"\n```\n')
    project.write("library/part.py", "")
    project.write("mkdocs.yml", MKDOCS)
    return project


@pytest.fixture
def built(template: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("SITE_URL", raising=False)
    project = Project(shutil.copytree(template.root, tmp_path / "project"))
    assert "The site is in" in site.build(project.config)
    return project


def changed(project: Project) -> list[str] | None:
    return unchanged.changes(project.config, unchanged.made_of(project.config))


def test_nothing_changed_and_nothing_is_built(built: Project):
    before = (built.root / "site").stat().st_ino
    assert AS_IT_WAS in site.build(built.config)
    assert (built.root / "site").stat().st_ino == before
    assert AS_IT_WAS in built.python("verified_docs", "build", CI="").output


@pytest.mark.parametrize(
    "file",
    [
        "docs/index.md",
        "snippets/one.py",
        "snippets/results/one.json",
        "snippets/results/one.txt",
        "mkdocs.yml",
        "pyproject.toml",
        "library/part.py",
        "theme/main.html",
    ],
)
def test_a_file_that_changed_is_named(built: Project, file: str):
    path = built.root / file
    path.write_text(path.read_text() + " ")
    assert changed(built) == [file]


def test_a_new_file_and_one_that_is_gone_are_named(built: Project):
    built.write("docs/more.md", "# More")
    (built.root / "library/part.py").unlink()
    assert changed(built) == ["docs/more.md", "library/part.py"]
    assert site.build(built.config).endswith("; changed: docs/more.md, library/part.py.")
    assert (built.root / "site/more/index.html").is_file()
    assert changed(built) == []


def test_what_is_no_part_of_it_changes_nothing(built: Project):
    built.write(".git/index", "another commit")
    built.write("library/__pycache__/part.pyc", "")
    built.write("docs/downloads/one.py", "made by a build")
    assert changed(built) == []


def test_variables_packages_and_processor_are_part_of_it(built: Project, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as other:
        other.setenv("SITE_URL", "https://example.org/")
        assert changed(built) == ["the variable SITE_URL"]
        other.setenv("UNREAD", "by mkdocs.yml")
        assert changed(built) == ["the variable SITE_URL"]
    with monkeypatch.context() as other:
        other.setattr(processor, "name", lambda: "another")
        assert changed(built) == ["the processor"]
    with monkeypatch.context() as other:
        other.setattr(unchanged, "installed", lambda: ["another-1.0.dist-info"])
        assert changed(built) == ["the installed packages"]
    with monkeypatch.context() as other:
        other.setattr("platform.python_version", lambda: "3.99")
        assert changed(built) == ["Python"]


def test_a_site_that_was_touched_is_built_again(built: Project):
    page = built.root / "site/index.html"
    as_built = page.read_text()
    page.write_text("by hand")
    assert changed(built) is None
    assert AS_IT_WAS not in site.build(built.config)
    assert page.read_text() == as_built
    shutil.rmtree(built.root / "site")
    assert AS_IT_WAS not in site.build(built.config)
    assert page.read_text() == as_built


def test_where_there_is_doubt_it_is_built(built: Project, monkeypatch: pytest.MonkeyPatch):
    before = (built.root / "site").stat().st_ino
    assert AS_IT_WAS not in site.build(built.config, anew=True)
    assert "The site is in" in built.python("verified_docs", "build", "--anew", CI="").output
    monkeypatch.setenv("CI", "true")
    assert AS_IT_WAS not in site.build(built.config)
    assert (built.root / "site").stat().st_ino != before
    monkeypatch.delenv("CI")
    (built.root / ".verified_docs/built.json").write_text("{")
    assert AS_IT_WAS not in site.build(built.config)


def test_a_build_that_fails_is_not_taken_for_one(built: Project):
    built.write("docs/index.md", "Nothing.")  # no page shows the program
    for _ in range(2):
        run = built.python("verified_docs", "build", CI="")
        assert run.code == 1
        assert "no page shows it" in run.output
    assert os.path.exists(built.root / "site/index.html")
