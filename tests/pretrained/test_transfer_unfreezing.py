"""lightning_modules.pretrained.transfer_unfreezing and transfer_rates."""

import os
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import BaseFinetuning, LearningRateFinder
from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, lr_scheduler

import lightning_modules
from lightning_modules import MLP, Classifier, ClipGradientNorm, Digits, GradualUnfreezing, quiet_trainer
from lightning_modules.pretrained.transfer_rates import LayerRates

LAYERS = ["network.3", "network.1"]
EPOCH = 4  # steps


class Watch(pl.Callback):
    """At each epoch's end: which layers have moved in it, and the rate of the optimizer's first group."""

    def __init__(self, unfreezing=None):
        self.unfreezing = unfreezing
        self.moved, self.rates, self.tables = [], [], []

    def on_train_epoch_start(self, trainer, pl_module):
        self.before = {name: p.clone() for name, p in pl_module.named_parameters()}
        if self.unfreezing is not None:
            self.tables.append(self.unfreezing.table())

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.rates.append([group["lr"] for group in optimizer.param_groups])

    def on_train_epoch_end(self, trainer, pl_module):
        after = dict(pl_module.named_parameters())
        self.moved.append(sorted(name for name, p in self.before.items() if not torch.equal(p, after[name])))


def sgd(parameters):
    return SGD(parameters, lr=0.1)


def model(optimizer=sgd, normalization=None, **arguments):
    torch.manual_seed(0)
    network = MLP([64, 6, 6, 10], normalization=normalization)
    for _ in range(10):
        network(torch.rand(40, 64))  # batch normalizations have seen data
    return Classifier(network, optimizer=optimizer, **arguments)


def fit(module, *callbacks, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(
        **({"max_epochs": 3, "limit_val_batches": 0, "callbacks": list(callbacks)} | arguments)
    )
    trainer.fit(module, Digits(train_size=64, batch_size=16), ckpt_path=resume)
    return trainer


def both(*layers):
    return sorted(f"network.{layer}.{kind}" for layer in layers for kind in ("weight", "bias"))


# What Lightning's own does


def test_lightnings_own_filter_drops_a_zero_bias_that_equals_another_ones():
    held, other = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(3))
    with pytest.warns(UserWarning, match="already exist within another group"):
        added = BaseFinetuning.filter_on_optimizer(SGD([held], lr=0.1), [other])
    assert added == []  # `other` would never be trained


def test_zero_biases_of_equal_shape_are_told_apart():
    module = model()
    with torch.no_grad():
        for layer in (1, 3):
            module.network[layer].bias.zero_()
    watch = Watch()
    fit(module, GradualUnfreezing(LAYERS), watch)
    assert watch.moved == [both(5), both(3, 5), both(1, 3, 5)]


# What trains when


def test_layers_are_thawed_from_the_top_down_an_epoch_each():
    watch = Watch()
    fit(model(), GradualUnfreezing(LAYERS), watch)
    assert watch.moved == [both(5), both(3, 5), both(1, 3, 5)]


def test_layers_are_thawed_in_the_given_epochs():
    watch = Watch()
    fit(model(), GradualUnfreezing(LAYERS, at=[0, 2]), watch)
    assert watch.moved == [both(3, 5), both(3, 5), both(1, 3, 5)]


def test_layers_in_one_list_are_thawed_together():
    watch = Watch()
    fit(model(), GradualUnfreezing([LAYERS], at=[2]), watch)
    assert watch.moved == [both(5), both(5), both(1, 3, 5)]


def test_what_is_frozen_neither_decays_nor_gets_optimizer_state():
    module = model(partial(AdamW, lr=0.1, weight_decay=0.5))
    trainer = fit(module, GradualUnfreezing(LAYERS, at=[1, 9]))
    held = {id(p) for p in trainer.optimizers[0].state}
    assert id(module.network[1].weight) not in held
    assert id(module.network[3].weight) in held


def test_the_backward_pass_ends_above_what_is_frozen():
    grads = []

    class Look(pl.Callback):
        def on_after_backward(self, trainer, pl_module):
            grads.append([p.grad is not None for p in pl_module.network.parameters()])

    fit(model(), GradualUnfreezing(LAYERS, at=[1, 9]), Look(), max_epochs=2)
    assert grads[0] == [False, False, False, False, True, True]
    assert grads[-1] == [False, False, True, True, True, True]


