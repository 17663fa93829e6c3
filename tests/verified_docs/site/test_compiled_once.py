"""Templates of notebooks are compiled for the first one, and not again for the others."""

from typing import Any

import nbformat
import pytest
from jinja2 import Environment
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter

from verified_docs.site import compiled_once


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that are compiled, as they are."""
    names: list[str] = []
    compile_one = Environment.compile

    def noting(self: Environment, source: Any, name: str, *others: Any, **more: Any) -> Any:
        names.append(name)
        return compile_one(self, source, name, *others, **more)

    monkeypatch.setattr(Environment, "compile", noting)
    monkeypatch.setattr(TemplateExporter, "_create_environment", TemplateExporter._create_environment)
    monkeypatch.setattr(compiled_once, "_compiled", compiled_once.Compiled())
    return names


def page(text: str) -> str:
    cell = nbformat.v4.new_markdown_cell(text)
    cell.id = "it"
    made: str = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    return made


def test_the_first_notebook_compiles_for_all(compiled: list[str]):
    plain = [page("One"), page("Two")]
    assert len(compiled) == 2 * len(set(compiled))  # as nbconvert is by itself
    compiled.clear()
    compiled_once.on_startup()
    compiled_once.on_startup()  # as `serve` does at each build
    first = page("One")
    assert compiled
    compiled.clear()
    assert [first, page("Two")] == plain
    assert compiled == []
