"""lightning_modules.schedules.warmup_stable_decay."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch

from lightning_modules import (
    MLP,
    Classifier,
    Digits,
    LinearDecay,
    RateHistory,
    Warmup,
    WarmupStableDecay,
    preview,
    quiet_trainer,
)


def sgd(rate=1.0):
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=rate)


def run_of(steps, rate=1.0, **settings):
    return preview(WarmupStableDecay(sgd(rate), total_steps=steps, **settings), steps + 2)


# By hand


def test_up_along_and_down_in_a_straight_line():
    rates = run_of(9, warmup=3, decay=4)
    assert rates == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 3 / 4, 2 / 4, 1 / 4, 0, 0])


def test_one_minus_the_root_of_what_is_over_falls_steeply_at_first():
    rates = run_of(10, warmup=0, decay=9, shape="1-sqrt")
    assert rates[1] == 1
    assert rates[2] == pytest.approx(1 - 1 / 3)  # √(1/9)
    assert rates[5] == pytest.approx(1 - 2 / 3)  # √(4/9)
    assert rates[10:] == [0, 0]


@pytest.mark.parametrize("shape", ["linear", "1-sqrt"])
def test_it_ends_at_the_fraction_that_it_is_told(shape):
    rates = run_of(8, rate=2.0, warmup=0, decay=4, end=0.25, shape=shape)
    assert rates[4] == 2
    assert rates[8:] == [0.5, 0.5]
    assert all(rate > 0.5 for rate in rates[:8])


def test_fractions_are_of_the_whole_run():
    assert run_of(20, warmup=0.1, decay=0.25) == run_of(20, warmup=2, decay=5)


def test_without_a_middle_it_is_a_warm_up_before_a_linear_decay():
    both = preview(Warmup(sgd(), steps=3, after=LinearDecay, total_steps=10), 10)
    assert run_of(10, warmup=3, decay=7)[:10] == pytest.approx(both)


def test_without_a_warm_up_and_a_middle_it_is_the_linear_decay():
    assert run_of(10, warmup=0, decay=1.0) == pytest.approx(preview(LinearDecay(sgd(), total_steps=10), 12))


def test_before_the_decay_nothing_depends_on_the_length_of_the_run():
    short, long = run_of(20, warmup=3, decay=5), run_of(200, warmup=3, decay=80)
    assert short[:16] == long[:16]
    assert short[16] < long[16]


# From a checkpoint of the middle


class Save(pl.Callback):
    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


def fit(steps, schedule, *callbacks, resume=None):
    torch.manual_seed(0)
    model = Classifier(
        MLP([64, 8, 10]), partial(torch.optim.SGD, lr=0.1, momentum=0.9), schedule, interval="step"
    )
    rates = RateHistory()
    trainer = quiet_trainer(
        max_epochs=None, max_steps=steps, callbacks=[rates, *callbacks], limit_val_batches=0
    )
    trainer.fit(model, Digits(train_size=96), ckpt_path=resume)  # three batches an epoch
    return rates.rate(), torch.nn.utils.parameters_to_vector(model.parameters()).detach()


def test_one_checkpoint_is_brought_to_its_end_and_trained_on(tmp_path):
    schedule, path = partial(WarmupStableDecay, warmup=2, decay=5), tmp_path / "middle.ckpt"
    short, short_weights = fit(14, schedule, Save(9, path))
    long, long_weights = fit(26, schedule)
    rates, weights = fit(14, schedule, resume=path)
    assert rates == short
    assert torch.equal(weights, short_weights)
    rates, weights = fit(26, schedule, resume=path)
    assert rates == long
    assert torch.equal(weights, long_weights)
    assert short[:10] == long[:10]
    assert short[-1] == pytest.approx(0.1 / 5)
    torch.load(path, weights_only=True)


def test_who_resumes_decides_how_it_ends(tmp_path):
    path = tmp_path / "middle.ckpt"
    fit(30, partial(WarmupStableDecay, warmup=2, decay=5), Save(9, path))
    rates, _ = fit(13, partial(WarmupStableDecay, warmup=2, decay=4, shape="1-sqrt", end=0.5), resume=path)
    assert rates[:10] == pytest.approx([0.1 / 3, 0.2 / 3, *[0.1] * 8])
    assert rates[10:] == pytest.approx([0.1 * (1 - 0.5 * (x / 4) ** 0.5) for x in (1, 2, 3)])


def test_a_decay_that_would_have_begun_before_the_checkpoint_is_a_jump_and_said(tmp_path):
    path = tmp_path / "middle.ckpt"
    fit(30, partial(WarmupStableDecay, warmup=2, decay=5), Save(9, path))
    with pytest.warns(UserWarning, match="run of 30 steps .* one of 12: at step 9 .* from 1 to 0.6 times"):
        rates, _ = fit(12, partial(WarmupStableDecay, warmup=2, decay=5), resume=path)
    assert rates[8:] == pytest.approx([0.1, 0.06, 0.04, 0.02])


def test_another_decay_in_a_run_of_the_same_length_is_a_jump_and_said():
    def made(**settings):
        return WarmupStableDecay(sgd(), total_steps=10, **settings)

    before = made(decay=2)
    before.last_epoch = 6
    after = made(decay=8)
    with pytest.warns(UserWarning, match="at step 6 the rate goes from 1 to 0.5 times"):
        after.load_state_dict(before.state_dict())
    assert after.get_last_lr() == [0.5]


# Refusals


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warmup": -1}, "warmup > 0, got -1"),
        ({"warmup": True}, "warmup > 0, got True"),
        ({"warmup": False}, "warmup > 0, got False"),
        ({"warmup": 50.0}, "write it without a point: 50"),
        ({"decay": 0}, "decay > 0, got 0"),
        ({"decay": 1.5}, "at most 1"),
        ({"shape": "sqrt"}, "got shape='sqrt'"),
        ({"end": 1.0}, "end=1.0"),
    ],
)
def test_bad_values_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        WarmupStableDecay(sgd(), **settings)


def test_phases_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="warm-up of 6 steps and a decay of 5 do not fit into 10"):
        WarmupStableDecay(sgd(), warmup=6, decay=5, total_steps=10).check(10)
    WarmupStableDecay(sgd(), warmup=5, decay=5, total_steps=10).check(10)


def test_a_decay_without_a_whole_step_is_refused():
    with pytest.raises(ValueError, match=r"decay=0.02 of WarmupStableDecay is no whole step of 10"):
        WarmupStableDecay(sgd(), decay=0.02, total_steps=10).check(10)
