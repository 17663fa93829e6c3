"""lightning_modules.schedules.range_test, and lightning_modules.snapshot, which it puts everything back by."""

import copy
import math
import random
import sys
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from matplotlib.figure import Figure
from pytorch_lightning.callbacks import (
    EarlyStopping,
    EMAWeightAveraging,
    GradientAccumulationScheduler,
    LearningRateMonitor,
    ModelCheckpoint,
    StochasticWeightAveraging,
)
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lightning_modules import (
    MLP,
    Classifier,
    Digits,
    GradualUnfreezing,
    History,
    OneCycle,
    PiecewiseConstant,
    Plateau,
    RangeTest,
    RateHistory,
    StackedAutoencoder,
    quiet_trainer,
    range_test,
    recipe,
)
from lightning_modules.schedules.range_test import _longest_descent
from lightning_modules.snapshot import snapshot

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)


def classifier(optimizer=SGD, schedule=None, **arguments):
    torch.manual_seed(0)
    return Classifier(MLP([64, 16, 10], normalization=nn.BatchNorm1d), optimizer, schedule, **arguments)


# What is read off


def test_the_steepest_rate_is_where_the_loss_falls_fastest():
    losses = (
        [2.0] * 30 + [2.0 - 0.01 * i for i in range(20)] + [1.8 - 0.1 * i for i in range(15)] + [0.3] * 10
    )
    rates = [1e-5 * 1.2**i for i in range(len(losses))]
    found = RangeTest(rates, losses, steps=len(losses))
    assert rates[52] <= found.steepest <= rates[64]
    assert rates[40] <= found.valley <= rates[60]


def test_a_blown_up_last_loss_does_not_hide_the_fall():
    losses = [2.0 - 0.02 * i for i in range(60)] + [1e9]
    rates = [1e-5 * 1.2**i for i in range(61)]
    found = RangeTest(rates, losses, steps=61)
    assert rates[0] <= found.steepest < rates[57]
    assert max(found.smoothed) < 10


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_descent_is_as_long_as_a_plain_search_says(seed):
    random.seed(seed)
    values = [random.randrange(15) for _ in range(25)]
    length = [1] * 25
    for i in range(25):
        length[i] = 1 + max((length[j] for j in range(i) if values[j] > values[i]), default=0)
    places = _longest_descent([float(value) for value in values])
    assert len(places) == max(length)
    assert all(a < b and values[a] > values[b] for a, b in pairwise(places))


@pytest.mark.parametrize("losses", [[1.0] * 20, [1.0 + 0.1 * i for i in range(20)]])
def test_where_nothing_falls_nothing_is_suggested(losses):
    found = RangeTest([1e-4 * 1.5**i for i in range(20)], losses, steps=20)
    with pytest.raises(ValueError, match=r"fell at no rate from 0\.0001"):
        _ = found.steepest


# The run


def test_the_rates_rise_evenly_on_a_logarithmic_axis_and_are_really_used():
    used = RateHistory()
    found = range_test(classifier(), Digits(), lowest=1e-4, highest=1e-1, steps=31, callbacks=[used])
    assert found.rates == pytest.approx([10 ** (-4 + step / 10) for step in range(31)])
    assert used.rate()[:31] == pytest.approx(found.rates)
    assert len(found.losses) == 31


def test_each_loss_is_that_of_the_batch_after_the_step():
    # With a model that counts steps and returns the rates it has been moved by, that can be computed.
    class Mover(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(()))

        def training_step(self, batch, batch_idx):
            return 100.0 + self.weight

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=1.0)

    found = range_test(Mover(), [0] * 40, lowest=0.1, highest=1.0, steps=10)
    moved = np.cumsum(found.rates)
    assert found.losses == pytest.approx((100.0 - moved).tolist(), rel=1e-5)


def test_groups_keep_their_ratios():
    model, used = classifier(), RateHistory()

    def groups(parameters):
        body, head = list(model.network[:-1].parameters()), list(model.network[-1].parameters())
        return torch.optim.SGD([{"params": body, "lr": 0.002}, {"params": head, "lr": 0.02}], lr=1.0)

    model.optimizer = groups
    range_test(model, Digits(), lowest=1e-3, highest=1.0, steps=20, callbacks=[used])
    assert used.rate(group=1)[0] == pytest.approx(1e-3)
    assert used.rate(group=0) == pytest.approx([rate / 10 for rate in used.rate(group=1)])


@pytest.mark.parametrize(
    "schedule",
    [
        OneCycle,
        Plateau,
        partial(PiecewiseConstant, boundaries=[5_000], factors=[0.1]),
        partial(torch.optim.lr_scheduler.StepLR, step_size=2),
    ],
)
def test_the_models_schedule_rests(schedule):
    used = RateHistory()
    model = classifier(schedule=schedule, interval="step")
    found = range_test(model, Digits(train_size=96), lowest=1e-4, steps=20, highest=1e-2, callbacks=[used])
    assert used.rate()[:20] == pytest.approx(found.rates)
    assert len(set(used.momentum())) == 1


