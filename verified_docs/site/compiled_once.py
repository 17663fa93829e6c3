"""A hook of MkDocs (`hooks` in mkdocs.yml): nbconvert's templates are compiled once, not anew for each notebook.

Its exporters make an environment of Jinja for each notebook, and in each, the same fifteen templates are parsed and
compiled. Here all environments share what was compiled, which Jinja's own bytecode caches exist for.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from nbconvert.exporters.templateexporter import TemplateExporter


class Compiled(BytecodeCache):
    """What was compiled, by the template's name and text."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = Compiled()


def on_startup(**_: Any) -> None:
    """Let every environment that exporters make share what is compiled."""
    create: Any = TemplateExporter._create_environment
    if getattr(create, "shares", False):
        return

    def shared(self: TemplateExporter) -> Environment:
        environment: Environment = create(self)
        environment.bytecode_cache = _compiled
        return environment

    shared.shares = True  # type: ignore[attr-defined]
    TemplateExporter._create_environment = shared  # type: ignore[method-assign]
