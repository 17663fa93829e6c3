"""How a server process is started, and how a client talks to one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from verified_docs.base.config import Config
from verified_docs.base.short_paths import short

_PATIENCE = 5.0  # seconds in which a server stops what it runs, and ends
# What makes Python run, warn or print otherwise than a reader's does; [tool.verified_docs.env] may set them.
_OF_THE_SHELL = {"PYTHONDEVMODE", "PYTHONHASHSEED", "PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONWARNINGS"}


class Connection(Protocol):
    """A server of one's own: a line there, a line back."""

    def ask(self, line: str) -> str:
        """Send a line and wait for the reply; empty if the server has ended."""

    def close(self) -> None:
        """End the server, and with it what it runs."""


def launch(config: Config, request: dict[str, Any], pass_fds: Sequence[int] = ()) -> subprocess.Popen[str]:
    """Start the process that `request` describes, with the environment that snippets run in."""
    shell = {name: value for name, value in os.environ.items() if name not in _OF_THE_SHELL}
    return subprocess.Popen(
        [sys.executable, "-m", "verified_docs.running.server", json.dumps(request)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=config.root,
        env={**shell, **config.env, "PYTHONPATH": with_engine(os.environ.get("PYTHONPATH"))},
        pass_fds=pass_fds,
    )


class OwnServer:
    """A server process that this one starts."""

    def __init__(self, config: Config, *, fork: bool) -> None:
        self._process = launch(config, {"preload": config.preload, "fork": fork})

    def ask(self, line: str) -> str:
        """Send a line and wait for the reply; empty if the server has ended."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except OSError:
            return ""

    def close(self) -> None:
        """End the server, and with it what it runs."""
        assert self._process.stdin and self._process.stdout
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class ServerOfShared:
    """A server forked for this process from one that others share; raises OSError where that one is gone."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            with short(Path(address)) as name:
                self._socket.connect(name)
        except OSError:
            self._socket.close()
            raise
        self._replies = self._socket.makefile("r", encoding="utf-8")

    def ask(self, line: str) -> str:
        """Send a line and wait for the reply; empty if the server has ended."""
        try:
            self._socket.sendall(f"{line}\n".encode())
            return self._replies.readline()
        except OSError:
            return ""

    def close(self) -> None:
        """End the server, and with it what it runs."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(_PATIENCE)
            while self._socket.recv(4096):
                pass
        self._replies.close()
        self._socket.close()


def with_engine(path: str | None) -> str:
    """`PYTHONPATH`, with the engine in front: the server imports it wherever the project lies."""
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), path]))
