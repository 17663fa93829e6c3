"""What makes a trained network answer faster, for one image and for many: folding, 16 bits, fewer layers."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.table import Row
from lightning_modules import low_latency, recipe

_ROUNDS = 30


def time_to_answer() -> list[Row]:
    """Twenty layers of 100 units as the default recipe has them, one thread; taken in turn, the best of thirty rounds."""
    torch.set_num_threads(1)
    torch.manual_seed(42)
    trained = recipe("default", depth="deep").network([784] + [100] * 20 + [10]).eval()
    ways: dict[str, nn.Module] = {
        "as trained": trained,
        "folded": low_latency(trained),
        "folded, bfloat16": low_latency(trained, dtype=torch.bfloat16),
        "two layers": low_latency(recipe("default").network([784, 100, 100, 10])),
    }
    rows = []
    for size, calls in ((1, 100), (256, 10)):
        images = torch.randn(size, 784)
        took = _best({name: partial(network, images) for name, network in ways.items()}, calls)
        before = took.pop("as trained")
        rows += [
            Row(
                f"{name}, batch {size} ({seconds * 1e6:.0f} µs)",
                f"as trained ({before * 1e6:.0f} µs)",
                before / seconds,
                "x",
            )
            for name, seconds in took.items()
        ]
    return rows


@torch.inference_mode()
def _best(ways: dict[str, Callable[[], Tensor]], calls: int) -> dict[str, float]:
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            for _ in range(calls):
                way()
            best[name] = min(best[name], (time.perf_counter() - started) / calls)
    return best
