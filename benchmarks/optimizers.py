"""A step of each of the nine optimizers against torch.optim's default form: its time, and the state that it keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import lightning_modules as lm
from benchmarks.interleaved import Step, in_turn, ratio, ratios, timed
from benchmarks.table import Row, at_most

_WIDTHS = [100] * 22  # 21 layers of 100 units
_STEPS = 5  # a round of one would mostly measure the clock
_ROUNDS = 60

_NESTEROV = (
    "g + β b takes memory of its own: torch adds β b to the user's gradients, which here stay as they are."
)
_THE_SAME = (
    "the operations are torch's, in the same lists; what is left are the lists themselves and the refusals."
)

_PAIRS: dict[str, tuple[Callable[..., Optimizer], Callable[..., Optimizer]]] = {
    "Momentum": (lm.Momentum, partial(torch.optim.SGD, momentum=0.9)),
    "Nesterov": (lm.Nesterov, partial(torch.optim.SGD, momentum=0.9, nesterov=True)),
    "AdaGrad": (lm.AdaGrad, torch.optim.Adagrad),
    "RMSProp": (lm.RMSProp, torch.optim.RMSprop),
    "Adam": (lm.Adam, torch.optim.Adam),
    "AdaMax": (lm.AdaMax, torch.optim.Adamax),
    "Nadam": (lm.Nadam, torch.optim.NAdam),
    "AdamW": (lm.AdamW, torch.optim.AdamW),
}
_MUON = "both compute the same products of matrices, one matrix after the other; torch has no list form."


def time_and_state() -> list[Row]:
    """21 layers of 100 units, one thread; in turn, sixty rounds of five steps, against torch's foreach."""
    torch.set_num_threads(1)
    rows = []
    for name, (ours, theirs) in _PAIRS.items():
        mine, other, looped = ours(_parameters()), theirs(_parameters(), foreach=True), theirs(_parameters())
        ways = {"ours": _steps(mine), "foreach": _steps(other), "loop": _steps(looped)}
        taken = in_turn(ways, _ROUNDS)
        against_list, against_loop = (ratio(taken["ours"], taken[way]) for way in ("foreach", "loop"))
        note = _NESTEROV if name == "Nesterov" else _THE_SAME
        rows.append(at_most(name, "torch.optim, foreach=True", against_list, 1.05, note))
        rows.append(at_most(f"{name} and torch's default", "torch.optim, one by one", against_loop))
        state, other_state = map(_bytes_per_weight, (mine, other))
        rows.append(
            Row(
                f"{name} state (bytes a weight)",
                f"torch.optim ({other_state:.2f})",
                state,
                " B",
                target=other_state,
                at_least=False,
            )
        )
    return rows + _muon() + _against_gradient_descent()


def _muon() -> list[Row]:
    """The matrices alone, against torch's only form."""
    mine, other = lm.Muon(_matrices()), torch.optim.Muon(_matrices())
    taken = in_turn({"ours": _steps(mine), "loop": _steps(other)}, _ROUNDS)
    state, other_state = map(_bytes_per_weight, (mine, other))
    return [
        at_most("Muon", "torch.optim", ratio(taken["ours"], taken["loop"]), 1.05, _MUON),
        Row(
            "Muon state (bytes a weight)",
            f"torch.optim ({other_state:.2f})",
            state,
            " B",
            target=other_state,
            at_least=False,
        ),
    ]


def _against_gradient_descent() -> list[Row]:
    """What each of torch's optimizers costs beside plain SGD, in its default and in its fastest form."""
    sides: dict[str, Optimizer] = {"SGD": torch.optim.SGD(_parameters())}
    for name, (_, theirs) in _PAIRS.items():
        sides[name] = theirs(_parameters())
        sides[f"{name} fast"] = _fastest(theirs)
    # Its own gradient descent would have the biases left out too; they are a hundredth of the weights.
    sides["Muon"] = torch.optim.Muon(_matrices())
    found = ratios({name: _steps(optimizer) for name, optimizer in sides.items()}, "SGD", _ROUNDS)
    return [at_most(f"torch {name}", "torch SGD", one) for name, one in found.items()]


def _fastest(make: Callable[..., Optimizer]) -> Optimizer:
    """Fused where torch has that, which takes all weights in one call; otherwise foreach."""
    try:
        return make(_parameters(), fused=True)
    except TypeError:
        return make(_parameters(), foreach=True)


def _parameters() -> list[nn.Parameter]:
    parameters = list(lm.MLP(_WIDTHS).parameters())
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    return parameters


def _matrices() -> list[nn.Parameter]:
    return [parameter for parameter in _parameters() if parameter.ndim == 2]


def _steps(optimizer: Optimizer) -> Step:
    return timed(optimizer.step, _STEPS)


def _bytes_per_weight(optimizer: Optimizer) -> float:
    weights = sum(parameter.numel() for group in optimizer.param_groups for parameter in group["params"])
    kept = [
        value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor)
    ]
    return sum(tensor.numel() * tensor.element_size() for tensor in kept) / weights
