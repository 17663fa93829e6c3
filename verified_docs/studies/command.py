"""`python -m verified_docs study [NAME …]`."""

from __future__ import annotations

import argparse
import os
import sys

from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.base.progress import clock
from verified_docs.programs.study_file import StudyFile, every_study
from verified_docs.records import kinds, record
from verified_docs.records.kinds import Kind
from verified_docs.running.runner import kind_of_this_machine
from verified_docs.studies import runs
from verified_docs.studies.pool import BACKENDS, opened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="those to record, one after the other; default: all"
    )
    parser.add_argument("--list", action="store_true", help="say which there are, and how far each is")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="run nothing: put the finished runs into studies/results/NAME.parts.json, to go on another day",
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="runs at once; default: one a core"
    )
    parser.add_argument(
        "--backend", choices=BACKENDS, default="loky", help="where runs go on; default: this machine"
    )
    parser.add_argument(
        "--address", help="of a Dask or Ray cluster; default: one of --jobs workers, made here"
    )


def run(config: Config, arguments: argparse.Namespace) -> int:
    """Record the named studies and print their tables; what was finished before is not run again."""
    if arguments.jobs < 1:
        raise DocsError(f"--jobs {arguments.jobs}: at least one run goes on at once")
    if arguments.address and arguments.backend == "loky":
        raise DocsError("--address is of a cluster: say which with --backend dask or --backend ray")
    files = _named(config, arguments.names)
    os.environ.update(config.env)  # before anything is imported that reads it, here and in the workers
    if arguments.list:
        for file in files:
            print(_state(file))
        return 0
    if arguments.keep:
        for file in files:
            count = runs.keep_parts(file, file.computing(file.module().study))
            if count:
                print(f"{file.place}: {count} finished runs are in {file.parts.relative_to(config.root)}")
        return 0
    if not files:
        raise DocsError("there are no studies: studies/<name>.py holds one (see CONTRIBUTING.md)")
    from verified_docs.studies.recording import record_study

    # Of a cluster's machines nobody knows the kind.
    kind = Kind() if arguments.backend != "loky" else kind_of_this_machine(config)
    kinds.register(config, kind)  # before a record names it
    try:
        with opened(arguments.backend, arguments.jobs, arguments.address) as pool:
            for file in files:
                record_study(file, pool, kind.name)
                print(
                    f"{file.place}: recorded; look at the difference before you commit\n\n{record.fresh(file).text}"
                )
    except KeyboardInterrupt:
        print("\nstopped; finished runs are kept, the same command goes on from there", file=sys.stderr)
        return 130
    return 0


def _named(config: Config, names: list[str]) -> list[StudyFile]:
    there = {file.path.stem: file for file in every_study(config, unfinished=True)}
    unknown = [name for name in names if name not in there]
    if unknown:
        raise DocsError(f"there is no study {unknown[0]!r}; there are: {', '.join(there) or 'none'}")
    return [there[name] for name in names] if names else list(there.values())


def _state(file: StudyFile) -> str:
    try:
        record.fresh(file)
        state = "recorded"
    except DocsError as error:
        state = str(error).removeprefix(f"{file.place}: ")
    study = file.module().study
    kept = runs.finished(file, file.computing(study)).values()
    spent = clock(sum(one.seconds for one in kept))
    return (
        f"{file.path.stem}: {file.question}\n  {state}; {len(kept)} runs are finished ({spent} on one core)"
    )