def test_the_table_says_what_trains_at_what_rate():
    unfreezing = GradualUnfreezing(LAYERS, at=[1, 2], factor=0.5)
    watch = Watch(unfreezing)
    fit(model(), unfreezing, watch)
    first, last = (table.splitlines() for table in (watch.tables[0], unfreezing.table()))
    assert [line.split() for line in first[1:]] == [
        ["all", "others", "70", "yes", "1", "0.1"],  # 6 * 10 + 10
        ["network.3", "42", "from", "epoch", "1", "0.5", "0"],
        ["network.1", "390", "from", "epoch", "2", "0.25", "0"],
    ]
    assert [line.split()[-1] for line in last] == ["rate", "0.1", "0.05", "0.025"]


# At what rate


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


# Beside other parts of a training


def test_accumulated_batches_are_one_step():
    watch = Watch()
    module = model()
    trainer = fit(module, GradualUnfreezing(LAYERS), watch, accumulate_grad_batches=2)
    assert trainer.global_step == 3 * EPOCH / 2
    assert watch.moved == [both(5), both(3, 5), both(1, 3, 5)]


def test_a_module_that_steps_by_itself_is_divided_too():
    class Manual(Classifier):
        def __init__(self, network):
            super().__init__(network)
            self.automatic_optimization = False

        def training_step(self, batch, batch_idx):
            loss = super().training_step(batch, batch_idx)
            self.optimizers().zero_grad()
            self.manual_backward(loss)
            self.optimizers().step()

    ours, theirs = Manual(model().network), Classifier(model().network)
    for module in (ours, theirs):
        fit(module, GradualUnfreezing(LAYERS, factor=0.5))
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_clipping_measures_what_trains_only():
    class Norms(pl.Callback):
        norms = None

        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            grads = [p.grad for p in pl_module.network[5].parameters()]
            self.norms = (self.norms or []) + [torch.cat([g.flatten() for g in grads]).norm().item()]

    norms, clip = Norms(), ClipGradientNorm(1e9, every_step=True)
    fit(model(), norms, clip, GradualUnfreezing([LAYERS], at=[9]))
    assert clip.norms == pytest.approx(norms.norms)


def test_a_shared_weight_belongs_to_the_upper_layer():
    module = model()
    module.network[3].weight = nn.Parameter(torch.rand(6, 6))
    module.network.append(nn.Linear(10, 10))
    module.network[6].bias = module.network[5].bias
    watch = Watch()
    fit(module, GradualUnfreezing(["network.6", "network.5"], at=[0, 9]), watch, max_epochs=1)
    assert "network.5.bias" in watch.moved[0]
    assert "network.5.weight" not in watch.moved[0]


def test_what_was_frozen_by_hand_stays_frozen():
    module, watch = model(), Watch()
    module.network[3].bias.requires_grad_(False)
    fit(module, GradualUnfreezing(LAYERS, at=[0, 0]), watch)
    assert "network.3.bias" not in watch.moved[-1]
    assert not module.network[3].bias.requires_grad


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_the_model_and_the_optimizer_are_as_they_were(fails):
    class MayFail(Classifier):
        def training_step(self, batch, batch_idx):
            if fails and self.trainer.global_step == 2:
                raise RuntimeError("on purpose")
            return super().training_step(batch, batch_idx)

    module = MayFail(model(normalization=nn.BatchNorm1d).network)
    trainer = quiet_trainer(
        max_epochs=1, callbacks=[GradualUnfreezing(["network.4", "network.1"], at=[9, 9])]
    )
    with pytest.raises(RuntimeError, match="on purpose") if fails else nullcontext():
        trainer.fit(module, Digits(train_size=64, batch_size=16))
    assert all(p.requires_grad for p in module.parameters())
    assert all(m.training and not m._forward_pre_hooks for m in module.network)
    optimizer = trainer.optimizers[0]
    assert len(optimizer.param_groups) == 1
    assert not optimizer._optimizer_step_pre_hooks


# Batch normalization

NORMED = [["network.4", "network.5"], ["network.1", "network.2"]]


@pytest.mark.parametrize(("train", "expected"), [(False, [[], [], []]), (True, [[], [5], [2, 5]])])
def test_statistics_stay_unless_they_are_to_follow_their_thawed_layer(train, expected):
    class Look(pl.Callback):
        def __init__(self):
            self.moved = []

        def on_train_epoch_start(self, trainer, pl_module):
            self.before = {i: pl_module.network[i].running_mean.clone() for i in (2, 5)}

        def on_train_epoch_end(self, trainer, pl_module):
            self.moved.append(
                [i for i, m in self.before.items() if not torch.equal(m, pl_module.network[i].running_mean)]
            )

    look = Look()
    fit(model(normalization=nn.BatchNorm1d), GradualUnfreezing(NORMED, train_batch_norm=train), look)
    assert look.moved == [sorted(e) for e in expected]


