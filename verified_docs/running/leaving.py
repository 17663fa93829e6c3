"""The end of a program: what Python does after its last line, before the process is left by `os._exit`.

Python waits for the threads that are no daemons, calls what is registered with `atexit`, the last first, and deletes the
program's globals. Each of these may print, warn or fail, and a reader would see it. What Python does then, taking the
imported modules apart, says nothing and takes torch a tenth of a second: that is left out.
"""

from __future__ import annotations

import atexit
import gc
import sys
import threading
import traceback
import weakref
from typing import Any

# What the standard library does at the end of every process, for what the process itself has made.
_EVERY_PROCESS = (("logging", "shutdown"), ("multiprocessing.util", "_exit_function"))

_threading: Any = threading
_finalize: Any = weakref.finalize


def forget_what_was_registered() -> None:
    """Leave to the process that this one was forked from what is to be done at its end, such as removing its files."""
    for one in list(_finalize._registry):
        one.atexit = False
    atexit._clear()
    atexit.register(_finalize._exitfunc)
    for module, function in _EVERY_PROCESS:
        if module in sys.modules:
            atexit.register(getattr(sys.modules[module], function))


def wait_and_call() -> None:
    """Wait for the program's threads, then call what it has registered; errors go to stderr."""
    try:
        _threading._shutdown()
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()


def delete_globals() -> None:
    """Delete the program's module; nothing may refer to it any more but `sys.modules` and its own functions."""
    sys.modules.pop("__main__", None)
    gc.collect()
