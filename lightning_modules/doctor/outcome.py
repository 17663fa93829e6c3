"""The gate: how well a run has come out. Where it has come out well, no cause is named.

Skill is what the network has learned beside the best constant answer: 0 is as good as that, 1 is perfect. For losses
whose constant answer is not known, it is by how much the loss fell.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from lightning_modules.doctor.losses import constant_answer, largest_share, perfect_answer
from lightning_modules.doctor.record import LossSeen, Record

_SMOOTHED = 0.1
"""The part of the run whose losses are averaged at its end."""
_FEWEST, _LONG_RUN = 300, 6000
LITTLE = 0.1
"""Less skill than this is none to speak of."""
_HARDLY = 0.02
"""The same, where nobody knows what the best constant answer costs."""
_FAR_BELOW = -1.0
"""A loss twice that of the best constant answer is a bad end, however many answers are right."""
_OF_REACHABLE = 0.8
"""What a simple method gets of a sample, a network should get to this part."""


@dataclass(frozen=True)
class Outcome:
    """How well a run has come out.

    Attributes:
        constant: What the best constant answer costs; NaN if not known.
        start: The loss in the first two batches.
        peak: The highest loss.
        best: The lowest, smoothed.
        last: The last, smoothed.
        fall: In the last fifth of the run, the part of what the loss had fallen until then by which it still fell.
        ripple: How far losses that follow one another are apart, beside the best constant answer or the start.
        skill: What was learned, in losses.
        right: What was learned, in right answers; NaN for a regression.
        unseen_skill: Of validation, in losses, at the end.
        unseen_right: Of validation, in right answers.
        best_unseen: The best of validation's losses.
        last_unseen: The last one.
        reachable: What a simple method gets of a sample; NaN if not known.
        certain: Whether that is more than chance.
        is_finite: Whether the loss and gradients were finite throughout.
        is_ripe: Whether the run is long enough to be judged.
    """

    constant: float
    start: float
    peak: float
    best: float
    last: float
    fall: float
    ripple: float
    skill: float
    right: float
    unseen_skill: float
    unseen_right: float
    best_unseen: float
    last_unseen: float
    reachable: float
    certain: bool
    is_finite: bool
    is_ripe: bool

    @property
    def learned(self) -> float:
        """The better of the skills; those of validation count where dropout makes training look worse."""
        known = [value for value in (self.skill, self.right) if math.isfinite(value)]
        unseen = [value for value in (self.unseen_skill, self.unseen_right) if math.isfinite(value)]
        return max([*known, *unseen], default=math.nan)

    @property
    def trained(self) -> float:
        """The better of the skills on training items."""
        return max((value for value in (self.skill, self.right) if math.isfinite(value)), default=math.nan)

    @property
    def unseen(self) -> float:
        """The better of the skills on items of validation; NaN without one."""
        known = [value for value in (self.unseen_skill, self.unseen_right) if math.isfinite(value)]
        return max(known, default=math.nan)

    @property
    def is_rising(self) -> bool:
        """Whether the loss is higher at the end than it began, or than it should ever be again."""
        return self.last > 1.05 * self.start + 1e-9 and not self.learned > LITTLE

    @property
    def is_bad(self) -> bool:
        """Whether there is something to explain."""
        if not self.is_finite:
            return True
        learned = self.learned
        if not math.isfinite(learned) or not self.is_ripe:
            return False
        little = LITTLE if math.isfinite(self.constant) else _HARDLY
        if learned < little or self.skill < _FAR_BELOW:
            return True
        return self.is_short

    @property
    def is_short(self) -> bool:
        """Whether a simple method makes more of it."""
        return self.falls_short(_OF_REACHABLE)

    def falls_short(self, part: float) -> bool:
        """Whether less was learned than this part of what a simple method learns.

        Args:
            part: The less of a sign of health a cause is, the more of it.
        """
        return self.is_ripe and self.certain and self.learned < part * self.reachable

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing was learned at all."""
        return not self.is_finite or self.learned < LITTLE / 2


