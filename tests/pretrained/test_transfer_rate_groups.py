"""lightning_modules.pretrained.transfer_rate_groups: a rate for each layer, as parameter groups."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.optim import SGD, AdamW, lr_scheduler
from unfreezing_runs import LAYERS, fit, model

from lightning_modules import (
    Classifier,
    CosineDecay,
    CosineRestarts,
    Digits,
    ExponentialDecay,
    GradualUnfreezing,
    LinearDecay,
    OneCycle,
    PiecewiseConstant,
    Plateau,
    PowerDecay,
    RateHistory,
    SquareRootDecay,
    Warmup,
    WarmupStableDecay,
    decay_groups,
    layer_rate_groups,
    range_test,
    scheduled,
)


class Vision(nn.Module):
    """What a small vision transformer has, by timm's names."""

    def __init__(self, depth=12):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 4))
        self.pos_embed = nn.Parameter(torch.zeros(1, 5, 4))
        self.patch_embed = nn.Conv2d(1, 4, 2)
        self.blocks = nn.Sequential(*(nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4)) for _ in range(depth)))
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 2)


def rates_of(model, groups):
    names = {id(p): name for name, p in model.named_parameters()}
    listed = [(names[id(p)], group["lr"]) for group in groups for p in group["params"]]
    assert len(listed) == len(dict(listed)) == len(names), "each parameter is in one group"
    return dict(listed)


# By hand


def test_each_layer_has_the_rate_of_the_one_above_it_times_the_factor():
    three = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3), nn.Linear(3, 1))
    groups = layer_rate_groups(three, ["1", "0"], lr=0.8, factor=0.5)
    assert [(group["lr"], len(group["params"])) for group in groups] == [(0.8, 2), (0.4, 2), (0.2, 2)]
    own = layer_rate_groups(three, ["1", "0"], lr=0.8, factor=[0.5, 0.5])
    assert [(group["lr"], len(group["params"])) for group in own] == [(0.8, 2), (0.4, 4)]


def test_a_vision_transformer_gets_beits_rates():
    """A block's exponent is the number of layers above it, of which the head is one; embeddings lie below the first."""
    vit, depth = Vision(), 12
    layers = ["blocks.*", ["patch_embed", "pos_embed", "cls_token"]]
    rates = rates_of(vit, layer_rate_groups(vit, layers, lr=1.0, factor=0.65))
    for name, rate in rates.items():
        below = 0 if name.startswith(("cls_token", "pos_embed", "patch_embed")) else depth + 1
        if name.startswith("blocks."):
            below = int(name.split(".")[1]) + 1
        assert rate == pytest.approx(0.65 ** (depth + 1 - below)), name
    assert rates["norm.weight"] == rates["head.bias"] == 1.0


def test_groups_are_divided_and_keep_what_they_have():
    body = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 1))
    groups = layer_rate_groups(body, [["0", "1"]], 0.1, 0.5, decay_groups(body, weight_decay=0.3))
    found = [(group["weight_decay"], group["lr"], len(group["params"])) for group in groups]
    assert found == [(0.3, 0.1, 1), (0.3, 0.05, 1), (0.0, 0.1, 1), (0.0, 0.05, 3)]
    rates_of(body, groups)
    own = layer_rate_groups(body, ["0"], 0.1, 0.5, [{"params": body.parameters(), "lr": 4.0}])
    assert [group["lr"] for group in own] == [4.0, 2.0]


def test_a_tied_weight_is_in_one_group_by_identity():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(5, 3)
            self.body = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
            self.body[1].weight = self.body[0].weight
            self.head = nn.Linear(3, 5)
            self.head.weight = self.embedding.weight

    tied = Tied()
    with torch.no_grad():
        tied.body[0].bias.copy_(tied.body[1].bias)  # equal, and not the same
    for groups in (None, decay_groups(tied, 0.1)):
        rates = rates_of(tied, layer_rate_groups(tied, ["body.*", "embedding"], 1.0, 0.5, groups))
        assert rates == {
            "embedding.weight": 0.125,  # the head's, too
            "body.0.weight": 0.5,  # as of the upper of the two
            "body.1.bias": 0.5,
            "body.0.bias": 0.25,
            "head.bias": 1.0,
        }


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_a_compiled_network_has_the_names_that_it_was_written_with():
    vit = Vision(2)
    vit.blocks = torch.compile(vit.blocks, backend="eager")
    rates = rates_of(vit, layer_rate_groups(vit, ["blocks.*"], 1.0, 0.5))
    assert rates["blocks._orig_mod.0.1.weight"] == 0.25


# In a Trainer


def with_optimizer(make, schedule=None, interval="step"):
    class Own(Classifier):
        def configure_optimizers(self):
            optimizer = make(self)
            return optimizer if schedule is None else scheduled(self.trainer, optimizer, schedule, interval)

    return Own(model().network)


