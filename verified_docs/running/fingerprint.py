"""What this processor makes of the same numbers: the digests that tell one kind of processor from another.

The function that gives them is the project's own, `fingerprint = "package.module.function"` in pyproject.toml: it takes
nothing and returns a text for each operation, by the operation's name. It is called in a process that has the same
environment as the programs, and of which nothing is forked afterwards.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import Any


def taken(name: str, *, fork: bool) -> dict[str, Any]:
    """`{"digests": …}` of the function called `name`, or `{"error": …}`."""
    return _forked(name) if fork else _spawned(name)


def _forked(name: str) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "w", encoding="utf-8") as told:
                told.write(json.dumps(_called(name)))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        text = told.read()
    os.waitpid(pid, 0)
    return _read(name, text)


def _spawned(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "verified_docs.running.fingerprint", name]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False
    )
    return _read(name, done.stdout.rpartition("\n")[2])


def _read(name: str, text: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"error": f"{name} ended its process"}
    return told


def _called(name: str) -> dict[str, Any]:
    module, _, function = name.rpartition(".")
    try:
        digests = getattr(importlib.import_module(module), function)()
        if not (
            isinstance(digests, dict) and digests and all(isinstance(one, str) for one in digests.values())
        ):
            return {"error": f"gave {digests!r:.100}; it has to give a text for each operation, by name"}
        return {"digests": {str(operation): digest for operation, digest in digests.items()}}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    print(f"\n{json.dumps(_called(sys.argv[1]))}", end="")
