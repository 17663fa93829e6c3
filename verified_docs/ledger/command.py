"""`python -m verified_docs robustness [NAME …]`."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from verified_docs.base import processor
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.ledger import entry as ledger
from verified_docs.ledger.entry import ENOUGH, Entry
from verified_docs.ledger.numbers import results_digest
from verified_docs.pages.page import every_quote
from verified_docs.programs.snippet import Snippet, every_snippet
from verified_docs.records import record
from verified_docs.records.kinds import Kind
from verified_docs.records.record import Record
from verified_docs.running.runner import kind_of_this_machine
from verified_docs.running.trial import Machine, Trial, Tried

_SHOWN = 3  # trials of a claim whose values are told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="snippets, or folders of them; default: all")
    parser.add_argument("--check", action="store_true", help="run nothing; say whether the ledger is whole")
    parser.add_argument("--seeds", type=int, default=20, help="with how many other seeds; default: 20")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="runs at once; default: one a core"
    )
    parser.add_argument(
        "--processors", help="by the names of pyproject.toml, with commas; default: all that this machine has"
    )
    parser.add_argument("--threads", default="1,2", help="numbers of threads, with commas; default: 1,2")
    parser.add_argument(
        "--add", action="store_true", help="to what is recorded: another machine's processors, or --seeds 0"
    )


def run(config: Config, arguments: argparse.Namespace) -> int:
    """Hold the claims of the named snippets against other seeds and processors; 1 where one holds too rarely."""
    if arguments.seeds < (0 if arguments.add else 1):
        raise DocsError(f"--seeds {arguments.seeds}: claims are held against one other seed at least")
    if arguments.jobs < 1:
        raise DocsError(f"--jobs {arguments.jobs}: at least one run goes on at once")
    snippets = _named(config, arguments.names)
    if arguments.check:
        return _check(snippets, arguments.seeds, _counts(arguments.threads))
    machines = _machines(config, arguments.processors, arguments.threads)
    try:
        earlier = {snippet: ledger.fresh(snippet) for snippet in snippets} if arguments.add else {}
        kind = kind_of_this_machine(config)
        return _hold(config, snippets, arguments.seeds, machines, arguments.jobs, earlier, kind)
    except KeyboardInterrupt:
        print("\nstopped; finished runs are kept, the same command goes on from there", file=sys.stderr)
        return 130


def _hold(
    config: Config,
    snippets: Sequence[Snippet],
    seeds: int,
    machines: Sequence[Machine],
    jobs: int,
    earlier: Mapping[Snippet, Entry],
    kind: Kind,
) -> int:
    from verified_docs.ledger.holding import make

    def of(snippet: Snippet, shift: int = 0, machine: Machine | None = None) -> Trial:
        here = kind.of(snippet)
        return Trial(snippet, shift, machine and replace(machine, kind=here), here)

    # Shift after shift, not snippet after snippet: so the time left is told well early on.
    trials = [of(snippet, shift) for shift in range(1, seeds + 1) for snippet in snippets]
    trials += [of(snippet, machine=machine) for machine in machines for snippet in snippets]
    came, unknown = make(trials, config, jobs)
    problems = [f"NOT HELD HERE: {error}" for error in unknown.values()]
    held: dict[Snippet, Entry] = {}
    quotes = every_quote(config)
    for snippet in snippets:
        if snippet not in unknown:
            tried = {trial: one for trial, one in came.items() if trial.snippet == snippet}
            new = Entry.of(snippet, tried, _recorded(snippet), quotes.get(snippet.name, []))
            held[snippet] = new.added_to(earlier[snippet]) if snippet in earlier else new
            ledger.save(snippet, held[snippet])
            problems += _complaints(snippet, held[snippet], tried)
    return _tell(held, problems)


def _recorded(snippet: Snippet) -> Record | None:
    """The record of `snippet` as it is now; that it is missing or stale is said elsewhere."""
    try:
        return record.fresh(snippet)
    except DocsError:
        return None


def _check(snippets: Sequence[Snippet], seeds: int, counts: Sequence[int]) -> int:
    """Whether what is recorded covers every claim as it is now, all seeds, and all machines of the record's kind."""
    held: dict[Snippet, Entry] = {}
    problems = []
    for snippet in snippets:
        try:
            held[snippet] = ledger.fresh(snippet)
        except DocsError as error:
            problems.append(str(error))
            continue
        if held[snippet].seeds < seeds:
            problems.append(
                f"{snippet.place}: its claims were held against {held[snippet].seeds} other seeds, not {seeds}: "
                f"{ledger.how_to_hold(snippet)}"
            )
        recorded = _recorded(snippet)
        numbers = held[snippet].numbers
        if recorded and (numbers is None or numbers.record != results_digest(recorded)):
            problems.append(
                f"{snippet.place}: its record changed since its numbers were compared: {ledger.how_to_hold(snippet)}"
            )
        processors = snippet.config.ledger.processors
        machines = [
            Machine(name, one, count, recorded.kind if recorded else None).label
            for count in counts
            for name, one in processors.items()
        ]
        lacking = [machine for machine in machines if machine not in held[snippet].machines]
        if lacking:
            problems.append(
                f"{snippet.place}: its claims were not held on {'; '.join(lacking)}: "
                f"{ledger.how_to_hold(snippet)} --add --seeds 0, on a machine that has it"
            )
        problems += _complaints(snippet, held[snippet], {})
    return _tell(held, problems)


