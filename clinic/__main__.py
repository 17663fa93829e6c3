"""`python -m clinic` trains all patients and says how often the doctor is right; `--keep FILE` keeps what was measured.

With a file that is there, nothing is trained: rules are asked again.
"""

from __future__ import annotations

import argparse
import math
import pickle
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from clinic.case import Case
from clinic.families import families
from clinic.faults import FAULTS
from clinic.faults.registry import Change
from clinic.healthy import HEALTHY
from clinic.patient import Patient
from clinic.report import report
from clinic.training import train

PARTS = ("first", "second", "third")
"""Thresholds come from the first part, rules were mended after a look at the second; figures are the third's."""


def main() -> None:
    """Train or ask again, and print."""
    parser = argparse.ArgumentParser(prog="python -m clinic", description=__doc__)
    parser.add_argument("--keep", type=Path, help="where what was measured is kept, or read from")
    parser.add_argument("--seeds", type=int, default=1, help="of each family; default: 1")
    parser.add_argument("--part", choices=PARTS, help="one of them; default: all")
    parser.add_argument("--only", default="", help="one change, by its name")
    parser.add_argument("-v", action="store_true", help="each patient that was not understood")
    arguments = parser.parse_args()
    if arguments.keep and arguments.keep.exists():
        patients = list(kept(arguments.keep))
    else:
        patients = []
        for patient in admitted(arguments.seeds, arguments.part, arguments.only):
            patients.append(patient)
            if arguments.keep:
                with arguments.keep.open("ab") as file:
                    pickle.dump(patient, file)
    for part in [arguments.part] if arguments.part else PARTS:
        report(part, [patient for patient in patients if patient.part == part], verbose=arguments.v)


def kept(path: Path) -> Iterator[Patient]:
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)


def admitted(seeds: int, only_part: str | None, only: str) -> Iterator[Patient]:
    started = time.monotonic()
    for part in [only_part] if only_part else PARTS:
        for seed in range(seeds):
            for family, make in families(part, seed).items():
                yield from of_family(part, seed, family, make, only)
                seconds = time.monotonic() - started
                print(f"{part} {seed} {family}: {seconds:.0f} s", file=sys.stderr, flush=True)


def of_family(part: str, seed: int, family: str, make: Callable[[], Case], only: str) -> Iterator[Patient]:
    """The healthy ones first, of which the one that is as it is is everybody's twin."""
    twin = math.nan
    healthy: dict[str, tuple[tuple[str, ...], Change]] = {
        name: ((), apply) for name, apply in HEALTHY.items()
    }
    for change, (names, apply) in (healthy | FAULTS).items():
        case = apply(make()) if is_wanted(family, change, seed, only) else None
        if case is None:
            continue
        doctor, quality = train(case, seed)
        if change == "as_it_is":
            twin = quality
        yield Patient(part, family, change, seed, names, quality, twin, doctor.record)


def is_wanted(family: str, change: str, seed: int, only: str) -> bool:
    if only:
        return change == only or (change == "as_it_is" and only in FAULTS)
    return change == "as_it_is" or not is_left_out(family, change, seed)


def is_left_out(family: str, change: str, seed: int) -> bool:
    """Not everything is tried on every family with every seed: half of it is."""
    return bool(zlib.crc32(f"{family} {change} {seed}".encode()) % 2)


if __name__ == "__main__":
    main()