def test_scale_and_shift_are_thawed_with_their_layer():
    watch = Watch()
    fit(model(normalization=nn.BatchNorm1d), GradualUnfreezing(NORMED), watch)
    assert "network.5.weight" not in watch.moved[0]
    assert {"network.5.weight", "network.5.bias"} <= set(watch.moved[1])


# When a metric stalls


class Logs(pl.Callback):
    """Logs these values, one an epoch; None is not logged."""

    def __init__(self, *values):
        self.values = values

    def on_train_epoch_end(self, trainer, pl_module):
        if self.values[trainer.current_epoch] is not None:
            pl_module.log("metric", self.values[trainer.current_epoch])


def thawing(unfreezing, *values):
    watch = Watch()
    fit(model(), Logs(*values), unfreezing, watch, max_epochs=len(values))
    return [sum(f"network.{i}.weight" in moved for i in (1, 3)) for moved in watch.moved]


def test_a_layer_is_thawed_when_the_metric_stalls():
    unfreezing = GradualUnfreezing(LAYERS, monitor="metric")
    assert thawing(unfreezing, 5.0, 4.0, 4.0, 3.0, 3.5, 3.0) == [0, 0, 0, 1, 1, 2]


def test_patience_counts_epochs_in_a_row_and_begins_anew_after_a_thaw():
    unfreezing = GradualUnfreezing(LAYERS, monitor="metric", patience=2)
    assert thawing(unfreezing, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5) == [0, 0, 0, 0, 0, 1, 1, 2]


def test_a_larger_metric_may_be_better_and_little_progress_none():
    unfreezing = GradualUnfreezing(LAYERS, monitor="metric", mode="max", min_delta=0.1)
    assert thawing(unfreezing, 0.5, 0.7, 0.75, 0.9) == [0, 0, 0, 1]


def test_an_epoch_without_the_metric_does_not_count():
    unfreezing = GradualUnfreezing(LAYERS, monitor="metric", patience=2)
    assert thawing(unfreezing, 1.0, 1.0, None, None, 1.0, 1.0) == [0, 0, 0, 0, 0, 1]


def test_validation_metrics_are_watched():
    class Frozen(Classifier):
        def validation_step(self, batch, batch_idx):
            self.log("val/loss", torch.tensor(1.0))

    watch = Watch()
    unfreezing = GradualUnfreezing(LAYERS, monitor="val/loss")
    fit(Frozen(model().network), unfreezing, watch, limit_val_batches=1, max_epochs=3)
    assert watch.moved == [both(5), both(5), both(3, 5)]


def test_a_metric_that_nobody_logs_is_refused_with_those_that_are():
    with pytest.raises(MisconfigurationException, match=r"'val/los'.*train/accuracy, train/loss"):
        fit(model(), GradualUnfreezing(LAYERS, monitor="val/los"))


# Resuming and several processes


class SaveAt(pl.Callback):
    """Saves a checkpoint after this many steps."""

    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *args):
        if trainer.global_step == self.step and self.step % EPOCH:
            trainer.save_checkpoint(self.path)

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


