"""Steps that are not made as they should be."""

from __future__ import annotations

from functools import partial

from torch.optim import lr_scheduler

from clinic.case import Case
from clinic.faults.registry import fault, is_adam


@fault("missing-zero-grad")
def never_zeroed(case: Case) -> Case:
    case.zero = False
    return case


@fault("clipped-always")
def clipped(case: Case) -> Case | None:
    if is_adam(case):
        return None
    case.options["gradient_clip_val"] = 1e-3
    return case


@fault("schedule-interval")
def collapsed(case: Case) -> Case:
    case.schedule = partial(lr_scheduler.StepLR, step_size=2, gamma=0.3)
    case.interval = "step"
    return case


@fault("schedule-interval")
def never_acts(case: Case) -> Case:
    steps = case.epochs * len(case.inputs[0]) // case.batch
    case.schedule = partial(lr_scheduler.OneCycleLR, max_lr=case.rate, total_steps=steps, div_factor=1000)
    return case
