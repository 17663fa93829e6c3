"""GradualUnfreezing: what trains when, beside what else, and what is refused."""

import math
from contextlib import nullcontext
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import BaseFinetuning, EarlyStopping, StochasticWeightAveraging
from torch import nn
from torch.optim import SGD, AdamW
from unfreezing_runs import EPOCH, LAYERS, Watch, both, ends_frozen, fit, model

from lightning_modules import (
    Classifier,
    ClipGradientNorm,
    Digits,
    FreezeBatchNorm,
    GradualUnfreezing,
    quiet_trainer,
)

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


@ends_frozen
def test_what_is_frozen_neither_decays_nor_gets_optimizer_state():
    module = model(partial(AdamW, lr=0.1, weight_decay=0.5))
    trainer = fit(module, GradualUnfreezing(LAYERS, at=[1, 9]))
    held = {id(p) for p in trainer.optimizers[0].state}
    assert id(module.network[1].weight) not in held
    assert id(module.network[3].weight) in held


@ends_frozen
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


@ends_frozen
def test_clipping_measures_what_trains_only():
    class Norms(pl.Callback):
        norms = None

        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            grads = [p.grad for p in pl_module.network[5].parameters()]
            self.norms = (self.norms or []) + [torch.cat([g.flatten() for g in grads]).norm().item()]

    norms, clip = Norms(), ClipGradientNorm(1e9, every_step=True)
    fit(model(), norms, clip, GradualUnfreezing([LAYERS], at=[9]))
    assert clip.norms == pytest.approx(norms.norms)


@ends_frozen
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


@ends_frozen
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


@ends_frozen
def test_validation_metrics_are_watched():
    class Frozen(Classifier):
        def validation_step(self, batch, batch_idx):
            self.log("val/loss", torch.tensor(1.0))

    watch = Watch()
    unfreezing = GradualUnfreezing(LAYERS, monitor="val/loss")
    fit(Frozen(model().network), unfreezing, watch, limit_val_batches=1, max_epochs=3)
    assert watch.moved == [both(5), both(5), both(3, 5)]


@ends_frozen
def test_a_metric_that_nobody_logs_is_refused_with_those_that_are():
    with pytest.raises(MisconfigurationException, match=r"'val/los'.*train/accuracy, train/loss"):
        fit(model(), GradualUnfreezing(LAYERS, monitor="val/los"))


# Beside early stopping


def test_stalling_thaws_before_it_stops_and_stops_when_all_is_thawed():
    stopping = EarlyStopping("metric", patience=2, check_on_train_epoch_end=True)
    unfreezing, watch = GradualUnfreezing(LAYERS, monitor="metric", patience=2), Watch()
    callbacks = [Logs(*[1.0] * 20), stopping, unfreezing, watch]
    trainer = fit(model(), *callbacks, max_epochs=20)
    thawed = [sum(f"network.{i}.weight" in moved for i in (1, 3)) for moved in watch.moved]
    # The first is the one to beat; each two that are no better thaw a layer; and two more stop.
    assert thawed == [0, 0, 0, 1, 1, 2, 2]
    assert trainer.current_epoch == 7
    assert stopping.patience == 2


def test_a_metric_that_is_measured_in_validations_thaws_before_it_stops():
    class Stalls(Classifier):
        def validation_step(self, batch, batch_idx):
            self.log("val/loss", 1.0)

    stopping = EarlyStopping("val/loss", patience=1, check_on_train_epoch_end=False)
    unfreezing = GradualUnfreezing(LAYERS, monitor="val/loss")
    trainer = fit(Stalls(model().network), unfreezing, stopping, limit_val_batches=1, max_epochs=20)
    assert unfreezing.thawed == 2
    assert trainer.current_epoch == 4


def test_early_stopping_still_stops_at_what_is_not_finite():
    stopping = EarlyStopping("metric", check_on_train_epoch_end=True)
    unfreezing = GradualUnfreezing(LAYERS, monitor="metric")
    with pytest.warns(UserWarning, match=r"stopped in epoch 1, before .* thawed network.1"):
        trainer = fit(model(), Logs(1.0, math.nan), stopping, unfreezing, max_epochs=6)
    assert trainer.current_epoch == 2
    assert stopping.patience == 3


