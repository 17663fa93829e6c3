"""Use every piece in two processes at once: `in_two_processes()` starts them, this file is what they run.

All pieces share one pair of processes, since starting them takes longer than training.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from fitting import STRANGERS, TWO_PROCESSES
from outcomes import BROKEN, Outcome, outcome_of
from pieces import every_piece

HERE = Path(__file__).parent


def in_two_processes() -> dict[tuple[str, str], tuple[Outcome, str]]:
    """By piece and stranger, the outcome and its traceback, if there is one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        shared = os.environ | {
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "WORLD_SIZE": "2",
            "NODE_RANK": "0",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        running = [
            subprocess.Popen([sys.executable, __file__, folder], env=shared | {"LOCAL_RANK": str(rank)})
            for rank in range(2)
        ]
        try:
            for process in running:
                process.wait(timeout=1200)
        finally:
            for process in running:
                process.kill()
                process.wait()
        first, second = (json.loads((Path(folder) / f"{rank}.json").read_text()) for rank in range(2))
    found = {}
    for name, stranger, outcome, digest in first:
        found[name, stranger] = Outcome(**outcome), digest
    for name, stranger, outcome, digest in second:
        if found[name, stranger] != (Outcome(**outcome), digest):
            why = f"the processes part: {found[name, stranger]} and {(Outcome(**outcome), digest)}"
            found[name, stranger] = Outcome(BROKEN, why), why
    return found


def main(folder: Path) -> None:
    """Run as one of the processes."""
    import torch.distributed as dist

    rank = int(os.environ["LOCAL_RANK"])
    # Lightning uses the group that is there. One process alone in an error would wait for the other for half an hour.
    dist.init_process_group("gloo", rank=rank, world_size=2, timeout=timedelta(seconds=60))
    found = []
    for name, piece in every_piece().items():
        for stranger in STRANGERS:
            outcome, text = outcome_of(piece, stranger, TWO_PROCESSES)
            found.append([name, stranger, vars(outcome), text])
            (folder / f"{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
