"""The engine's rooms: each imports only those before it, so that the way of a program through them goes one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import verified_docs

ENGINE = Path(verified_docs.__file__).parent
ROOMS = ["base", "programs", "records", "running", "pages", "comparing", "ledger", "verifying", "site"]
MAY_IMPORT = {room: set(ROOMS[: number + 1]) for number, room in enumerate(ROOMS)} | {
    "pages": {"base", "programs", "records", "pages"},  # what is written knows nothing of what is run
    "studies": {"base", "programs", "records", "running", "studies"},
}
# Named from outside: by studies, by MPLBACKEND, by pytest and by `python -m`.
TOP = {"__init__", "__main__", "backend", "plugin", "study"}
STARTS = {"__main__", "plugin"}  # these begin everything else, and nothing imports them


def imports(source: str) -> Iterator[str]:
    """The engine's rooms, and its modules at the top, that a program imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "verified_docs":
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("verified_docs."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (one.name.split(".")[1] for one in node.names if one.name.startswith("verified_docs."))


def test_every_module_is_in_a_room_or_has_a_reason_not_to_be():
    assert {path.stem for path in ENGINE.glob("*.py")} == TOP
    folders = {path.name for path in ENGINE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_rooms_before_it(room: str):
    for path in (ENGINE / room).glob("*.py"):
        found = set(imports(path.read_text()))
        wrong = found - MAY_IMPORT[room] - (TOP - STARTS)
        assert not wrong, f"{room}/{path.name} imports {', '.join(sorted(wrong))}"


def test_a_room_says_what_it_is_for():
    for room in MAY_IMPORT:
        doc = ast.get_docstring(ast.parse((ENGINE / room / "__init__.py").read_text())) or ""
        assert len(doc) > 60, room


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from verified_docs.site.show import x", {"site"}),
        ("from verified_docs import plugin, study", {"plugin", "study"}),
        ("import verified_docs.site.build", {"site"}),
        ("def f():\n    from verified_docs.running import child", {"running"}),
        ("import verified_docs_of_others", set()),
    ],
)
def test_every_way_to_import_is_seen(source: str, found: set[str]):
    assert set(imports(source)) == found
