"""`python tests/strangers/record.py`: use every piece on both strangers in all circumstances, record what comes of it."""

import logging
import sys

import recorded
from fitting import CIRCUMSTANCES, STRANGERS, TWO_PROCESSES
from outcomes import BROKEN, outcome_of
from pieces import every_piece
from two_processes import in_two_processes


def main() -> None:
    """Record, unless a piece is broken."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    pieces, found, broken = every_piece(), {}, 0
    together = in_two_processes()
    for name, piece in pieces.items():
        for who in STRANGERS:
            for circumstance in CIRCUMSTANCES:
                alone = circumstance != TWO_PROCESSES
                outcome, text = outcome_of(piece, who, circumstance) if alone else together[name, who]
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