def test_it_stops_when_the_loss_blows_up():
    found = range_test(classifier(), Digits(), lowest=1e-4, highest=1e8, steps=60)
    assert len(found.losses) < 60
    assert 1e-3 < found.steepest < 10
    assert 1e-3 < found.valley < 10


def test_accumulated_batches_are_one_step():
    used = RateHistory()
    found = range_test(
        classifier(), Digits(), steps=12, highest=0.1, accumulate_grad_batches=3, callbacks=[used]
    )
    assert len(found.losses) == 12
    assert len(used.rate()) == 13
    assert 1.5 < found.losses[0] < 3


# Everything is put back


def everything(model):
    state = {name: value.clone() for name, value in model.state_dict().items()}
    grads = {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}
    metrics = {
        name: copy.deepcopy(m.metric_state) for name, m in model.named_modules() if hasattr(m, "metric_state")
    }
    modes = {name: m.training for name, m in model.named_modules()}
    return state, grads, metrics, modes


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def random_numbers():
    return torch.rand(1).item(), float(np.random.rand()), random.random()


@pytest.mark.filterwarnings("ignore:.*in eval mode at the start")
@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_as_it_was_even_after_an_error(fails):
    class Model(Classifier):
        def training_step(self, batch, batch_idx):
            self.steps = getattr(self, "steps", 0) + 1
            torch.rand(1), np.random.rand(1), random.random()
            if fails and self.steps == 15:
                raise RuntimeError("broken")
            return super().training_step(batch, batch_idx)

    torch.manual_seed(0)
    model = Model(MLP([64, 16, 10], normalization=nn.BatchNorm1d), SGD)
    quiet_trainer(max_epochs=1).fit(model, Digits(train_size=64))  # statistics, metrics and a Trainer
    model.steps = 3
    model.network[1].eval()
    model.network[1].weight.requires_grad_(False)
    model.network[-1].weight.grad = torch.ones_like(model.network[-1].weight)
    before, trainer, identity = everything(model), model.trainer, list(map(id, model.parameters()))
    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    expected = random_numbers()
    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    if fails:
        with pytest.raises(RuntimeError, match="broken"):
            range_test(model, Digits(), steps=20)
    else:
        range_test(model, Digits(), steps=20)
    assert random_numbers() == expected
    assert same(everything(model), before)
    assert list(map(id, model.parameters())) == identity
    assert (model.steps, model.trainer) == (3, trainer)
    assert not model.network[1].weight.requires_grad


def test_training_afterwards_is_training_as_if_there_had_been_none():
    def train(model):
        torch.manual_seed(1)
        quiet_trainer(max_epochs=1).fit(model, data)
        return nn.utils.parameters_to_vector(model.parameters())

    data = Digits(train_size=128)
    expected = train(classifier())
    model = classifier()
    range_test(model, data, steps=20)
    assert torch.equal(train(model), expected)


def test_an_optimizer_that_the_model_holds_gets_its_state_back():
    class Holder(Classifier):
        def __init__(self):
            super().__init__(MLP([64, 10]))
            self.held = torch.optim.Adam(self.parameters(), lr=0.01)

        def configure_optimizers(self):
            return self.held

    model = Holder()
    quiet_trainer(max_epochs=1).fit(model, Digits(train_size=64))
    before = copy.deepcopy(model.held.state_dict())
    range_test(model, Digits(), steps=20)
    after = model.held.state_dict()
    assert after["param_groups"] == before["param_groups"]
    assert same(after["state"], before["state"])


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_a_loader_goes_on_where_it_was():
    items = TensorDataset(torch.randn(64, 64), torch.randint(10, (64,)))

    def labels(loader):
        return [batch[1].tolist() for batch in loader]

    def loaders():
        return (
            DataLoader(items, batch_size=8, shuffle=True, generator=torch.Generator().manual_seed(3)),
            Digits(train_size=64).train_dataloader(),
        )

    for untouched, loader in zip(loaders(), loaders(), strict=True):
        range_test(classifier(), loader, steps=20)
        assert labels(loader) == labels(untouched)


