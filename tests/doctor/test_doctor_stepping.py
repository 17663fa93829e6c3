"""lightning_modules.doctor.stepping."""

import pytest
import torch
from torch import nn

from lightning_modules import AdamW, Momentum, Muon, SideBySide
from lightning_modules.doctor.stepping import StepWatch


def beside(parameters):
    return SideBySide(Muon(parameters[:1]), AdamW(parameters[1:]))


@pytest.mark.parametrize(
    ("make", "decoupled"),
    [
        (torch.optim.AdamW, True),
        (AdamW, True),
        (torch.optim.Muon, True),
        (Muon, True),
        (beside, True),
        (torch.optim.Adam, False),
        (Momentum, False),
    ],
)
def test_whether_decay_is_in_the_gradient_is_known(make, decoupled):
    optimizer = make([nn.Parameter(torch.ones(2, 2)) for _ in range(2)])
    assert StepWatch(optimizer, {}).seen(0, float("nan")).decoupled is decoupled
