"""lightning_modules.recipes.defaults: the tables as data."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from lightning_modules.recipes.defaults import DEFAULTS, Defaults, Depth, table

DOCS = Path(__file__).parents[2] / "docs"

EVERY_CELL = [
    pytest.param(getattr(tables[depth], field.name), id=f"{name}-{depth}-{field.name}")
    for name, tables in DEFAULTS.items()
    for depth in get_args(Depth)
    for field in fields(Defaults)
]


def test_the_default_table_is_the_chapters():
    assert table("default") == {
        "initializer": "He",
        "activation": "ReLU if shallow, Swish if deep",
        "normalization": "none if shallow, batch norm if deep",
        "regularization": "early stopping; weight decay if needed",
        "optimizer": "Nesterov or AdamW",
        "schedule": "performance or 1cycle",
    }


def test_the_self_normalizing_table_is_the_chapters():
    assert table("self-normalizing") == {
        "initializer": "LeCun",
        "activation": "SELU",
        "normalization": "none",
        "regularization": "alpha dropout if needed",
        "optimizer": "Nesterov",
        "schedule": "performance or 1cycle",
    }


@pytest.mark.parametrize("cell", EVERY_CELL)
def test_every_method_has_a_name_and_a_page_that_is_there(cell):
    for part in (*cell.choices, *cell.if_needed):
        assert part.words
        assert (DOCS / f"{part.page}.md").is_file() or (DOCS / part.page / "index.md").is_file()


def test_a_table_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=re.escape("There is no recipe 'standard'; there are 'default', 's")):
        table("standard")
