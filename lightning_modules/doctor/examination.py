"""From a record to a diagnosis: every rule is asked, and the likeliest cause comes first."""

from collections.abc import Collection

from lightning_modules.doctor.diagnosis import Diagnosis, Finding
from lightning_modules.doctor.outcome import outcome_of
from lightning_modules.doctor.record import Record
from lightning_modules.doctor.rules import RULES

_MOST = 3


def examine(record: Record, ignore: Collection[str] = ()) -> Diagnosis:
    """Ask every rule.

    Args:
        record: What was measured.
        ignore: Names of findings that are not wanted.
    """
    outcome = outcome_of(record)
    found: list[Finding] = []
    for names, rule in RULES:
        if any(name not in ignore for name in names):
            finding = rule(record, outcome)
            if finding is not None and finding.name not in ignore:
                found.append(finding)
    found.sort(key=lambda finding: (-finding.sure, finding.since))
    return Diagnosis(tuple(found[:_MOST]), record.batches)
