"""Records as rules get them, made by hand."""

from lightning_modules.doctor.outcome import outcome_of
from lightning_modules.doctor.record import (
    Facts,
    Inputs,
    LayerSeen,
    Learnable,
    LossSeen,
    Record,
    StepSeen,
    Thinned,
)


def losses_of(values):
    series = Thinned()
    for value in values:
        series.add(value)
    return series


def loss_seen(kind="cross_entropy", before="", classes=4, right=0.25, **more):
    values = [[step, 1.0, right] for step in range(4)]
    known = {
        "kind": kind,
        "before": before,
        "reduction": "mean",
        "outputs": classes,
        "indices": kind in ("cross_entropy", "nll_loss"),
        "input_shape": [8, classes],
        "target_shape": [8],
        "input_low": -3.0,
        "input_high": 3.0,
        "normalized": False,
        "log_normalized": False,
        "target_low": 0.0,
        "target_high": classes - 1.0,
        "counts": dict.fromkeys(range(classes), 1000),
        "within": 13.0,
        "batches": 10,
        "values": values,
    }
    return LossSeen(**(known | more))


def regression(**more):
    return loss_seen("mse_loss", counts={}, indices=False, right=float("nan"), classes=1, **more)


def step_seen(step=0, gradient=(1.0, 1.0, 1.0), weight=10.0, update=0.01, **more):
    names = [f"layers.{place}.weight" for place in range(len(gradient))]
    known = {
        "step": step,
        "rate": 0.1,
        "gradient": dict(zip(names, gradient, strict=True)),
        "weight": dict.fromkeys(names, weight),
        "update": dict.fromkeys(names, update),
        "size": dict.fromkeys(names, 100),
        "unclipped": float("nan"),
        "decay": 0.0,
        "decoupled": False,
    }
    return StepSeen(**(known | more))


def layer(operation="linear", rms=1.0, spread=1.0, dead=0.0, saturated=0.0):
    return LayerSeen(operation, "layer", rms, spread, dead, saturated)


def record(losses=(1.4,) * 400, finished=True, facts=None, **more):
    """A run of four classes that has learned nothing, unless it is told otherwise: ln 4 is 1.39."""
    known = {
        "batches": len(losses),
        "steps": len(losses),
        "first_losses": list(losses[:50]),
        "losses": losses_of(losses),
        "loss": loss_seen(),
        "inputs": Inputs(rms=[1.0], mean=[0.0], spread=[1.0], largest=3.0),
        "layers_first": [[layer(), layer(), layer()]] * 10,
        "steps_first": [step_seen(step) for step in range(10)],
        "updates": losses_of([0.002] * 40),
        "gradients": losses_of([1.0] * 40),
        "rates": losses_of([0.1] * 40),
        "facts": Facts(
            **({"parameters": 300, "smallest_batch": 32, "layers": 3, "finished": finished} | (facts or {}))
        ),
        "learnable": Learnable(400, 0.8, 0.02),
        "travel": 0.5,
    }
    return Record(**(known | more))


def well(**more):
    """The same, learned well."""
    losses = tuple(max(1.4 - step / 100, 0.05) for step in range(400))
    return record(losses, **({"loss": loss_seen(right=0.98)} | more))


def ask(rule, made):
    """What a rule says of a record."""
    return rule(made, outcome_of(made))
