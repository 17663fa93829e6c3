"""For programs that write `import lightning as L`: make this library's pieces of that package.

    import lightning as L
    import lightning_modules.with_lightning
    from lightning_modules import Classifier, Digits

    L.Trainer(max_epochs=3).fit(Classifier(...), Digits())

Lightning comes in two packages, `pytorch_lightning` and `lightning`, with the same classes twice. This library imports
`pytorch_lightning`. From this import on, whoever imports `pytorch_lightning` or `lightning_fabric` in the process gets
`lightning.pytorch` or `lightning.fabric` instead, so it has to come before the first of them.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_INSTEAD_OF = {"pytorch_lightning": "lightning.pytorch", "lightning_fabric": "lightning.fabric"}


class _Finder(MetaPathFinder, Loader):
    """Answers an import of one package with the module of the same name of the other."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, dot, rest = fullname.partition(".")
        return (
            ModuleSpec(fullname, self, origin=_INSTEAD_OF[package] + dot + rest)
            if package in _INSTEAD_OF
            else None
        )

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        assert spec.origin is not None
        module = importlib.import_module(spec.origin)
        spec.loader_state = module.__spec__  # the machinery is about to write its own there
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


def _install() -> None:
    early = sorted(package for package in _INSTEAD_OF if package in sys.modules)
    if early:
        raise ImportError(
            f"{' and '.join(early)} had been imported before lightning_modules.with_lightning, by this library or "
            "another one. Put `import lightning_modules.with_lightning` above all other imports but lightning's."
        )
    try:
        importlib.import_module("lightning.pytorch")
    except ModuleNotFoundError as error:
        raise ImportError(
            "lightning_modules.with_lightning needs the package lightning: pip install lightning."
        ) from error
    sys.meta_path.insert(0, _Finder())


_install()
