"""What looking at a whole model costs, and drawing its weights: `signal` and `initialize` on a hundred layers."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.interleaved import ratios, timed
from benchmarks.table import Row, at_most
from lightning_modules import MLP, initialize, signal

_WIDTHS = [784] + [100] * 100 + [10]
_ROUNDS = 60

_SIGNAL = (
    "beside the passes it copies the model, and takes each output as it comes, before it is changed in place."
)
_INITIALIZE = "beside the drawing it reads each weight's standard deviation before and after, for the report."


def signal_and_initialize() -> list[Row]:
    """100 layers of 100 units, one thread; against what one would do anyway, in turn, sixty rounds."""
    torch.set_num_threads(1)
    torch.manual_seed(42)
    network = MLP(_WIDTHS, nn.ReLU)
    initialize(network)
    rows = []
    for size in (32, 256):
        batch = torch.randn(size, 784), torch.randint(10, (size,))
        ways = {
            "signal": timed(partial(signal, network, batch, cross_entropy)),
            "one pass": timed(partial(_forward_and_backward, network, *batch)),
        }
        looked = ratios(ways, "one pass", _ROUNDS)["signal"]
        rows.append(at_most(f"signal, batch {size}", "one forward and backward", looked, 1.8, _SIGNAL))
    ways = {
        "initialize": timed(partial(initialize, network)),
        "loop": timed(partial(_kaiming, network)),
    }
    drawn = ratios(ways, "loop", _ROUNDS)["initialize"]
    rows.append(at_most("initialize", "a loop of kaiming_normal_", drawn, 1.3, _INITIALIZE))
    return rows


def _forward_and_backward(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    network.zero_grad()
    cross_entropy(network(images), labels).backward()


def _kaiming(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
