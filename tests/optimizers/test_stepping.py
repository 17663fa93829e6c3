"""lightning_modules.optimizers.stepping: optimizers that wrap others, and callbacks that act on their steps."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch.optim import SGD, Optimizer

from lightning_modules import (
    MLP,
    Classifier,
    Digits,
    GradualUnfreezing,
    LinearDecay,
    ProximalL1,
    quiet_trainer,
)
from lightning_modules.optimizers.stepping import stepped_groups, stepping

LAYERS = ["network.3", "network.1"]


class Hides(Optimizer):
    """A wrapper that has the groups of another optimizer as a property, and no state of torch's own."""

    def __init__(self, base):
        self.optimizer = base
        self.defaults = base.defaults

    @property
    def param_groups(self):
        return self.optimizer.param_groups

    @property
    def state(self):
        return self.optimizer.state

    def step(self, closure=None):
        return self.optimizer.step(closure)

    def zero_grad(self, set_to_none=True):
        self.optimizer.zero_grad(set_to_none)


class Shares(Optimizer):
    """A wrapper that shares another optimizer's list of groups, and moves weights back halfway after each second step."""

    def __init__(self, base):
        super().__init__(base.param_groups, {})
        self.base_optimizer, self.param_groups, self.steps = base, base.param_groups, 0
        self.slow = [p.detach().clone() for group in base.param_groups for p in group["params"]]

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = None if closure is None else closure()
        self.base_optimizer.step()
        self.steps += 1
        if self.steps % 2 == 0:
            weights = [p for group in self.param_groups for p in group["params"]]
            for weight, slow in zip(weights, self.slow, strict=True):
                slow.lerp_(weight, 0.5)
                weight.copy_(slow)
        return loss


class Both(Optimizer):
    """Lets one optimizer step with some groups and another with the rest."""

    def __init__(self, base):
        half = [
            dict(group, params=group["params"][part::2]) for group in base.param_groups for part in (0, 1)
        ]
        self.optimizers = [SGD(half[:1], lr=0.1), SGD(half[1:], lr=0.1)]
        super().__init__([group for one in self.optimizers for group in one.param_groups], {})
        self.param_groups = [group for one in self.optimizers for group in one.param_groups]

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for one in self.optimizers:
            one.step()
        return loss


WRAPPERS = {
    "hides": Hides,
    "shares": Shares,
    "both": Both,
    "hides one that shares": lambda sgd: Hides(Shares(sgd)),
}


def sgd(parameters):
    return SGD(parameters, lr=0.1)


def trained(optimizer, *callbacks, schedule=None, **settings):
    torch.manual_seed(0)
    module = Classifier(MLP([64, 6, 6, 10]), optimizer, schedule, interval="step")
    trainer = quiet_trainer(
        **({"max_epochs": 3, "limit_val_batches": 0, "callbacks": list(callbacks)} | settings)
    )
    trainer.fit(module, Digits(train_size=64, batch_size=16))
    return module


def wrapped(wrapper, parameters):
    return wrapper(sgd(list(parameters)))


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_the_optimizers_within_a_wrapper_are_those_that_step(wrapper):
    base = sgd([torch.nn.Parameter(torch.ones(1)) for _ in range(2)])
    found = stepping(wrapper(base))
    assert all(type(one) is SGD for one in found)
    assert {p for one in found for p in one.param_groups[0]["params"]} == set(base.param_groups[0]["params"])


def test_one_that_holds_another_for_something_else_steps_itself():
    one = sgd([torch.nn.Parameter(torch.ones(1))])
    one.other = sgd([torch.nn.Parameter(torch.ones(1))])
    assert stepping(one) == [one]


@pytest.mark.parametrize("schedule", [None, LinearDecay])
@pytest.mark.parametrize("wrapper", [Hides, Both, lambda base: Hides(Hides(base))])
def test_each_layer_has_its_own_rate_below_a_wrapper_as_without_it(wrapper, schedule):
    unfreezing = partial(GradualUnfreezing, LAYERS, factor=0.5)
    ours = trained(partial(wrapped, wrapper), unfreezing(), schedule=schedule)
    theirs = trained(sgd, unfreezing(), schedule=schedule)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


@pytest.mark.parametrize("times", [0.5, 0.25])
def test_a_wrapper_that_shares_the_groups_moves_a_layer_by_its_factor(times):
    """One step of plain gradient descent is the factor's multiple of the full one."""

    def moved(factor):
        torch.manual_seed(0)
        before = Classifier(MLP([64, 6, 6, 10])).network[1].weight.detach().clone()
        unfreezing = GradualUnfreezing(LAYERS, at=[0, 0], factor=[1.0, factor])
        return (
            trained(partial(wrapped, Shares), unfreezing, max_epochs=1, limit_train_batches=1)
            .network[1]
            .weight
            - before
        )

    torch.testing.assert_close(moved(times), times * moved(1.0))


def test_a_wrapper_that_tells_nobody_is_refused():
    class Silent(Hides):
        def __init__(self, base):
            vars(self)["_held"] = lambda: base
            self.defaults = base.defaults

        optimizer = property(lambda self: self._held())

    with pytest.raises(MisconfigurationException, match="Silent calls no hooks at its steps"):
        trained(partial(wrapped, Silent), GradualUnfreezing(LAYERS))


# What a step was really made with


class Thresholds(pl.Callback):
    def __init__(self):
        self.zeros = []

    def on_train_end(self, trainer, pl_module):
        self.zeros = [float((pl_module.network[i].weight == 0).float().mean()) for i in (1, 3, 5)]


@pytest.mark.parametrize("optimizer", [sgd, partial(wrapped, Hides), partial(wrapped, Both)])
def test_the_proximal_step_takes_the_rate_of_the_step_whichever_callback_comes_first(optimizer):
    weights = []
    for order in (1, -1):
        callbacks = [GradualUnfreezing(LAYERS, at=[0, 0], factor=0.1), ProximalL1(0.05)][::order]
        weights.append([p.clone() for p in trained(optimizer, *callbacks).parameters()])
    assert all(map(torch.equal, *weights))


def test_it_moves_a_layer_by_its_own_rate():
    factor = 0.1
    by_hand = trained(
        sgd, GradualUnfreezing(LAYERS, at=[0, 0], factor=factor), max_epochs=1, limit_train_batches=1
    )
    callbacks = [GradualUnfreezing(LAYERS, at=[0, 0], factor=factor), ProximalL1(0.05)]
    ours = trained(sgd, *callbacks, max_epochs=1, limit_train_batches=1)
    for layer, rate in ((5, 0.1), (3, 0.01), (1, 0.001)):
        expected = torch.nn.functional.softshrink(by_hand.network[layer].weight, rate * 0.05)
        torch.testing.assert_close(ours.network[layer].weight, expected)


def test_without_anything_that_divides_them_the_groups_are_the_optimizers():
    optimizer = sgd([torch.nn.Parameter(torch.ones(1))])
    assert stepped_groups(optimizer) is optimizer.param_groups
