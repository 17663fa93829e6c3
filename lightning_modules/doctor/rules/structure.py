"""How the module is put together, and what its optimizer holds. These are facts, whatever comes of them."""

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record

_SOME = 0.02
_MANY = 0.3
_NEARLY = 0.95
_NEARLY_ALL = 0.9


def foreign_parameters(record: Record, outcome: Outcome) -> Finding | None:
    """An optimizer holds weights of something else, such as another copy of the network."""
    facts = record.facts
    if facts.foreign == 0:
        return None
    return Finding(
        "foreign-parameters",
        0,
        {"numbers that are not the module's": facts.foreign, "numbers to train": facts.parameters},
        "Give the optimizer self.parameters(), after all layers are made and moved.",
        "symptoms/#the-first-minute",
        0.97,
    )


def parameters_not_in_optimizer(record: Record, outcome: Outcome) -> Finding | None:
    """Weights get gradients, and no optimizer holds them."""
    facts = record.facts
    share = facts.unheld / max(facts.parameters, 1)
    if share < _SOME or not (outcome.is_bad or outcome.falls_short(_NEARLY)):
        return None
    return Finding(
        "parameters-not-in-optimizer",
        0,
        {"share of the numbers to train": share},
        "Give the optimizer self.parameters(), or freeze on purpose what is not to move: requires_grad_(False).",
        "symptoms/#the-first-minute",
        0.95,
    )


def layers_in_a_list(record: Record, outcome: Outcome) -> Finding | None:
    """Layers stand in a plain list: torch does not see them, and nothing trains them."""
    if record.facts.listed == 0:
        return None
    return Finding(
        "layers-in-a-list",
        0,
        {"numbers in them": record.facts.listed},
        "Put the layers into nn.ModuleList or nn.ModuleDict.",
        "symptoms/#the-first-minute",
        0.97,
    )


def no_gradient(record: Record, outcome: Outcome) -> Finding | None:
    """A layer is used, is to be trained, and gets no gradient: something is detached on the way."""
    facts = record.facts
    idle = outcome.is_bad and facts.unused > _MANY * facts.parameters
    if facts.without_gradient == 0 and not idle:
        return None
    return Finding(
        "no-gradient",
        0,
        {"numbers without gradient": facts.without_gradient + facts.unused, "to train": facts.parameters},
        "Look for .detach(), .data, torch.no_grad() or an argmax between these layers and the loss.",
        "symptoms/#the-first-layers-do-not-move",
        0.95 if facts.without_gradient else 0.7,
    )


def frozen(record: Record, outcome: Outcome) -> Finding | None:
    """Most of the network is frozen, and what is left does not learn."""
    facts = record.facts
    share = facts.frozen / max(facts.frozen + facts.parameters, 1)
    if share < _MANY or not outcome.is_bad:
        return None
    return Finding(
        "frozen-parameters",
        0,
        {"share of all numbers": share, "skill": outcome.learned},
        "Thaw the layers: requires_grad_(True) before the optimizer is made.",
        "pretrained/",
        0.86 if share > _NEARLY_ALL else 0.75,
    )


def identical_units(record: Record, outcome: Outcome) -> Finding | None:
    """All units of a layer are the same, and get the same gradient for ever."""
    if not record.facts.identical or not record.steps_first:
        return None
    return Finding(
        "identical-units",
        0,
        {"layers": len(record.facts.identical)},
        f"Draw the weights of {record.facts.identical[0]} at random, as lightning_modules.initialize does.",
        "gradients/initialization/",
        0.93,
    )


def evaluation_mode(record: Record, outcome: Outcome) -> Finding | None:
    """Dropout or batch normalization is in evaluation mode while training."""
    if record.facts.evaluating == 0:
        return None
    return Finding(
        "evaluation-mode",
        record.facts.evaluating_since,
        {"modules": record.facts.evaluating},
        "Call self.train() when training starts; Lightning leaves modules in the mode that they are in.",
        "gradients/batch_norm/",
        0.92,
    )


def conflicting_parts(record: Record, outcome: Outcome) -> Finding | None:
    """Two parts of the network undo each other."""
    facts = record.facts
    if facts.alpha_dropout == 0 and not (facts.double_norms and outcome.is_bad):
        return None
    return Finding(
        "conflicting-parts",
        0,
        {
            "alpha dropouts without SELU": facts.alpha_dropout,
            "normalizations after another": facts.double_norms,
        },
        "lightning_modules.conflicts names them.",
        "guidelines/",
        0.75 if facts.alpha_dropout else 0.4,
    )