def outcome_of(record: Record) -> Outcome:
    """Judge a run.

    Args:
        record: What was measured.
    """
    losses = record.losses.all()
    first = [value for value in record.first_losses if math.isfinite(value)]
    tail = max(round(_SMOOTHED * len(losses)), min(3, len(losses)))
    smoothed = [_mean(losses[max(end - tail, 0) : end]) for end in range(tail, len(losses) + 1)] or [math.nan]
    start = _mean(first[:2])
    last, best = smoothed[-1], min(smoothed)
    constant, perfect, whole = math.nan, 0.0, True
    if record.loss is not None and record.loss.alone:
        whole = abs(record.loss.total_share - 1) < 0.1
        constant = constant_answer(record.loss) * _scale_of(record.loss)
        perfect = perfect_answer(record.loss) * _scale_of(record.loss)
    ended = (
        last if whole else _mean([value for _, value, _ in record.loss.values[-4:]] if record.loss else [])
    )
    right = _right(record.loss)
    skill = _skill(ended, constant, perfect)
    if not math.isfinite(constant) and start > 0 and best > 0:
        skill = 1 - last / start
    unseen_skill, unseen_right, best_unseen, last_unseen = _unseen(record)
    if record.facts.optimizers > 1:  # one network's loss may be another one's gain
        skill = right = unseen_skill = unseen_right = math.nan
    learnable = record.learnable
    scale = constant if math.isfinite(constant) and constant > 0 else abs(start)
    return Outcome(
        constant=constant,
        start=start,
        peak=max([*first, *losses], default=math.nan),
        best=best,
        last=last,
        fall=_fall(smoothed, start),
        ripple=_ripple(losses) / scale if scale > 0 else math.nan,
        skill=skill,
        right=right,
        unseen_skill=unseen_skill,
        unseen_right=unseen_right,
        best_unseen=best_unseen,
        last_unseen=last_unseen,
        reachable=learnable.skill,
        certain=learnable.skill > 4 * learnable.error and learnable.skill > LITTLE,
        is_finite=record.nonfinite < 0 and record.nonfinite_gradients < 0,
        is_ripe=_is_ripe(record),
    )


def _is_ripe(record: Record) -> bool:
    """At its end, or once it has had every chance: after three hundred batches and a third of what was asked for."""
    facts = record.facts
    asked = facts.expected_steps * facts.accumulate or _LONG_RUN
    return facts.finished or record.batches >= max(_FEWEST, asked / 3)


def _scale_of(loss: LossSeen) -> float:
    """A loss that is a sum is so many times the mean."""
    if loss.reduction != "sum":
        return 1.0
    size = math.prod(loss.target_shape) if not loss.indices else loss.input_shape[0]
    return float(max(size, 1))


def _skill(loss: float, constant: float, perfect: float) -> float:
    return (constant - loss) / (constant - perfect) if constant - perfect > 1e-12 else math.nan


def _right(loss: LossSeen | None) -> float:
    if loss is None:
        return math.nan
    share = largest_share(loss)
    right = _mean([accuracy for _, _, accuracy in loss.values[-4:] if math.isfinite(accuracy)])
    return (right - share) / (1 - share) if share < 1 else math.nan


def _unseen(record: Record) -> tuple[float, float, float, float]:
    seen, losses = (
        record.validation_loss,
        [kept.loss for kept in record.validations if math.isfinite(kept.loss)],
    )
    if seen is None or not record.validations:
        return math.nan, math.nan, math.nan, math.nan
    last = record.validations[-1]
    share = largest_share(seen)
    right = (last.accuracy - share) / (1 - share) if share < 1 else math.nan
    scale = _scale_of(seen)
    skill = _skill(last.loss, constant_answer(seen) * scale, perfect_answer(seen) * scale)
    return skill, right, min(losses, default=math.nan), last.loss


def _fall(smoothed: list[float], start: float) -> float:
    """How much of the whole way the last fifth was."""
    before = smoothed[-max(len(smoothed) // 5, 1) - 1] if len(smoothed) > 1 else math.nan
    way = max(start, before) - smoothed[-1]
    return (before - smoothed[-1]) / way if way > 1e-6 * abs(start) else 0.0


def _ripple(losses: list[float]) -> float:
    half = losses[len(losses) // 2 :]
    steps = [abs(one - other) for one, other in pairwise(half)]
    return _mean(steps)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