def test_a_snapshot_holds_what_checkpoints_leave_out():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("hidden", torch.zeros(2), persistent=False)
            self.seen = [[1], {"a": torch.zeros(1)}]
            self.seen.append(self.seen)  # contains itself
            self.random = torch.Generator().manual_seed(0)
            self.bare = torch.zeros(2)

    module = Odd()
    undo = snapshot(module.modules())
    expected = torch.rand(1, generator=torch.Generator().manual_seed(0))
    identity = module.seen
    module.hidden += 1
    module.bare = module.bare + 1
    module.seen[0].append(2)
    module.seen[1]["a"] += 1
    module.seen = None
    module.new = 3
    module.register_forward_hook(lambda *_: None)
    torch.rand(3, generator=module.random)
    undo()
    assert module.seen is identity
    assert module.seen[0] == [1]
    assert module.seen[1]["a"].item() == 0
    assert module.hidden.tolist() == module.bare.tolist() == [0, 0]
    assert not hasattr(module, "new")
    assert not module._forward_hooks
    assert torch.rand(1, generator=module.random) == expected


# Its Trainer


class Count(pl.Callback):
    batches = 0

    def on_train_batch_end(self, *_):
        self.batches += 1


def test_callbacks_are_none_one_or_several_as_for_a_trainer():
    one, two, three = Count(), Count(), Count()
    for callbacks in (None, one, [two, three]):
        range_test(classifier(), Digits(), steps=20, callbacks=callbacks)
    assert one.batches == two.batches == three.batches > 10


# Drawn and suggested


def fallen():
    losses = [2.0 - math.tanh((step - 30) / 10) for step in range(61)]
    return RangeTest([10 ** (-4 + step / 15) for step in range(61)], [*losses[:-1], 1e6], steps=61)


def test_it_suggests_the_range_from_the_steepest_point_to_a_third_of_the_last_rate():
    low, high = fallen().suggestion
    assert (low, high) == (fallen().steepest, pytest.approx(1 / 3))
    early = RangeTest([1e-3 * 1.01**i for i in range(40)], [2.0 - i / 40 for i in range(40)], steps=40)
    assert early.suggestion == (early.steepest, early.steepest)
    flat = RangeTest([1e-3, 1e-2], [1.0, 1.0], steps=20)
    with pytest.raises(ValueError, match="fell at no rate"):
        _ = flat.suggestion
    assert repr(flat) == "RangeTest(rates 0.001 to 0.01, the loss fell at none of them)"


def test_it_draws_both_curves_and_what_is_read_off_into_given_axes():
    axes = Figure().add_subplot()
    assert fallen().plot(axes) is axes
    raw, smoothed, steepest, valley = axes.lines
    assert list(raw.get_ydata()) == fallen().losses
    assert list(smoothed.get_ydata()) == fallen().smoothed
    assert (steepest.get_xdata()[0], valley.get_xdata()[0]) == (fallen().steepest, fallen().valley)
    assert [text.get_text().strip() for text in axes.texts] == ["steepest", "valley"]
    assert axes.get_xscale() == "log"
    assert axes.get_ylim()[1] < 4  # what blew up is cut off


def test_what_fell_nowhere_is_drawn_without_marks():
    axes = Figure().add_subplot()
    RangeTest([1e-3, 1e-2], [1.0, 1.0], steps=20).plot(axes)
    assert len(axes.lines) == 2


def test_without_axes_it_makes_some_and_without_matplotlib_it_says_so(monkeypatch):
    import matplotlib.pyplot as plt

    axes = fallen().plot()
    plt.close(axes.figure)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        fallen().plot()


def test_it_can_be_had_without_matplotlib(run_program):
    run_program(
        """
        import sys
        import torchmetrics  # which imports matplotlib where it is installed
        sys.modules["matplotlib"] = sys.modules["matplotlib.pyplot"] = None
        from lightning_modules import RangeTest, range_test
        """
    )


# Refusals


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 0.0}, "0 < lowest < highest"),
        ({"lowest": 1.0, "highest": 0.1}, "lowest=1.0, highest=0.1"),
        ({"steps": 5}, "at least 10 steps, got 5"),
        ({"max_epochs": 3}, "sets max_epochs itself"),
        ({"lowest": 1e9, "highest": 1e30}, "blew up at rate"),
    ],
)
def test_bad_values_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        range_test(classifier(), Digits(), **settings)


def test_what_it_cannot_work_with_is_refused():
    with pytest.raises(MisconfigurationException, match="rates are 0"):
        range_test(classifier(partial(torch.optim.SGD, lr=0.0)), Digits())
    with pytest.raises(MisconfigurationException, match="on one device, got 2"):
        range_test(classifier(), Digits(), devices=2, strategy="ddp")
    lazy = Classifier(nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), SGD)
    with pytest.raises(ValueError, match="lazy layer"):
        range_test(lazy, Digits())


# Trials that go on over several epochs


def dense():
    return DataLoader(TensorDataset(torch.rand(48, 64), torch.randint(10, (48,))), batch_size=16)  # 3 batches