def _tell(held: Mapping[Snippet, Entry], problems: Sequence[str]) -> int:
    claims = [one.share(claim) for one in held.values() for claim in one.claims]
    print(
        f"{len(claims)} claims of {len(held)} snippets: {sum(share == 1 for share in claims)} held every time, "
        f"{sum(share < ENOUGH for share in claims)} held less than {ENOUGH:.0%} of the time"
    )
    if problems:
        print("\n".join(["", *problems]), file=sys.stderr)
    return bool(problems)


def _complaints(snippet: Snippet, entry: Entry, tried: Mapping[Trial, Tried]) -> list[str]:
    """Each claim that holds too rarely, with when it did not."""
    found = []
    for number, (claim, line) in enumerate(zip(entry.claims, snippet.claim_lines, strict=True)):
        if entry.share(claim) >= ENOUGH:
            continue
        failed = [*claim.failed_seeds, *claim.failed_machines]
        values = [
            f"  {trial.label}: {one.told[number]}" for trial, one in tried.items() if one.told.get(number)
        ]
        more = [f"  … and {len(values) - _SHOWN} more"] if len(values) > _SHOWN else []
        found.append(
            "\n".join(
                [
                    f"{snippet.place}:{line}: {entry.told(claim)}: {claim.claim}",
                    f"  not with {'; '.join(failed)}",
                    *values[:_SHOWN],
                    *more,
                ]
            )
        )
    return found


def _named(config: Config, names: Sequence[str]) -> list[Snippet]:
    """The snippets that are meant: by name, by path, or by a folder above."""
    every = {snippet.name: snippet for snippet in every_snippet(config)}
    found: dict[str, Snippet] = {}
    for given in names:
        name = given.removeprefix("snippets/").removesuffix(".py").rstrip("/")
        meant = {one: every[one] for one in every if f"{one}/".startswith(f"{name}/") or name == "snippets"}
        if not meant:
            near = difflib.get_close_matches(name, every, n=3, cutoff=0.4)
            raise DocsError(f"there is no snippet {given!r}; there are: {', '.join(near or every) or 'none'}")
        found |= meant
    return list((found if names else every).values())


def _machines(config: Config, processors: str | None, threads: str) -> list[Machine]:
    there = config.ledger.processors
    names = processors.split(",") if processors is not None else list(there)
    for name in names:
        if name not in there:
            raise DocsError(f"--processors: there is no {name!r}; pyproject.toml has {', '.join(there)}")
    able = [name for name in names if _has(config, name)]
    if processors is not None and able != names:
        lacking = next(name for name in names if name not in able)
        raise DocsError(
            f"--processors: this machine has no {lacking!r} (its processor lacks {there[lacking].needs}); "
            f"it has {', '.join(name for name in there if _has(config, name))}"
        )
    return [Machine(name, there[name], count) for count in _counts(threads) for name in able]


def _counts(threads: str) -> list[int]:
    try:
        counts = [int(one) for one in threads.split(",")]
    except ValueError:
        counts = [0]
    if min(counts) < 1:
        raise DocsError(f"--threads {threads}: give numbers of at least 1, with commas")
    return counts


def _has(config: Config, name: str) -> bool:
    needs = config.ledger.processors[name].needs
    return needs is None or processor.has(needs)
