"""Every public name stands on one page, and says what it takes and has."""

import subprocess
import sys
import textwrap
from importlib.machinery import EXTENSION_SUFFIXES

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.pages.described import problems
from verified_docs.site import consistency

API = '\n[tool.verified_docs.api]\npackages = ["toy"]\nhooks = ["on_*"]\n'
INIT = """
    '''A toy.'''
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        from toy.parts.wheel import Wheel, turn
    raise RuntimeError("nothing of this is run")
    __all__ = ["Wheel", "turn"]
"""
WHEEL = '''
    """Wheels."""
    from elsewhere import Base, helper

    class Wheel(Base):
        """It turns.

        Args:
            radius: In meters.

        Attributes:
            angle: In degrees.
        """
        def __init__(self, radius, _secret=None):
            self.radius = radius
            self.angle = 0
            self._turns = 0

        def on_turn(self, anything): ...

        def roll(self, meters):
            """Roll on by `meters`."""

    def turn(wheel, *, degrees=90, **how):
        """Turn `wheel` by `degrees`.

        Args:
            **how: Whatever else.
        """

    def _private(x): ...
'''


@pytest.fixture
def toy(project: Project) -> Project:
    project.configure(data=API)
    project.write("toy/__init__.py", INIT)
    project.write("toy/parts/__init__.py", "")
    project.write("toy/parts/wheel.py", WHEEL)
    project.write("docs/api/wheel.md", "# Wheels\n\n::: toy.parts.wheel\n")
    return project


def changed(project: Project, old: str, new: str) -> list[str]:
    assert old in WHEEL
    project.write("toy/parts/wheel.py", WHEEL.replace(old, new))
    return problems(project.config)


def test_what_is_described_is_described(toy: Project):
    assert problems(toy.config) == []


def test_without_packages_nothing_is_asked_for(toy: Project):
    toy.configure()
    toy.write("toy/parts/wheel.py", "class Wheel: ...")
    assert problems(toy.config) == []


def test_a_name_that_no_page_shows(toy: Project):
    toy.write("docs/api/wheel.md", "# Wheels\n\n```\n::: toy.parts.wheel\n```\n")
    assert problems(toy.config) == [
        f"toy.{name}: is public, and no page shows it; give one the line `::: toy.parts.wheel`"
        for name in ("Wheel", "turn")
    ]


def test_a_name_that_two_pages_show(toy: Project):
    toy.write("docs/api/again.md", "::: toy.parts.wheel.turn\n")
    assert problems(toy.config) == [
        "toy.turn: is shown at docs/api/again.md:1 and at docs/api/wheel.md:3; one of them is enough"
    ]


def test_a_package_shows_what_it_lists_and_nothing_else_that_it_imports(toy: Project):
    toy.write("docs/api/wheel.md", "::: toy\n")
    assert problems(toy.config) == []
    toy.write("toy/__init__.py", INIT.replace('["Wheel", "turn"]', '["Wheel"]'))
    toy.write("toy/parts/wheel.py", WHEEL.replace("Turn `wheel` by", "Turn by"))
    assert problems(toy.config) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"""Roll on by `meters`."""',
            "...",
            "toy/parts/wheel.py:20: Wheel.roll is shown to readers, and has no docstring",
        ),
        (
            "Roll on by `meters`",
            "Roll on",
            "toy/parts/wheel.py:20: Wheel.roll does not say what `meters` is: write a line under Args, or its name",
        ),
        (
            "Turn `wheel` by `degrees`",
            "Turn it.\n\n        ```\n        >>> turn(wheel, degrees)\n        ```\n\n        Well",
            "toy/parts/wheel.py:23: turn does not say what `wheel`, `degrees` are: ",
        ),
        ("**how: What", "how_: What", "toy/parts/wheel.py:23: turn does not say what `how` is: "),
        (
            "radius: In meters",
            "size: In meters",
            "toy/parts/wheel.py:4: Wheel does not say what `radius` is: ",
        ),
        (
            "angle: In degrees",
            "corner: In degrees",
            "toy/parts/wheel.py:15: Wheel.angle is public, and not described: write a line under Attributes, or",
        ),
    ],
)
def test_what_is_not_described_is_named_with_its_place(toy: Project, old: str, new: str, said: str):
    found = changed(toy, old, new)
    assert [one[: len(said)] for one in found] == [said]