def test_the_callbacks_of_a_recipe_do_not_end_a_trial_of_several_epochs():
    torch.manual_seed(0)
    found = range_test(Classifier(MLP([64, 10]), SGD, recipe="default"), dense(), steps=12)
    assert len(found.losses) == 12


@pytest.mark.parametrize(
    "callback",
    [
        partial(EarlyStopping, monitor="val/loss"),
        partial(ModelCheckpoint, monitor="val/loss"),
        partial(StochasticWeightAveraging, swa_lrs=0.1),
        partial(StochasticWeightAveraging, swa_lrs=0.1, swa_epoch_start=2),
        EMAWeightAveraging,
        LearningRateMonitor,
    ],
)
def test_what_is_for_whole_runs_rests(callback):
    alone = range_test(classifier(), dense(), steps=12)
    beside = range_test(classifier(), dense(), steps=12, callbacks=[callback()], enable_checkpointing=True)
    assert beside.losses == alone.losses


def test_each_callback_that_stays_is_asked_to_begin():
    begun = []

    class Begins(pl.Callback):
        def on_fit_start(self, trainer, pl_module):
            begun.append(self)

    plateau = partial(Plateau, monitor="train/loss", patience=0)
    range_test(classifier(schedule=plateau), dense(), steps=10, callbacks=[Begins(), Begins()])
    assert len(begun) == 2


def test_a_module_that_steps_its_schedule_by_itself_may_go_on_to_call_it():
    class Manual(Classifier):
        automatic_optimization = False

        def training_step(self, batch, batch_idx):
            optimizer = self.optimizers()
            optimizer.zero_grad()
            loss = super().training_step(batch, batch_idx)
            self.manual_backward(loss)
            optimizer.step()
            return loss

        def on_train_epoch_end(self):
            self.lr_schedulers().step()

    rates = RateHistory()
    model = Manual(MLP([64, 10]), SGD, partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.1))
    found = range_test(model, dense(), 1e-4, 1e-1, steps=12, callbacks=[rates])
    assert rates.rate()[:12] == pytest.approx(found.rates)


def test_layers_that_wait_for_a_validation_stay_frozen_in_a_trial():
    unfreezing = GradualUnfreezing(["network.1"], monitor="val/loss")
    assert len(range_test(classifier(), dense(), steps=12, callbacks=[unfreezing]).losses) == 12


def test_accumulation_that_changes_from_epoch_to_epoch_leaves_the_loss_of_a_step_as_it_is():
    model = classifier(partial(torch.optim.SGD, lr=0.1))
    accumulated = GradientAccumulationScheduler({0: 1, 1: 3})
    found = range_test(model, dense(), 1e-9, 1e-8, steps=12, callbacks=[accumulated])
    assert max(found.losses) < 1.5 * min(found.losses)


# Over several epochs


class Epochs(pl.Callback):
    def __init__(self):
        self.seen = set()

    def on_before_optimizer_step(self, trainer, *args):
        self.seen.add(trainer.current_epoch)


def test_however_often_the_data_is_gone_through_it_is_the_first_epoch():
    torch.manual_seed(0)
    model, epochs = Classifier(MLP([64, 20, 10]), partial(torch.optim.SGD, lr=0.1)), Epochs()
    found = range_test(model, Digits(train_size=160), lowest=1e-3, highest=1.0, steps=17, callbacks=[epochs])
    assert epochs.seen == {0}
    assert len(found.losses) == 17


@pytest.mark.parametrize("depth", ["shallow", "deep"])
def test_a_recipe_that_stops_early_is_tested_to_the_end(depth):
    torch.manual_seed(0)
    chosen = recipe("default", depth=depth)
    model = Classifier(chosen.network([64, 20, 10]), recipe=chosen)
    assert len(range_test(model, Digits(train_size=160), highest=0.1, steps=17).losses) == 17


def test_layers_stay_frozen_that_a_later_epoch_or_a_validation_would_thaw():
    for when in ({"at": [1]}, {"monitor": "val/loss"}, {"monitor": "train/loss", "min_delta": 9.0}):
        torch.manual_seed(0)
        model = Classifier(MLP([64, 20, 10]), partial(torch.optim.SGD, lr=0.1))
        unfreezing = GradualUnfreezing(["network.1"], **when)
        range_test(model, Digits(train_size=160), 1e-3, 1.0, steps=17, callbacks=[unfreezing])
        assert unfreezing.thawed == 0


def test_the_first_layer_of_a_stack_is_tested_and_no_other():
    torch.manual_seed(0)
    model = StackedAutoencoder.dense((1, 8, 8), [6, 4])
    history = History()
    range_test(model, Digits(train_size=160), 1e-3, 1e-1, steps=17, callbacks=[history])
    assert history.names == ["train/layer_1"]