def grouped(module, **settings):
    return AdamW(layer_rate_groups(module, LAYERS, 0.01, 0.5, decay_groups(module, 0.1)), **settings)


def test_the_steps_are_those_of_unfreezing_with_all_thawed():
    ours = with_optimizer(grouped)
    theirs = with_optimizer(lambda module: AdamW(decay_groups(module, 0.1), lr=0.01))
    fit(ours)
    fit(theirs, GradualUnfreezing(LAYERS, at=[0, 0], factor=0.5))
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-7)


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    class Save(pl.Callback):
        def on_train_batch_end(self, trainer, *args):
            if trainer.global_step == 5:
                trainer.save_checkpoint(tmp_path / "middle.ckpt")

    whole, rest = (with_optimizer(grouped, OneCycle) for _ in range(2))
    fit(whole, Save())
    fit(rest, resume=tmp_path / "middle.ckpt")
    for mine, other in zip(whole.parameters(), rest.parameters(), strict=True):
        assert torch.equal(mine, other)


STEPS = 12
SCHEDULES = {
    "CosineDecay": CosineDecay,
    "CosineRestarts": partial(CosineRestarts, cycles=2),
    "ExponentialDecay": ExponentialDecay,
    "LinearDecay": LinearDecay,
    "OneCycle": OneCycle,
    "PiecewiseConstant": PiecewiseConstant,
    "Plateau": partial(Plateau, patience=0, monitor="train/loss", threshold=0.999),
    "PowerDecay": PowerDecay,
    "SquareRootDecay": SquareRootDecay,
    "Warmup": partial(Warmup, steps=3, after=LinearDecay),
    "WarmupStableDecay": WarmupStableDecay,
    "LambdaLR": partial(lr_scheduler.LambdaLR, lr_lambda=lambda step: 1 / (1 + step)),
    "CosineAnnealingLR": partial(lr_scheduler.CosineAnnealingLR, T_max=STEPS),
    "PolynomialLR": partial(lr_scheduler.PolynomialLR, total_iters=STEPS),
    "OneCycleLR": lambda optimizer: lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in optimizer.param_groups], total_steps=STEPS
    ),
    "SequentialLR": lambda optimizer: lr_scheduler.SequentialLR(
        optimizer, [lr_scheduler.LinearLR(optimizer, total_iters=3), lr_scheduler.StepLR(optimizer, 4)], [3]
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_under_every_schedule_the_rates_keep_their_ratios(name):
    module = with_optimizer(grouped, SCHEDULES[name], "epoch" if name == "Plateau" else "step")
    rates = RateHistory()
    fit(module, rates)
    head = rates.rate(group=0)
    assert len(head) == STEPS
    assert len(set(head)) > 1
    for group, times in enumerate([1, 0.5, 0.25, 1, 0.5, 0.25]):
        assert rates.rate(group=group) == pytest.approx([times * rate for rate in head], abs=1e-12)


def test_a_range_test_keeps_the_ratios_too():
    module = with_optimizer(lambda one: SGD(layer_rate_groups(one, LAYERS, 0.01, 0.5)))
    seen = []

    class Look(pl.Callback):
        def on_before_zero_grad(self, trainer, pl_module, optimizer):
            seen.append([group["lr"] for group in optimizer.param_groups])

    range_test(module, Digits(train_size=64, batch_size=16), 1e-3, 1.0, steps=20, callbacks=Look())
    assert seen[10] == pytest.approx([seen[10][0] * times for times in (1, 0.5, 0.25)])


# Refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": []}, "names nothing"),
        ({"lr": 0.0}, "lr must be positive and finite, got 0.0"),
        ({"lr": float("nan")}, "got nan"),
        ({"factor": 0}, "factor must be positive and finite, got 0"),
        ({"factor": [0.5, -1]}, r"got \[0.5, -1\]"),
        ({"factor": [0.5]}, r"each of the 2 layers, 1, 0: got \[0.5\]"),
        ({"layers": ["2"]}, "no parameters in 2 .* Its children with parameters are 0, 1, 3"),
        ({"layers": ["7"]}, "no parameters in 7"),
        ({"layers": ["1", "[1-2]"]}, r"no parameters in \[1-2\] that are not named above it"),
        ({"layers": ["1", "1.weight"]}, "All parameters of 1.weight belong to a layer named above it"),
        ({"groups": [{"params": [nn.Parameter(torch.ones(1))]}]}, "groups has no parameter of 1"),
    ],
)
def test_what_cannot_be_grouped_is_refused(arguments, message):
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    with pytest.raises(ValueError, match=message):
        layer_rate_groups(network, **({"layers": ["1", "0"], "lr": 0.1, "factor": 0.5} | arguments))


def test_a_string_is_not_taken_for_a_list_of_names():
    with pytest.raises(TypeError, match=r"Use \['0'\]"):
        layer_rate_groups(nn.Linear(1, 1), "0", 0.1, 0.5)