def test_a_run_that_is_stopped_before_all_is_thawed_says_so():
    stopping = EarlyStopping("metric", patience=1, check_on_train_epoch_end=True)
    with pytest.warns(UserWarning, match="stopped in epoch 1, before GradualUnfreezing had thawed network.1"):
        fit(model(), Logs(1.0, 1.0), stopping, GradualUnfreezing(LAYERS, at=[1, 4]), max_epochs=6)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (
            {},
            {"max_epochs": 2},
            r"never thaw network.1: due in epoch 2, and of the run's 2 epochs the last is epoch 1",
        ),
        ({"at": [3, 7]}, {"max_epochs": 3}, "never thaw network.3; network.1: due in epoch 3, 7"),
        ({}, {"max_epochs": 9, "max_steps": 2 * EPOCH}, "never thaw network.1"),
        (
            {"monitor": "train/loss", "patience": 3},
            {"max_epochs": 7},
            "never thaw network.1 in time to train: even if .* patience=3",
        ),
    ],
)
def test_a_layer_that_no_epoch_is_left_for_is_named_before_training(arguments, settings, message):
    steps = []

    class Steps(pl.Callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            steps.append(trainer.global_step)

    with pytest.raises(UserWarning, match=message):  # warnings are errors
        fit(model(), GradualUnfreezing(LAYERS, **arguments), Steps(), **settings)
    assert steps == []


def test_a_run_that_is_just_long_enough_is_not_warned_of():
    fit(model(), GradualUnfreezing(LAYERS, monitor="train/loss", patience=3, min_delta=1e9), max_epochs=8)
    fit(model(), GradualUnfreezing(LAYERS), max_steps=2 * EPOCH + 1, max_epochs=-1)
    fit(model(), GradualUnfreezing(LAYERS), fast_dev_run=True)


# Beside weight averaging


@pytest.mark.parametrize("averaging_is_first", [False, True])
@pytest.mark.parametrize("freezing", [FreezeBatchNorm, partial(GradualUnfreezing, NORMED, at=[1, 2])])
def test_frozen_statistics_are_not_lost_where_weight_averaging_would_measure_them_anew(
    freezing, averaging_is_first
):
    module = model(normalization=nn.BatchNorm1d)
    before = {name: value.clone() for name, value in module.named_buffers()}
    callbacks = [freezing(), StochasticWeightAveraging(0.05, swa_epoch_start=2, annealing_epochs=1)]
    fit(module, *callbacks[:: -1 if averaging_is_first else 1])
    after = dict(module.named_buffers())
    assert before["network.2.running_var"].min() < 0.9
    for name, value in before.items():
        assert torch.equal(after[name], value), name
    assert module.network[2].momentum == 0.1


def test_statistics_that_follow_their_thawed_layer_are_measured_by_weight_averaging():
    module = model(normalization=nn.BatchNorm1d)
    unfreezing = GradualUnfreezing(NORMED, at=[0, 0], train_batch_norm=True)
    fit(module, unfreezing, StochasticWeightAveraging(0.05, swa_epoch_start=2, annealing_epochs=1))
    assert module.network[2].num_batches_tracked == EPOCH
    assert module.network[2].running_mean.abs().max() > 0


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
        ({"factor": 0}, r"must be positive, got 0"),
        ({"factor": [0.5, math.nan]}, r"must be positive, got \[0.5, nan\]"),
        ({"factor": [0.5]}, r"one for each of the 2 layers, network.3, network.1: got \[0.5\]"),
        ({"layers": ["network.*"], "at": [2, 1]}, r"got \[2, 1\]"),
        ({"layers": ["network.*"], "factor": 0}, r"must be positive, got 0"),
        ({"restore_best": True}, "restore_best needs a metric.*give monitor="),
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
        (
            ["network.7"],
            r"no submodule or parameter 'network\.7'\. Those with parameters are network\.1, network\.3",
        ),
        (["network.2"], r"network\.2 has no parameter to train"),
        (["network", "network.1"], r"network\.1 has no parameter.*layer named before it"),
        (["network"], r"Nothing would train in the first epoch.*at=\[0"),
    ],
)
def test_layers_that_cannot_be_thawed_are_refused(layers, message):
    with pytest.raises(MisconfigurationException, match=message):
        fit(model(), GradualUnfreezing(layers))


def test_a_lazy_layer_is_refused_until_it_has_numbers():
    module = Classifier(nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.Linear(6, 10)), SGD)
    with pytest.raises(MisconfigurationException, match=r"network.1.weight, network.1.bias belong to a lazy"):
        fit(module, GradualUnfreezing(["network.1"], at=[1]))
    module(torch.zeros(2, 64))
    fit(module, GradualUnfreezing(["network.1"], at=[1]))


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


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_layers_of_a_network_that_was_compiled_before_have_the_names_that_it_was_written_with():
    plain, compiled = (model(normalization=nn.BatchNorm1d) for _ in range(2))
    compiled.network = torch.compile(compiled.network, backend="eager")
    compiled.train().network(torch.rand(16, 64))
    compiled.network.load_state_dict({f"_orig_mod.{n}": v for n, v in plain.network.state_dict().items()})
    for module in (plain, compiled):
        fit(module, GradualUnfreezing(["network.4", "network.1"], at=[1, 2]))
    for mine, theirs in zip(compiled.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)
