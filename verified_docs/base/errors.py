"""The one error that the engine raises for what an author can mend."""

from __future__ import annotations

try:  # MkDocs shows its own errors without a traceback; the engine does not need MkDocs.
    from mkdocs.exceptions import BuildError as _Base
except ImportError:
    _Base = Exception  # type: ignore[assignment,misc]


class DocsError(_Base):
    """Something in the docs, a snippet or a record is wrong; the message names the place and the way out."""
