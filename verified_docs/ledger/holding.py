"""Make trials: many at once where each runs on one thread, one after the other where they take more.

Trials with the same environment are forked from one process that has imported what they need. What takes two threads goes
alone: beside anything else it would wait for the other core, and run into its time limit.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import replace

from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.base.progress import Progress
from verified_docs.ledger.kept import Kept
from verified_docs.programs.snippet import Snippet
from verified_docs.records import record
from verified_docs.running.runner import DataUnavailable, Runner, SnippetStopped
from verified_docs.running.sharing import SharedServer, can_share
from verified_docs.running.trial import Trial, Tried

_PATIENCE = 3.0  # times a snippet's limit: another seed, or a slower instruction set, may take longer


def make(
    trials: Sequence[Trial], config: Config, jobs: int
) -> tuple[dict[Trial, Tried], dict[Snippet, DocsError]]:
    """What came of each trial, kept or made now; and of which snippets it cannot be known here, and why."""
    kept = Kept(config)
    found = {trial: tried for trial in trials if (tried := kept.get(trial)) is not None}
    unknown: dict[Snippet, DocsError] = {}
    left = [trial for trial in trials if trial not in found]
    for threads in sorted({trial.threads for trial in left}):
        alone = threads > 1
        stage = [trial for trial in left if trial.threads == threads]
        workers = 1 if alone else jobs
        what = f"{threads} threads, one run at a time" if alone else "1 thread"
        progress = Progress(f"claims, {what}", len(stage), _usual(stage), workers)
        try:
            for group in _by_environment(stage):
                here = replace(config, env=group[0].env)
                with closing(_made(group, here, min(workers, len(group)))) as outcomes:
                    for trial, came in outcomes:
                        if isinstance(came, DocsError):
                            unknown[trial.snippet] = came
                        else:
                            found[trial] = came
                            if not came.stopped:
                                kept.add(trial, came)
                        progress.add(came.seconds if isinstance(came, Tried) else 0.0)
        finally:
            progress.close()
    return {trial: found[trial] for trial in trials if trial in found}, unknown


def _usual(trials: Sequence[Trial]) -> float:
    """About how long one takes, by what the records say."""
    recorded = []
    for trial in trials:
        try:
            held = record.load(trial.snippet)
        except DocsError:
            held = None
        recorded.append(held.seconds if held else 1.0)
    return sum(recorded) / len(recorded)


def _by_environment(trials: Sequence[Trial]) -> list[list[Trial]]:
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(repr(sorted(trial.env.items())), []).append(trial)
    return list(groups.values())


def _made(
    trials: Sequence[Trial], config: Config, workers: int
) -> Generator[tuple[Trial, Tried | DocsError], None, None]:
    """Each trial with what came of it, in the order in which they end."""
    with _runners(config, workers) as run, ThreadPoolExecutor(workers) as threads:
        waiting: dict[Future[Tried | DocsError], Trial] = {}
        try:
            for trial in trials:
                waiting[threads.submit(run.one, trial)] = trial
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in waiting):
                run.end()  # again and again: one may have been about to start
                time.sleep(0.05)


class _Runners:
    """Several runners, each of which runs one snippet at a time."""

    def __init__(self, made: Sequence[Runner]) -> None:
        self._all = made
        self._free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
        for runner in made:
            self._free.put(runner)

    def one(self, trial: Trial) -> Tried | DocsError:
        runner = self._free.get()
        try:
            return runner.attempt(trial, _PATIENCE * trial.snippet.settings.seconds)
        except DataUnavailable as error:
            return error
        except SnippetStopped as error:
            return DocsError(f"{error}\n  with {trial.label}")
        finally:
            self._free.put(runner)

    def end(self) -> None:
        for runner in self._all:
            runner.close()


@contextmanager
def _runners(config: Config, count: int) -> Generator[_Runners, None, None]:
    shared = SharedServer(config, at_once=True) if can_share() else None
    runners = _Runners([Runner(config, shared=shared.address if shared else None) for _ in range(count)])
    try:
        yield runners
    finally:
        runners.end()
        if shared:
            shared.close()
