"""What a doctor says: findings, the most likely cause first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lightning_modules.table import Report, Table


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `str(finding)` is a sentence with what to do, and the guide's page.

    Attributes:
        name: What it is, such as "vanishing-gradients".
        since: The training step, from 0, at which it was first seen.
        evidence: The numbers that say so, by what they are.
        remedy: What to do, as a sentence.
        page: The guide's page that shows it, below the guide's address.
        sure: From 0 to 1, how far the evidence goes; findings are sorted by it.
    """

    name: str
    since: int
    evidence: Mapping[str, float]
    remedy: str
    page: str
    sure: float

    def __str__(self) -> str:
        numbers = ", ".join(f"{what} {value:.3g}" for what, value in self.evidence.items())
        return f"{self.name} since step {self.since} ({numbers}). {self.remedy} The guide's page {self.page} says more."


@dataclass(frozen=True, repr=False)
class Diagnosis(Report):
    """What was found, the most likely cause first. `str(diagnosis)` is a table, empty where nothing was.

    >>> print(Diagnosis())
    nothing found
    >>> found = Finding("rate-too-high", 3, {"peak": 12.0}, "Try a tenth of the rate.", "symptoms/", 0.9)
    >>> diagnosis = Diagnosis((found,))
    >>> diagnosis.names, bool(diagnosis), bool(Diagnosis())
    (['rate-too-high'], True, False)
    >>> print(diagnosis)
    finding        since  sure  evidence  what to do
    rate-too-high      3   90%  peak 12   Try a tenth of the rate.

    Attributes:
        findings: Most likely cause first.
        steps: After how many training steps.
    """

    findings: tuple[Finding, ...] = ()
    steps: int = field(default=0)

    @property
    def names(self) -> list[str]:
        """The findings' names, in their order."""
        return [finding.name for finding in self.findings]

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __str__(self) -> str:
        return super().__str__() if self.findings else "nothing found"

    def table(self) -> Table:
        """A row for each finding."""
        head = ("finding", "since", "sure", "evidence", "what to do")
        rows = [
            (
                finding.name,
                str(finding.since),
                f"{finding.sure:.0%}",
                ", ".join(f"{what} {value:.3g}" for what, value in finding.evidence.items()),
                finding.remedy,
            )
            for finding in self.findings
        ]
        return Table([head, *rows], left=(0, 3, 4))

    def summary(self) -> str:
        """The names."""
        return ", ".join(self.names) or "nothing found"
