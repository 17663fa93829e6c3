"""`python -m mutants` puts faults into the library, one at a time, and says which of them no test notices.

They are drawn at random, each of all that can be made with the same chance. A survivor is a hole in the tests, or
it changes nothing that anybody could see: then it is named in mutants/equivalent.toml, with the reason.
"""

from __future__ import annotations

import argparse
import queue
import random
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

from mutants.mutations import mutations
from mutants.trial import Mutant, copied, is_killed, refuse_failing

ROOT = Path(__file__).parents[1]
PACKAGE = "lightning_modules"
WANTED = 0.96  # of those that change something


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, try, tell; 1 where fewer than the wanted part is noticed."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"files or folders of {PACKAGE}; default: all of it")
    parser.add_argument("--count", type=int, default=150, help="how many; default: 150")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws others; default: 0")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once; default: 2")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.jobs < 1:
        parser.error("--count and --jobs are 1 or more")
    drawn = draw(every_mutant(ROOT, options.names), options.count, options.seed)
    if not drawn:
        parser.error(
            f"no fault can be made in {', '.join(options.names)}; it is a file or folder of {PACKAGE}"
        )
    survivors = survivors_of(drawn, options.jobs)
    known = equivalents()
    holes = [mutant for mutant in survivors if _words(mutant) not in known]
    told = len(drawn) - (len(survivors) - len(holes))
    for mutant in sorted(survivors, key=str):
        print(f"{'SURVIVED' if mutant in holes else 'changes nothing'}: {mutant}")
    killed = told - len(holes)
    print(
        f"{killed} of {told} noticed ({killed / told:.0%}), {len(survivors) - len(holes)} more change nothing"
    )
    return int(killed < WANTED * told)


def every_mutant(root: Path, names: Sequence[str]) -> list[Mutant]:
    """All that can be made in what is named."""
    folders = [root / name for name in names] or [root / PACKAGE]
    files = sorted(
        {file for folder in folders for file in (folder.rglob("*.py") if folder.is_dir() else [folder])}
    )
    return [
        Mutant(str(file.relative_to(root)), mutation)
        for file in files
        if file.is_file()
        for mutation in mutations(file.read_text(encoding="utf-8"))
    ]


def draw(every: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them, at random."""
    return random.Random(seed).sample(every, min(count, len(every)))


def survivors_of(drawn: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Those that no test notices."""
    with ExitStack() as stack, ThreadPoolExecutor(jobs) as threads:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for _ in range(jobs):
            copies.put(stack.enter_context(copied(ROOT)))

        first = copies.get()
        print("the tests without a fault …", file=sys.stderr, flush=True)
        refuse_failing(sorted({mutant.path for mutant in drawn}), first, PACKAGE)
        copies.put(first)

        def survives(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                return not is_killed(mutant, copy, PACKAGE)
            finally:
                copies.put(copy)

        waiting = {threads.submit(survives, mutant): mutant for mutant in drawn}
        found = []
        for number, done in enumerate(as_completed(waiting), 1):
            if done.result():
                found.append(waiting[done])
            print(f"\r{number}/{len(drawn)}, {len(found)} not noticed", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return found


def equivalents() -> set[tuple[str, str, str]]:
    """Faults that change nothing that anybody could see: file, line of code and what stands there instead."""
    held = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8"))
    return {(one["file"], one["code"], one["instead"]) for one in held.get("mutant", [])}


def _words(mutant: Mutant) -> tuple[str, str, str]:
    """A mutant as it is named, whatever line it has come to stand on."""
    lines = (ROOT / mutant.path).read_text(encoding="utf-8").splitlines()
    return mutant.path, lines[mutant.mutation.line - 1].strip(), str(mutant.mutation).partition(": ")[2]


if __name__ == "__main__":
    sys.exit(main())
