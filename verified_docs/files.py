"""Files that are replaced whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def replace(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` so that whoever reads it, at any time, sees the old file or the new one."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def digest(content: str | bytes) -> str:
    """The SHA-256 of `content`, in hex."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()
