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
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clinic.families import families
from clinic.faults import FAULTS
from clinic.healthy import HEALTHY
from clinic.training import train
from lightning_modules.doctor.examination import examine
from lightning_modules.doctor.record import Record


@dataclass
class Patient:
    """A run, and what is known of it."""

    half: str
    family: str
    change: str
    seed: int
    names: tuple[str, ...]
    quality: float
    twin: float
    record: Record


PARTS = ("first", "second", "third")
"""Thresholds come from the first part, rules were mended after a look at the second; figures are the third's."""
FACTS = {
    "softmax_first",
    "softmax_module",
    "sigmoid_first",
    "left_in_evaluation",
    "alpha_dropout",
    "leaked",
    "detached",
    "listed",
    "validated_in_training_mode",
    "never_acts",
    "validated_on_another_scale",
    "constants",
    "squashed_output",
    "never_zeroed",
}
"""Faults that are named whether or not they hurt this time."""


def main() -> None:
    """Train or ask again, and print."""
    parser = argparse.ArgumentParser(prog="python -m clinic", description=__doc__)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--only", default="")
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
    for half in PARTS:
        report(half, [patient for patient in patients if patient.half == half], arguments.v)


def kept(path: Path) -> Iterator[Patient]:
    with path.open("rb") as file:
        while file.peek(1):
            patient = pickle.load(file)
            patient.record = record = Record(**vars(patient.record))
            for name in ("facts", "loss", "validation_loss"):  # kept before something was measured
                part = getattr(record, name)
                setattr(record, name, part and type(part)(**vars(part)))
            for seen in (layer for layers in record.layers_first for layer in layers):
                vars(seen).setdefault("units", 0)
            yield patient


def admitted(seeds: int, only_part: str | None, only: str) -> Iterator[Patient]:
    started = time.monotonic()
    for half in [only_part] if only_part else PARTS:
        for seed in range(seeds):
            for family, make in families(half, seed).items():
                twin = math.nan
                for change, apply in HEALTHY.items():
                    if only and only != change and not (change == "as_it_is" and only in FAULTS):
                        continue
                    case = apply(make())
                    if case is None or (
                        change not in (only, "as_it_is") and is_left_out(family, change, seed)
                    ):
                        continue
                    doctor, quality = train(case, seed)
                    if change == "as_it_is":
                        twin = quality
                    yield Patient(half, family, change, seed, (), quality, twin, doctor.record)
                for change, (names, apply) in FAULTS.items():
                    if only and only != change:
                        continue
                    case = apply(make())
                    if case is None or (change != only and is_left_out(family, change, seed)):
                        continue
                    doctor, quality = train(case, seed)
                    yield Patient(half, family, change, seed, names, quality, twin, doctor.record)
                print(
                    f"{half} {seed} {family}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True
                )


def is_left_out(family: str, change: str, seed: int) -> bool:
    """Not everything is tried on every family with every seed: half of it is."""
    return bool(zlib.crc32(f"{family} {change} {seed}".encode()) % 2)


def hurts(patient: Patient) -> bool:
    """Whether the fault costs more than a little beside the repaired twin."""
    if patient.change in FACTS or not math.isfinite(patient.quality):
        return True
    return patient.quality < patient.twin - 0.08


def described(patient: Patient) -> str:
    qualities = f"{patient.quality:.2f}, twin {patient.twin:.2f}"
    return f"{patient.change} | {patient.family} {patient.seed}, {qualities}"


def interval(count: int, of: int) -> str:
    """The share, with Wilson's 95% interval."""
    if of == 0:
        return "none"
    z, share = 1.96, count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{count}/{of} = {share:.1%} ({max(middle - half, 0):.1%} to {min(middle + half, 1):.1%})"


def report(half: str, patients: list[Patient], verbose: bool) -> None:
    faulty = [p for p in patients if p.names and hurts(p)]
    spared = [p for p in patients if p.names and not hurts(p)]
    well = [p for p in patients if not p.names and math.isfinite(p.quality)]
    print(f"\n{half} part: {len(faulty)} faulty, {len(spared)} whose fault does no harm, {len(well)} healthy")
    first = two = named = 0
    by_kind: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    confusion: Counter[tuple[str, str]] = Counter()
    for patient in faulty:
        found = examine(patient.record).names
        right = bool(found) and found[0] in patient.names
        among = any(name in patient.names for name in found[:2])
        first, two, named = first + right, two + among, named + bool(found)
        kind = by_kind[patient.names[0]]
        kind[0], kind[1], kind[2] = kind[0] + right, kind[1] + among, kind[2] + 1
        if not right:
            confusion[patient.names[0], found[0] if found else "nothing"] += 1
            if verbose:
                print(f"  {described(patient)}: {found}")
    alarms: Counter[str] = Counter()
    alarmed = 0
    for patient in well:
        found = examine(patient.record)
        alarmed += bool(found)
        alarms.update(found.names[:1])
        if verbose and found:
            print(f"  FALSE {described(patient)}: {found.names} {dict(found.findings[0].evidence)}")
    print(f"first finding right  {interval(first, len(faulty))}")
    print(f"among the first two  {interval(two, len(faulty))}")
    print(f"precision            {interval(first, named + alarmed)}")
    print(f"false alarms         {interval(alarmed, len(well))}  {dict(alarms)}")
    for kind, (right, among, of) in sorted(by_kind.items()):
        print(f"    {kind:34s} {right:3d} {among:3d} of {of}")
    for (kind, other), count in confusion.most_common(12):
        print(f"    {kind} taken for {other}: {count}")


if __name__ == "__main__":
    main()
