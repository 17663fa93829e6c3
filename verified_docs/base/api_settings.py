"""`[tool.verified_docs.api]` in pyproject.toml: which names are public.

[tool.verified_docs.api]
packages = ["package", "package.part"]
hooks = ["on_*"]
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ApiSettings:
    """What has to be described.

    Attributes:
        packages: The packages whose `__all__` is public.
        hooks: Methods, as patterns, that a framework calls with arguments of its own: nobody looks them up.
    """

    packages: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
