"""`python tests/strangers/record.py`: use every piece on both strangers in all circumstances, record what comes of it."""

import logging
import sys

import recorded
from fitting import CIRCUMSTANCES, LIGHTNING, STRANGERS, TWO_PROCESSES
from of_lightning import of_lightning
from outcomes import BROKEN, outcome_of
from pieces import every_piece
from two_processes import in_two_processes


def main() -> None:
    """Record, unless a piece is broken."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    pieces, found, broken = every_piece(), {}, 0
    apart = {TWO_PROCESSES: in_two_processes(), LIGHTNING: of_lightning()}
    for name, piece in pieces.items():
        for who in STRANGERS:
            for circumstance in CIRCUMSTANCES:
                here = circumstance not in apart
                outcome, text = (
                    outcome_of(piece, who, circumstance) if here else apart[circumstance][name, who]
                )
                found[name, who, circumstance] = outcome
                if outcome.says == BROKEN:
                    broken += 1
                    print(f"{name}, {who}, {circumstance}:\n{text}", file=sys.stderr)
    if broken:
        sys.exit(f"{broken} broken; the record stays as it is")
    recorded.save(recorded.table(pieces, found))
    print(f"{recorded.PATH}: {len(pieces)} pieces")


if __name__ == "__main__":
    main()