@pytest.mark.parametrize("step", [2, EPOCH, EPOCH + 2, 2 * EPOCH + 1])
@pytest.mark.parametrize("monitored", [False, True])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, step, monitored):
    def unfreezing():
        if monitored:
            return GradualUnfreezing(LAYERS, monitor="train/loss", min_delta=1e9)
        return GradualUnfreezing(LAYERS)

    whole, rest = (model(partial(Adam, lr=0.01)) for _ in range(2))
    fit(whole, unfreezing(), SaveAt(step, tmp_path / "middle.ckpt"))
    fit(rest, unfreezing(), resume=tmp_path / "middle.ckpt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[name]), name
    torch.load(tmp_path / "middle.ckpt", weights_only=True)


def test_nothing_is_frozen_again_after_resuming(tmp_path):
    unfreezing = GradualUnfreezing(LAYERS, monitor="train/loss", min_delta=1e9)
    fit(model(), unfreezing).save_checkpoint(tmp_path / "three.ckpt")
    assert unfreezing.thawed == 2
    watch = Watch()
    resumed = GradualUnfreezing(LAYERS, monitor="train/loss", min_delta=1e9)
    fit(model(), resumed, watch, max_epochs=4, resume=tmp_path / "three.ckpt")
    assert watch.moved == [both(1, 3, 5)]


def test_a_second_training_begins_frozen_again():
    unfreezing, watch = GradualUnfreezing(LAYERS), Watch()
    fit(model(), unfreezing)
    fit(model(), unfreezing, watch, max_epochs=1)
    assert watch.moved == [both(5)]


def test_two_processes_agree_and_make_the_steps_of_one(tmp_path):
    program = tmp_path / "train.py"
    program.write_text(
        textwrap.dedent(
            """
            import sys
            from functools import partial
            import pytorch_lightning as pl
            import torch
            from lightning_modules import MLP, Classifier, Digits, GradualUnfreezing, quiet_trainer

            if __name__ == "__main__":
                for devices in (1, 2):
                    torch.manual_seed(0)
                    model = Classifier(MLP([64, 6, 6, 10]), optimizer=partial(torch.optim.AdamW, lr=0.01))
                    unfreezing = GradualUnfreezing(["network.3", "network.1"])
                    trainer = quiet_trainer(
                        max_epochs=3, limit_val_batches=0, callbacks=[unfreezing],
                        accumulate_grad_batches=1, devices=devices,
                        **({"strategy": "ddp_fork"} if devices == 2 else {}),
                    )
                    if devices == 1:
                        before = model.state_dict()
                        torch.save({k: v.clone() for k, v in before.items()}, f"{sys.argv[1]}/before.pt")
                        trainer.fit(model, Digits(batch_size=64, train_size=64))
                        torch.save(model.state_dict(), f"{sys.argv[1]}/one.pt")
                    else:
                        class Save(pl.Callback):
                            def on_train_end(self, trainer, pl_module):
                                torch.save(pl_module.state_dict(), f"{sys.argv[1]}/{trainer.global_rank}.pt")
                        trainer.callbacks.append(Save())
                        trainer.fit(model, Digits(batch_size=32, train_size=64))
            """
        )
    )
    here = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(lightning_modules.__file__).parents[1])}
    subprocess.run([sys.executable, program, tmp_path], check=True, env=os.environ | here)
    before, one, zero, other = (torch.load(tmp_path / f"{name}.pt") for name in ("before", "one", "0", "1"))
    for name, value in zero.items():
        assert torch.equal(value, other[name]), name
        assert not torch.equal(value, before[name]), name
        torch.testing.assert_close(value, one[name], rtol=1e-4, atol=1e-5)


# Refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": []}, "names nothing to thaw"),
        ({"at": [1]}, "an epoch for each of the 2 layers"),
        ({"at": [2, 1]}, r"none before that of the layer above it, got \[2, 1\]"),
        ({"at": [-1, 1]}, "none before 0"),
        ({"at": [1, 2], "monitor": "x"}, "give one of them"),
        ({"monitor": "x", "mode": "least"}, "got 'least'"),
        ({"monitor": "x", "patience": 0}, "at least 1 epoch, got 0"),
        ({"monitor": "x", "min_delta": -1}, "must not be negative, got -1"),
        ({"factor": 0}, r"must be positive.*got \[0, 0\]"),
        ({"factor": [0.5]}, "one for each of the 2 layers"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GradualUnfreezing(**({"layers": LAYERS} | arguments))


def test_a_string_is_not_taken_for_a_list_of_names():
    with pytest.raises(TypeError, match=r"Use \['network.1'\]"):
        GradualUnfreezing("network.1")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["network.7"], r"no submodule 'network\.7'\. Those with parameters are network\.1, network\.3"),
        (["network.2"], r"network\.2 has no parameter to train"),
        (["network", "network.1"], r"network\.1 has no parameter.*layer named before it"),
        (["network"], r"Nothing would train in the first epoch.*at=\[0"),
    ],
)
def test_layers_that_cannot_be_thawed_are_refused(layers, message):
    with pytest.raises(MisconfigurationException, match=message):
        fit(model(), GradualUnfreezing(layers))


def test_an_optimizer_without_the_frozen_parameters_is_refused():
    class HeadOnly(Classifier):
        def configure_optimizers(self):
            return SGD(self.network[5].parameters(), lr=0.1)

    with pytest.raises(
        MisconfigurationException, match=r"No optimizer holds network\.3\.weight.*hand over all"
    ):
        fit(HeadOnly(model().network), GradualUnfreezing(LAYERS))


def test_lbfgs_is_refused():
    with pytest.raises(MisconfigurationException, match="LBFGS has one rate"):
        fit(model(torch.optim.LBFGS), GradualUnfreezing(LAYERS))


def test_the_table_is_not_known_before_training():
    with pytest.raises(RuntimeError, match="once training has started"):
        GradualUnfreezing(LAYERS).table()
