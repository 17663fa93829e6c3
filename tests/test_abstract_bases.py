"""What a base class leaves to its subclasses, a subclass has: one without it cannot be made."""

import pytest
import torch

from lightning_modules.gradients.gradient_clipping_callback import GradientClipping
from lightning_modules.optimizers.per_parameter import PerParameterOptimizer
from lightning_modules.regularization.after_step import AfterStep
from lightning_modules.regularization.penalties_callback import GradientPenalty
from lightning_modules.schedules.schedule import Schedule

SGD = torch.optim.SGD([torch.zeros(1)], lr=0.1)


@pytest.mark.parametrize(
    ("base", "arguments", "missing"),
    [
        (AfterStep, (), "after_step"),
        (GradientClipping, (), "clip_"),
        (GradientPenalty, (0.1, ()), "add_"),
        (PerParameterOptimizer, ([torch.zeros(1)],), "begin|update_"),
        (Schedule, (SGD,), "factor"),
    ],
)
def test_a_subclass_that_leaves_out_what_it_is_for_cannot_be_made(base, arguments, missing):
    class Incomplete(base):
        pass

    with pytest.raises(TypeError, match=f"abstract class Incomplete with abstract method.* ({missing})"):
        Incomplete(*arguments)


def test_an_optimizer_needs_the_step_too_not_only_what_it_keeps():
    class WithoutStep(PerParameterOptimizer):
        def begin(self, parameter, group):
            return {}

    with pytest.raises(TypeError, match="update_"):
        WithoutStep([torch.zeros(1)], lr=0.1, weight_decay=0.0, maximize=False)
