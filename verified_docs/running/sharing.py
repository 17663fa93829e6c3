"""One import for all workers of a test run: a process at a socket, from which each gets a server of its own."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from verified_docs.base import system
from verified_docs.base.config import Config
from verified_docs.base.short_paths import short
from verified_docs.running.launch import launch


def can_share() -> bool:
    """Whether servers can be forked and reached here."""
    return system.forks()


class SharedServer:
    """Owned by the process that starts the workers; they get its `address`.

    It imports when the first worker connects, so a run that finds nothing to do pays nothing; or `at_once`, while
    the workers start, where it is known that something has to run.
    """

    def __init__(self, config: Config, *, at_once: bool) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="verified-docs-", ignore_cleanup_errors=True)
        self.address = str(Path(self._folder.name) / "server")
        with socket.socket(socket.AF_UNIX) as listener, short(Path(self.address)) as address:
            listener.bind(address)
            listener.listen()
            request: dict[str, Any] = {
                "preload": config.preload,
                "listener": listener.fileno(),
                "folder": self._folder.name,
                "at_once": at_once,
            }
            self._process = launch(config, request, pass_fds=[listener.fileno()])

    def close(self) -> None:
        """End it. Servers that it has forked end with their clients."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:  # in the middle of an import that nobody needs any more
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()
