"""`python -m benchmarks [NAME …]` measures all, or the named ones, and prints a table; 1 where a target is missed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks import activations, cold, data, fresh_clone, regularization, unchanged, weight
from benchmarks.recording import record
from benchmarks.table import Row, printed

MEASUREMENTS: dict[str, Callable[[], list[Row]]] = {
    "cold": cold.half_second_snippets,
    "guide": cold.the_guides_own_snippets,
    "unchanged": unchanged.nothing_changed,
    "weight": weight.pages,
    "epoch": data.an_epoch,
    "loading": data.loading_again,
    "activations": activations.time_per_activation,
    "mc_dropout": regularization.mc_dropout_against_a_loop,
    "regularization": regularization.cost_of_a_training_step,
    "fresh_clone": fresh_clone.site_without_torch,
}


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--record", action="store_true", help="keep the results, for pages to quote")
    arguments = parser.parse_args()
    names = arguments.names or list(MEASUREMENTS)
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}")
    rows: list[Row] = []
    for number, name in enumerate(names, start=1):
        started = time.monotonic()
        print(f"[{number}/{len(names)}] {name} …", file=sys.stderr, flush=True)
        measured = MEASUREMENTS[name]()
        if arguments.record:
            record(name, measured)
        rows += measured
        print(f"    {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(printed(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
