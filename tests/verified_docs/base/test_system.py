"""What the engine may use of a system, and what it does where there is less of it."""

import os
import platform
import sys
from pathlib import Path

import pytest
from toy_project import REPOSITORY, Project

from verified_docs.base import config, files, processor, system
from verified_docs.base.errors import DocsError
from verified_docs.running import sharing
from verified_docs.running.runner import Runner


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERIFIED_DOCS_PLAIN", "1")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is less to take away")
def test_linux_has_all_of_it_and_in_disguise_nothing(monkeypatch: pytest.MonkeyPatch):
    able = (system.forks, sharing.can_share, system.signals, system.limits_memory, system.cpuinfo)
    monkeypatch.delenv("VERIFIED_DOCS_PLAIN", raising=False)
    assert all(one() for one in able)
    assert not system.holds_open_files()
    monkeypatch.setenv("VERIFIED_DOCS_PLAIN", "1")
    assert not any(one() for one in able)
    assert system.holds_open_files()


@pytest.mark.parametrize(
    ("name", "forks", "signals"), [("linux", True, True), ("darwin", False, True), ("win32", False, False)]
)
def test_each_system_has_its_share(monkeypatch: pytest.MonkeyPatch, name: str, forks: bool, signals: bool):
    monkeypatch.delenv("VERIFIED_DOCS_PLAIN", raising=False)
    monkeypatch.setattr(sys, "platform", name)
    assert (system.forks(), system.signals(), system.limits_memory()) == (forks, signals, signals)


def test_a_processor_that_tells_nothing_has_a_name_a_maker_and_no_instruction_sets(plain: None):
    assert processor.name()
    assert processor.maker()
    assert not processor.has("avx2")
    assert processor.has(platform.machine())


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("linux", {"XDG_CACHE_HOME": ".cache"}),
        ("darwin", {"XDG_CACHE_HOME": "Library/Caches", "MPLCONFIGDIR": ".matplotlib"}),
        ("win32", {"MPLCONFIGDIR": ".matplotlib"}),
    ],
)
def test_caches_stay_where_each_system_has_them(monkeypatch: pytest.MonkeyPatch, name: str, variables: dict):
    monkeypatch.setattr(sys, "platform", name)
    home = Path("home")
    assert system.caches(home) == {variable: str(home / place) for variable, place in variables.items()}


PINS = """
[tool.verified_docs.env]
THREADS = "1"
[tool.verified_docs.env.x86_64]
PINNED = "avx2"
RC = "{root}/rc"
"""


@pytest.mark.parametrize(
    ("machine", "pinned"),
    [("x86_64", True), ("AMD64", True), ("arm64", False), ("aarch64", False), ("riscv64", False)],
)
def test_variables_of_one_architecture_are_not_set_on_another(
    project: Project, monkeypatch: pytest.MonkeyPatch, machine: str, pinned: bool
):
    project.write("pyproject.toml", PINS)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    pins = {"PINNED": "avx2", "RC": f"{project.root}/rc"} if pinned else {}
    assert project.config.env == {"THREADS": "1", **pins}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[tool.verified_docs.env.x86-64]\nA = "1"',
            r"env.x86-64\] is for no architecture.*: x86_64, aarch64",
        ),
        ("[tool.verified_docs.env.aarch64]\nA = 1", r"env.aarch64\] is not a table of texts"),
        ("[tool.verified_docs]\nenv = 1", r"env\] is not a table of texts"),
    ],
)
def test_a_wrong_table_of_an_architecture_is_refused_on_every_one(project: Project, text: str, message: str):
    project.write("pyproject.toml", text)
    with pytest.raises(DocsError, match=message):
        config.load(project.root)


def test_this_projects_instruction_sets_are_those_of_intel_and_amd(monkeypatch: pytest.MonkeyPatch):
    """On ARM torch warns of ATEN_CPU_CAPABILITY=avx2, and a program that writes to stderr fails."""
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert not [name for name, value in config.find(REPOSITORY).env.items() if "avx" in value.lower()]
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    assert config.find(REPOSITORY).env["ATEN_CPU_CAPABILITY"] == "avx2"


@pytest.mark.parametrize("busy", [0, 2])
def test_a_file_that_somebody_reads_is_replaced_as_soon_as_he_has_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: None, busy: int
):
    tries, replace = [], os.replace

    def held(source: str, target: Path) -> None:
        tries.append(source)
        if len(tries) <= busy:
            raise PermissionError("somebody has it open")
        replace(source, target)

    monkeypatch.setattr(os, "replace", held)
    files.replace(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert len(tries) == busy + 1
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_file_that_stays_open_is_an_error_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: None
):
    def held(source: str, target: Path) -> None:
        raise PermissionError("somebody has it open")

    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(DocsError, match="cannot be written"):
        files.replace(tmp_path / "a.txt", "new")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_home_and_working_directory_are_one_where_the_temporary_directory_is_a_link(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    """As on macOS, whose /var is a link."""
    link = tmp_path_factory.mktemp("links") / "link"
    link.symlink_to(tmp_path_factory.mktemp("target"))
    monkeypatch.setattr("tempfile.tempdir", str(link))
    code = "import os, pathlib\nprint(pathlib.Path.home() == pathlib.Path(os.getcwd()))"
    runner = Runner(project.config)
    try:
        assert runner.run(project.snippet("a", code)).text == "True\n"
    finally:
        runner.close()
