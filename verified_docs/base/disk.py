"""What a disk refuses: how an error of writing is told, with the way out."""

from __future__ import annotations

import errno
from pathlib import Path

# No space, the user's share of it, or a file's largest size.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def told(error: OSError, path: Path) -> str:
    """Why `path` cannot be written, and what to do about it."""
    if error.errno in FULL:
        way_out = f"make room on the disk that {path.parent} is on"
    else:
        way_out = f"see that {path.parent} is a folder that can be written, or work in a copy of the project"
    return f"{path}: cannot be written ({error.strerror or error}): {way_out}, and run the command again"
