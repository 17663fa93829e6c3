"""Files that are replaced whole or not at all, also where two processes do it at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from verified_docs.base import disk, system
from verified_docs.base.errors import DocsError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def replace(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` so that whoever reads it, at any time, sees the old file or the new one.

    Raises DocsError where it cannot be written; it is then as it was.
    """
    replace_all({path: content})


def replace_all(contents: Mapping[Path, str | bytes]) -> None:
    """`replace` some files, in this order, none before there is room for all; raises DocsError."""
    ready: dict[Path, str] = {}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, ready[path] = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
            os.chmod(ready[path], 0o644)
        for path, name in ready.items():
            _put(name, path)
    except OSError as error:
        raise DocsError(disk.told(error, path)) from error
    finally:
        for name in ready.values():
            with suppress(FileNotFoundError):
                os.unlink(name)


def make_folder(path: Path) -> None:
    """See that there is a folder at `path`; raises DocsError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DocsError(disk.told(error, path)) from error


def why_unread(path: Path, error: OSError) -> str:
    """Why the file at `path` cannot be read, and what to do about it."""
    if path.is_symlink() and not path.exists():
        return f"is a link to {os.readlink(path)}, which does not exist: mend the link, or delete it"
    if isinstance(error, FileNotFoundError):
        return "is there no more: was it deleted, or does a program delete what is not its own?"
    return f"cannot be read ({error.strerror})"


def _put(name: str, path: Path) -> None:
    """Give the file `name` its place; where somebody has the old one open, as soon as that is over."""
    for pause in (0.01, 0.1, 1.0) if system.holds_open_files() else ():
        try:
            os.replace(name, path)
            return
        except PermissionError:
            time.sleep(pause)
    os.replace(name, path)


def keep(path: Path, content: str) -> bool:
    """Write to a cache, which may lie where nothing can be written; whether it was."""
    try:
        replace(path, content)
    except DocsError:
        return False
    return True


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the one lock of `folder` among processes, or one of many shared ones; waits until it is free."""
    handle = None
    try:
        with suppress(FileNotFoundError):  # there is nothing in it to read
            handle = os.open(folder, os.O_RDONLY) if fcntl else None
        if handle is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def digest(content: str | bytes) -> str:
    """The SHA-256 of `content`, in hex."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


class Digests:
    """The digests of files below `root`, each read once; "missing" where there is none."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, str] = {}

    def of(self, names: Iterable[str]) -> dict[str, str]:
        """Those of some files, by name."""
        return {name: self._of(name) for name in names}

    def are(self, earlier: Mapping[str, str]) -> bool:
        """Whether the files are what they were."""
        return all(self._of(name) == before for name, before in earlier.items())

    def _of(self, name: str) -> str:
        if name not in self._known:
            path = self._root / name
            self._known[name] = digest(path.read_bytes()) if path.is_file() else "missing"
        return self._known[name]
