"""What batch normalization costs in training, and what folding it away saves at inference."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.table import Row
from lightning_modules import MLP, fold_batch_norm, initialize

_DEPTH = 20
_ROUNDS = 30


def cost_of_batch_norm() -> list[Row]:
    """Twenty layers of 100 units, one thread; each pair in turn, the best of thirty rounds."""
    torch.set_num_threads(1)
    torch.manual_seed(42)
    normalized, plain = _network(nn.BatchNorm1d), _network(None)
    trained, without = _best(_training_step, normalized, plain, 32, calls=20)
    rows = [
        Row(
            f"a training step, batch 32 ({trained * 1e3:.2f} ms)",
            f"without batch normalization ({without * 1e3:.2f} ms)",
            trained / without,
            "x",
        )
    ]
    normalized.eval()
    folded = fold_batch_norm(normalized)
    for size, calls in ((1, 200), (32, 100), (256, 30)):
        before, after = _best(_inference, normalized, folded, size, calls)
        rows.append(
            Row(
                f"folded inference, batch {size} ({after * 1e6:.0f} µs)",
                f"not folded ({before * 1e6:.0f} µs)",
                before / after,
                "x",
            )
        )
    return rows


def _network(normalization: type[nn.Module] | None) -> nn.Module:
    network = MLP([784] + [100] * _DEPTH + [10], nn.ReLU, normalization)
    initialize(network)
    return network


def _best(
    measure: Callable[[nn.Module, Tensor, Tensor], None],
    first: nn.Module,
    second: nn.Module,
    size: int,
    calls: int,
) -> tuple[float, float]:
    images, labels = torch.randn(size, 784), torch.randint(10, (size,))
    seconds: list[list[float]] = [[], []]
    for _ in range(_ROUNDS):
        for network, taken in zip((first, second), seconds, strict=True):
            started = time.perf_counter()
            for _ in range(calls):
                measure(network, images, labels)
            taken.append((time.perf_counter() - started) / calls)
    return min(seconds[0]), min(seconds[1])


def _training_step(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    cross_entropy(network(images), labels).backward()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter -= 1e-4 * parameter.grad
            parameter.grad = None


@torch.inference_mode()
def _inference(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    network(images)
