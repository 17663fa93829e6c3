"""lightning_modules.pretrained.transfer_rates: the rate that each layer's steps are made with."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import LearningRateFinder
from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, lr_scheduler
from unfreezing_runs import EPOCH, LAYERS, Watch, both, fit, model

from lightning_modules import Classifier, GradualUnfreezing
from lightning_modules.pretrained.transfer_rates import LayerRates


def test_a_layer_moves_by_its_gradient_times_the_rate_times_its_factor():
    a, b = nn.Parameter(torch.tensor([1.0])), nn.Parameter(torch.tensor([1.0]))
    optimizer = SGD([a, b], lr=0.5)
    rates = LayerRates(optimizer, lambda p: 0.25 if p is b else 1.0)
    (2 * a + 2 * b).sum().backward()
    optimizer.step()
    assert (a.item(), b.item()) == (0.0, 0.75)  # 1 − 0.5 · 2 and 1 − 0.5 · 0.25 · 2
    rates.remove()
    optimizer.step()
    assert (a.item(), b.item()) == (-1.0, -0.25)


OPTIMIZERS = [
    partial(SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    partial(Adam, lr=0.01),
    partial(AdamW, lr=0.01, fused=True),
    partial(Adagrad, lr=0.01, foreach=True),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.func.__name__)
def test_the_steps_are_those_of_an_optimizer_with_a_group_for_each_layer(optimizer):
    class Groups(Classifier):
        def configure_optimizers(self):
            rate = optimizer.keywords["lr"]
            layers = [(self.network[5], 1.0), (self.network[3], 0.5), (self.network[1], 0.25)]
            return optimizer([{"params": list(m.parameters()), "lr": rate * f} for m, f in layers])

    ours, theirs = model(optimizer), Groups(model().network)
    fit(ours, GradualUnfreezing(LAYERS, at=[0, 0], factor=0.5))
    fit(theirs)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-7)


def test_several_groups_of_the_module_keep_their_own_settings():
    class Decays(Classifier):
        def configure_optimizers(self):
            weights = [p for p in self.parameters() if p.ndim > 1]
            biases = [p for p in self.parameters() if p.ndim == 1]
            return SGD([{"params": weights, "weight_decay": 0.1}, {"params": biases, "lr": 0.2}], lr=0.1)

    module = Decays(model().network)
    unfreezing = GradualUnfreezing(LAYERS, at=[0, 0], factor=0.5)
    trainer = fit(module, unfreezing)
    assert [len(group["params"]) for group in trainer.optimizers[0].param_groups] == [3, 3]
    assert unfreezing.table().splitlines()[2].endswith("0.05, 0.1")


def test_what_an_optimizer_counts_in_its_group_is_kept():
    class Counting(SGD):
        def step(self, closure=None):
            for group in self.param_groups:
                group["count"] = group.get("count", 0) + 1
            return super().step(closure)

    weight, other = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = Counting([weight, other], lr=0.1)
    LayerRates(optimizer, lambda p: 0.5 if p is weight else 1.0)
    for _ in range(3):
        optimizer.step()
    assert optimizer.param_groups[0]["count"] == 3
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_a_step_that_asks_for_the_loss_twice_leaves_the_groups_whole():
    class Twice(SGD):
        def step(self, closure=None):
            closure()
            return super().step(closure)

    weight, other = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = Twice([weight, other], lr=0.1)
    LayerRates(optimizer, lambda p: 0.5 if p is weight else 1.0)

    def closure():
        weight.grad, other.grad = torch.ones(1), torch.ones(1)

    optimizer.step(closure)
    assert [len(group["params"]) for group in optimizer.param_groups] == [2]
    assert weight.item() == pytest.approx(0.95) and other.item() == pytest.approx(0.9)


def test_a_step_that_fails_leaves_the_groups_whole():
    weight, other = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = SGD([weight, other], lr=0.1)
    rates = LayerRates(optimizer, lambda p: 0.5 if p is weight else 1.0)

    def fails():
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        optimizer.step(fails)
    rates.remove()
    assert [len(group["params"]) for group in optimizer.param_groups] == [2]


SCHEDULES = {
    "lambda": partial(lr_scheduler.LambdaLR, lr_lambda=lambda step: 1 / (1 + step)),
    "one cycle": partial(lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=3 * EPOCH),
    "restarts": partial(lr_scheduler.CosineAnnealingWarmRestarts, T_0=3),
    "cyclic": partial(lr_scheduler.CyclicLR, base_lr=0.01, max_lr=0.1, step_size_up=3),
    "sequential": lambda optimizer: lr_scheduler.SequentialLR(
        optimizer,
        [
            lr_scheduler.LinearLR(optimizer, 0.1, total_iters=3),
            lr_scheduler.CosineAnnealingLR(optimizer, T_max=9),
        ],
        milestones=[3],
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_every_schedule_goes_its_way_and_every_layer_keeps_its_share(schedule):
    optimizer = partial(SGD, lr=0.1, momentum=0.5)
    plain, watched = Watch(), Watch()
    fit(model(optimizer, lr_scheduler=schedule, interval="step"), plain)
    module = model(optimizer, lr_scheduler=schedule, interval="step")
    fit(module, GradualUnfreezing(LAYERS, factor=0.5), watched)
    assert plain.rates == watched.rates
    assert len(plain.rates) == 3 * EPOCH
    assert watched.moved[-1] == both(1, 3, 5)


def test_with_one_cycle_each_step_of_a_layer_is_its_share_of_the_head():
    # The loss is the sum of the weights, so each gradient is 1 and each step is the rate.
    class Sum(pl.LightningModule):
        validation_step = Classifier.validation_step

        def __init__(self):
            super().__init__()
            self.head, self.body = (nn.Linear(1, 1, bias=False) for _ in range(2))
            self.values = []

        def training_step(self, batch, batch_idx):
            self.values.append((self.head.weight.item(), self.body.weight.item()))
            return self.head.weight.sum() + self.body.weight.sum()

        def configure_optimizers(self):
            optimizer = SGD(self.parameters(), lr=0.1, momentum=0.0)
            schedule = lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=12, cycle_momentum=False)
            return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    module = Sum()
    fit(module, GradualUnfreezing(["body"], at=[1], factor=0.25))
    steps = [(a - c, b - d) for (a, b), (c, d) in zip(module.values[:-1], module.values[1:], strict=True)]
    assert all(below == 0 for _, below in steps[:EPOCH])
    assert all(below == pytest.approx(0.25 * above, rel=1e-3) for above, below in steps[EPOCH:-1])


def test_a_plateau_lowers_every_layers_rate():
    schedule = partial(lr_scheduler.ReduceLROnPlateau, factor=0.1, patience=0, threshold=1e9)
    module = model(partial(SGD, lr=0.1), lr_scheduler=schedule, monitor="train/loss")
    unfreezing = GradualUnfreezing(LAYERS, factor=0.5)
    fit(module, unfreezing)  # no epoch is good enough, so each lowers it
    assert [line.split()[-1] for line in unfreezing.table().splitlines()[1:]] == [
        "0.0001",
        "5e-05",
        "2.5e-05",
    ]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_rate_that_was_found_keeps_the_shares(tmp_path):
    class Tunable(Classifier):
        lr = 0.05

        def configure_optimizers(self):
            return SGD(self.parameters(), lr=self.lr)

    module = Tunable(model().network)
    unfreezing, watch = GradualUnfreezing(LAYERS, factor=0.5), Watch()
    finder = LearningRateFinder(num_training_steps=8, early_stop_threshold=None, update_attr=False)
    fit(module, finder, unfreezing, watch, default_root_dir=tmp_path)
    assert watch.moved[-3:] == [both(5), both(3, 5), both(1, 3, 5)]
    rates = [float(line.split()[-1]) for line in unfreezing.table().splitlines()[1:]]
    assert rates == [0.05, 0.025, 0.0125]
