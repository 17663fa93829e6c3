"""Where runs go on: joblib's own workers on this machine, or a Dask or Ray cluster."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from verified_docs.base.errors import DocsError
from verified_docs.studies import worker
from verified_docs.studies.worker import Outcome, Task

BACKENDS = ("loky", "dask", "ray")


@dataclass(frozen=True)
class Pool:
    """Some workers.

    Attributes:
        workers: How many runs go on at once.
        run: Gives each task's outcome as soon as it is there, in any order.
    """

    workers: int
    run: Callable[[Sequence[Task]], Iterator[Outcome]]


@contextmanager
def opened(backend: str, jobs: int, address: str | None = None) -> Iterator[Pool]:
    """The workers of `backend`; of a cluster at `address` all, otherwise `jobs` new ones on this machine."""
    if backend == "dask":
        with _dask(jobs, address) as client:
            yield Pool(sum(client.ncores().values()), lambda tasks: _joblib(tasks, "dask", jobs))
    elif backend == "ray":
        with _ray(jobs, address) as count:
            yield Pool(count, lambda tasks: _joblib(tasks, "ray", count))
    else:
        owner = os.getpid()
        # Workers that are killed, as at Ctrl-C, leave what they made.
        with tempfile.TemporaryDirectory(prefix="study-", ignore_cleanup_errors=True) as folder:

            def run(tasks: Sequence[Task]) -> Iterator[Outcome]:
                return _joblib([replace(one, owner=owner, within=folder) for one in tasks], "loky", jobs)

            yield Pool(jobs, run)


def _joblib(tasks: Sequence[Task], backend: str, jobs: int) -> Iterator[Outcome]:
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend=backend, n_jobs=jobs):
        # One by one: what has ended is kept, and workers that are quick take more.
        parallel = Parallel(batch_size=1, return_as="generator_unordered")
        with _deaf_to_ctrl_c():
            outcomes = parallel(delayed(worker.run)(task) for task in tasks)
        try:
            yield from outcomes
        finally:
            outcomes.close()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started within ignore Ctrl-C, which all hear: this one ends them, without a traceback from each."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _dask(jobs: int, address: str | None) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise _missing("dask", error) from error
    options = (
        {"address": address}
        if address
        else {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": None}
    )
    with Client(**options) as client:
        yield client


@contextmanager
def _ray(jobs: int, address: str | None) -> Iterator[int]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise _missing("ray", error) from error
    ray.init(address=address, **({} if address else {"num_cpus": jobs}))
    try:
        register_ray()
        yield int(ray.cluster_resources()["CPU"])
    finally:
        ray.shutdown()


def _missing(name: str, error: ImportError) -> DocsError:
    install = "pip install -e .[cluster]" if name == "dask" else "pip install ray"
    return DocsError(f"--backend {name} needs {name}, which is not installed here ({error}): {install}")