def test_what_a_base_says_holds_for_what_overrides_it(toy: Project):
    derived = '''
    class Square(Wheel):
        """It does not turn."""
        def roll(self, meters):
            """Slide."""
    '''
    toy.write("toy/parts/wheel.py", WHEEL + derived)
    assert problems(toy.config) == []


def test_a_property_describes_itself(toy: Project):
    assert changed(toy, "def roll(self, meters):", "@property\n        def roll(self):") == []
    found = changed(
        toy,
        'def roll(self, meters):\n            """Roll on by `meters`."""',
        "@property\n        def roll(self): ...",
    )
    assert [one.partition(": ")[2].partition(",")[0] for one in found] == ["Wheel.roll is public"]


LOST = "from toy.parts.gone import Wheel\n__all__ = ['Wheel']\n"


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (
            "docs/api/wheel.md",
            "::: toy.parts.wheels",
            "docs/api/wheel.md:1: shows toy.parts.wheels: there is nothing",
        ),
        ("toy/__init__.py", LOST, "toy.Wheel: is imported from toy.parts.gone.Wheel, where it is not"),
        ("toy/__init__.py", "__all__ = ['Wheel']", "toy.Wheel: there is nothing of that name"),
        (
            "toy/__init__.py",
            "Wheel = 1",
            "toy: is public, and has no __all__ that can be read without running it",
        ),
        ("pyproject.toml", API.replace('"toy"', '"gone"'), "gone: there is no package 'gone' in "),
    ],
)
def test_what_cannot_be_found_is_said(toy: Project, path: str, text: str, said: str):
    toy.write(path, text)
    assert problems(toy.config)[0].startswith(said)


def test_the_check_of_the_whole_includes_it(toy: Project):
    toy.write("docs/api/wheel.md", "")
    assert consistency.problems(toy.config) == problems(toy.config) != []


def test_nothing_is_imported(toy: Project):
    program = (
        "from verified_docs.base.config import find; from verified_docs.pages.described import problems; "
        f"from pathlib import Path; import sys; problems(find(Path({str(toy.root)!r}))); "
        "sys.exit(bool({'toy', 'torch'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


RUNS = "open({!r}, 'w').close()\n"


def test_a_package_that_lies_elsewhere_is_not_run_to_learn_of_it(project: Project, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "lies_elsewhere.py").write_text(RUNS.format(str(tmp_path / "ran")) + "__all__ = []\n")
    monkeypatch.syspath_prepend(str(elsewhere))
    project.configure(data=API.replace('"toy"', '"lies_elsewhere"'))
    assert problems(project.config) == [
        f"lies_elsewhere: there is no package 'lies_elsewhere' in {project.root}"
    ]
    assert not (tmp_path / "ran").exists()


def test_a_compiled_part_is_not_run_to_learn_of_it(toy: Project, tmp_path, monkeypatch):
    toy.write(
        "toy/__init__.py", RUNS.format(str(tmp_path / "ran")) + textwrap.dedent(INIT)
    )  # it would be run first
    toy.write(f"toy/compiled{EXTENSION_SUFFIXES[0]}", "no machine code")
    monkeypatch.syspath_prepend(str(toy.root))
    assert problems(toy.config) == []
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("package = []", r"\[tool.verified_docs.api\] has no setting 'package'; it has packages, hooks"),
        ('packages = "toy"', r"\[tool.verified_docs.api\] packages is not a list of texts"),
        ("hooks = [1]", r"\[tool.verified_docs.api\] hooks is not a list of texts"),
    ],
)
def test_a_wrong_setting_is_refused(project: Project, table: str, said: str):
    project.configure(data=f"\n[tool.verified_docs.api]\n{table}\n")
    with pytest.raises(DocsError, match=said):
        _ = project.config
