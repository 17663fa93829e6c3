"""Settings that are wrong are refused by name."""

import pytest
from toy_project import Project

from verified_docs.base import config
from verified_docs.base.errors import DocsError


def test_a_project_without_the_table_is_none_of_ours(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert config.load(tmp_path) is None
    assert config.load(tmp_path / "nowhere") is None


def test_the_settings_are_found_from_any_folder_below(project: Project):
    assert config.find(project.root / "docs" / "deep").root == project.root


def test_where_there_are_no_settings_the_message_says_what_is_looked_for(tmp_path):
    with pytest.raises(DocsError, match=r"no pyproject.toml with \[tool.verified_docs\]"):
        config.find(tmp_path)


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ("preloads = []", r"has no setting 'preloads'; it has api, colors, data, env"),
        ('preload = "torch"', "preload is not a list"),
        ("colors = {a = 1}", r"\[tool.verified_docs.colors\] is not a table of texts"),
        ("preload = [", r"pyproject.toml: .*line"),
    ],
)
def test_a_wrong_setting_of_the_project_is_refused(project: Project, top, message):
    project.configure(top)
    with pytest.raises(DocsError, match=message):
        config.load(project.root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nsecond = 3", r"settings.toml: \[a\] has no setting 'second'; it has absolute, data"),
        ("[a]\nseconds = -1", "seconds = -1 is not a number of at least 0"),
        ("[a]\nseconds = true", "seconds = True is not a number"),
        ('[a]\nrelative = "0.1"', "relative = '0.1' is not a number"),
        ('[a]\ndata = "mars"', r"needs data 'mars', which \[tool.verified_docs.data\]"),
        ("a = 3", r"\[a\] is not a table"),
        ("[a", "settings.toml: "),
    ],
)
def test_a_wrong_setting_of_a_snippet_is_refused(project: Project, text, message):
    project.write("snippets/settings.toml", text)
    with pytest.raises(DocsError, match=message):
        project.config.settings_of("a")


def test_a_snippet_without_settings_has_the_defaults(project: Project):
    project.write("snippets/settings.toml", "[a]\nseconds = 3\n")
    assert project.config.settings_of("a").seconds == 3
    assert project.config.settings_of("b").memory_gib == 4


def test_the_environment_can_name_the_root(project: Project):
    project.write("pyproject.toml", '[tool.verified_docs.env]\nRC = "{root}/rc"\n')
    assert project.config.env == {"RC": f"{project.root}/rc"}


def test_the_style_is_the_colors_and_the_files_that_the_environment_names(project: Project):
    def style(color: str, rc: str) -> str:
        project.write("rc", rc)
        project.write(
            "pyproject.toml",
            f'[tool.verified_docs]\ncolors = {{"#000000" = "{color}"}}\nenv = {{RC = "{{root}}/rc"}}',
        )
        return project.config.style

    first = style("ink", "a")
    assert style("ink", "a") == first
    assert style("pen", "a") != first
    assert style("ink", "b") != first


@pytest.mark.parametrize(("value", "is_ci"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_ci_is_told_by_its_variable(monkeypatch, value, is_ci):
    monkeypatch.setenv("CI", value)
    assert config.in_ci() is is_ci
