"""How often the doctor is right: over faulty runs, over healthy ones, and by the kind of fault."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from clinic.patient import Patient, described, hurts
from lightning_modules.doctor.examination import examine

_MOST = 12  # mistakes that are listed


def report(part: str, patients: list[Patient], *, verbose: bool) -> None:
    """Print the figures of a part; `verbose` names each patient that was not understood."""
    faulty = [patient for patient in patients if patient.names and hurts(patient)]
    harmless = sum(bool(patient.names) and not hurts(patient) for patient in patients)
    well = [patient for patient in patients if not patient.names and math.isfinite(patient.quality)]
    print(f"\n{part} part: {len(faulty)} faulty, {harmless} whose fault does no harm, {len(well)} healthy")
    found = [(patient, examine(patient.record).names) for patient in faulty]
    alarms = [(patient, diagnosis) for patient in well if (diagnosis := examine(patient.record))]
    right = [(patient, names) for patient, names in found if _is_right(patient, names[:1])]
    among = [(patient, names) for patient, names in found if _is_right(patient, names[:2])]
    named = sum(bool(names) for _, names in found)
    accused = Counter(diagnosis.names[0] for _, diagnosis in alarms)
    print(f"first finding right  {interval(len(right), len(faulty))}")
    print(f"among the first two  {interval(len(among), len(faulty))}")
    print(f"precision            {interval(len(right), named + len(alarms))}")
    print(f"false alarms         {interval(len(alarms), len(well))}  {dict(accused)}")
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for what, some in (("right", right), ("among", among), ("all", found)):
        for patient, _ in some:
            kinds[patient.names[0]][what] += 1
    for kind, counts in sorted(kinds.items()):
        print(f"    {kind:34s} {counts['right']:3d} {counts['among']:3d} of {counts['all']}")
    wrong = [(patient, names) for patient, names in found if not _is_right(patient, names[:1])]
    confused = Counter((patient.names[0], names[0] if names else "nothing") for patient, names in wrong)
    for (kind, other), count in confused.most_common(_MOST):
        print(f"    {kind} taken for {other}: {count}")
    if verbose:
        for patient, names in wrong:
            print(f"  {described(patient)}: {names}")
        for patient, diagnosis in alarms:
            evidence = dict(diagnosis.findings[0].evidence)
            print(f"  FALSE {described(patient)}: {diagnosis.names} {evidence}")


def _is_right(patient: Patient, names: list[str]) -> bool:
    return any(name in patient.names for name in names)


def interval(count: int, of: int) -> str:
    """The share, with Wilson's 95% interval.

    >>> interval(139, 143)
    '139/143 = 97.2% (93.0% to 98.9%)'
    """
    if of == 0:
        return "none"
    z, share = 1.96, count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{count}/{of} = {share:.1%} ({max(middle - half, 0):.1%} to {min(middle + half, 1):.1%})"
