"""`python -m benchmarks [NAME …]` measures all, or the named ones, and prints a table.

A target that is missed is marked in it and is no error: times are measured here, nowhere asserted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks import (
    activations,
    batch_norm,
    clipping,
    cold,
    compression,
    data,
    depth,
    doctor,
    fresh_clone,
    optimizers,
    regularization,
    unchanged,
    weight,
    whole_model,
)
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
    "clipping": clipping.cost_of_clipping,
    "depth": depth.time_per_step,
    "doctor": doctor.cost_of_a_doctor,
    "batch_norm": batch_norm.cost_of_batch_norm,
    "compression": compression.time_to_answer,
    "optimizers": optimizers.time_and_state,
    "mc_dropout": regularization.mc_dropout_against_a_loop,
    "whole_model": whole_model.signal_and_initialize,
    "regularization": regularization.cost_of_a_training_step,
    "fresh_clone": fresh_clone.site_without_torch,
}


def main() -> None:
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
    try:
        measure(names, rows, keep=arguments.record)
    finally:  # minutes of measuring are not lost with the one that fails
        print(printed(rows))


def measure(names: list[str], rows: list[Row], *, keep: bool) -> None:
    """Measure one after the other, and append what each gives."""
    for number, name in enumerate(names, start=1):
        started = time.monotonic()
        print(f"[{number}/{len(names)}] {name} …", file=sys.stderr, flush=True)
        measured = MEASUREMENTS[name]()
        if keep:
            record(name, measured)
        rows += measured
        print(f"    {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
