"""lightning_modules: which names it has, and that each costs only its own file."""

import ast
import importlib
import inspect
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import lightning_modules
import lightning_modules.data

PACKAGES = [lightning_modules, lightning_modules.data]


@pytest.fixture
def loaded_after(run_program):
    """Of the library, the modules that a statement imports."""

    def names(statement):
        look = "print(*(m for m in sys.modules if m.startswith('lightning_modules')))"
        return set(run_program(f"{statement}\nimport sys\n{look}").stdout.split())

    return names


def names_for_type_checkers(package):
    """The imports under `if TYPE_CHECKING:`, as {name: module}."""
    block = next(
        node
        for node in ast.parse(inspect.getsource(package)).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    return {
        alias.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_a_name_imports_the_file_that_defines_it_and_no_other(loaded_after):
    assert loaded_after("from lightning_modules import MLP") == {
        "lightning_modules",
        "lightning_modules.networks",
    }


def test_the_package_alone_imports_nothing(loaded_after):
    assert loaded_after("import lightning_modules") == {"lightning_modules"}
    program = "import lightning_modules, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("way", ["lightning_modules", "lightning_modules.data"])
def test_digits_do_not_depend_on_fashion_mnist(way, loaded_after):
    assert not any("fashion" in module for module in loaded_after(f"from {way} import Digits"))


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_the_same_names_as_python(package):
    table = {name: f"{package.__name__}.{module}" for name, module in package._MODULE_OF.items()}
    assert names_for_type_checkers(package) == table
    assert sorted(package.__all__) == sorted(table)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_described_and_at_home_where_the_table_says(package):
    for name, module in package._MODULE_OF.items():
        value = getattr(package, name)
        assert value.__module__ == f"{package.__name__}.{module}"
        assert value.__doc__  # inspect.getdoc would take that of a base class
        assert name in dir(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="no attribute 'Unknown'"):
        package.Unknown  # noqa: B018


def test_the_version_is_the_distributions():
    assert lightning_modules.__version__ == metadata.version("lightning-modules")


def test_the_package_says_that_it_is_typed():
    assert (Path(lightning_modules.__file__).parent / "py.typed").exists()


def test_submodules_are_reached_as_usual():
    assert importlib.import_module("lightning_modules.networks").MLP is lightning_modules.MLP
