"""Every schedule, interrupted in the middle of a real run and resumed, goes on as if nothing had happened."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, ReduceLROnPlateau

from lightning_modules import (
    MLP,
    Classifier,
    CosineDecay,
    CosineRestarts,
    Digits,
    ExponentialDecay,
    LinearDecay,
    OneCycle,
    PiecewiseConstant,
    Plateau,
    PowerDecay,
    RateHistory,
    SquareRootDecay,
    Warmup,
    WarmupStableDecay,
    quiet_trainer,
)

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)

SCHEDULES = {
    "power": PowerDecay,
    "square root": SquareRootDecay,
    "exponential": ExponentialDecay,
    "piecewise": PiecewiseConstant,
    "linear": LinearDecay,
    "cosine": CosineDecay,
    "restarts": partial(CosineRestarts, cycles=2),
    "1cycle": OneCycle,
    "1cycle, three phases": partial(OneCycle, rise=0.4, three_phase=True, shape="linear"),
    "warm-up": partial(Warmup, steps=2),
    "warm-up, stable, decay": partial(WarmupStableDecay, warmup=2, decay=0.5, shape="1-sqrt"),
    "warm-up, then cosine": partial(Warmup, steps=0.4, after=CosineDecay),
    "warm-up, then 1cycle": partial(Warmup, steps=0.2, after=OneCycle),
    "warm-up, then torch's cosine": partial(Warmup, steps=2, after=partial(CosineAnnealingLR, T_max=13)),
}


class Interrupt(pl.Callback):
    """Saves a checkpoint and stops, as a run that is killed after its `step`th step."""

    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)
            raise RuntimeError("interrupted")


def fit(schedule, interval, callbacks=(), resume=None, monitor="train/loss", **trainer):
    torch.manual_seed(0)
    rates = RateHistory()
    model = Classifier(MLP([64, 8, 10]), SGD, schedule, interval=interval, monitor=monitor)
    # 96 images are 3 batches of 32, and 5 epochs are 15 steps.
    arguments = {"max_epochs": 5, "callbacks": [rates, *callbacks], "limit_val_batches": 0} | trainer
    quiet_trainer(**arguments).fit(model, Digits(train_size=96), ckpt_path=resume)
    return rates, torch.nn.utils.parameters_to_vector(model.parameters()).detach()


def interrupted(step, path, *arguments):
    with pytest.raises(RuntimeError, match="interrupted"):
        fit(*arguments, [Interrupt(step, path)])


# Step 7 is the first of three in the third of five epochs, step 9 the last of them.
@pytest.mark.parametrize("step", [7, 9])
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_a_run_resumed_in_the_middle_is_the_uninterrupted_run(schedule, step, tmp_path):
    path = tmp_path / "middle.ckpt"
    whole, weights = fit(schedule, "step")
    interrupted(step, path, schedule, "step")
    resumed, same_weights = fit(schedule, "step", resume=path)
    assert len(whole.rate()) == 15
    assert len(set(whole.rate())) > 2
    assert resumed.rate() == whole.rate()
    assert resumed.momentum() == whole.momentum()
    assert torch.equal(same_weights, weights)
    torch.load(path, weights_only=True)


@pytest.mark.parametrize(
    "schedule", [ExponentialDecay, partial(PiecewiseConstant, boundaries=[2, 4]), partial(OneCycle, rise=0.5)]
)
def test_so_is_one_that_counts_epochs(schedule, tmp_path):
    path = tmp_path / "middle.ckpt"
    whole, weights = fit(schedule, "epoch")
    interrupted(8, path, schedule, "epoch")
    resumed, same_weights = fit(schedule, "epoch", resume=path)
    assert [len(set(whole.rate()[epoch : epoch + 3])) for epoch in range(0, 15, 3)] == [1] * 5
    assert len(set(whole.rate())) > 2
    assert resumed.rate() == whole.rate()
    assert torch.equal(same_weights, weights)


def save_at(hook, step, path):
    def save(self, trainer, *_):
        if trainer.global_step == step and not trainer.sanity_checking:
            trainer.save_checkpoint(path)

    return type("Save", (pl.Callback,), {hook: save})()


@pytest.mark.parametrize("warm_up", [False, True])
@pytest.mark.parametrize("plateau", [Plateau, ReduceLROnPlateau])
@pytest.mark.parametrize(
    ("hook", "step"), [("on_train_batch_end", 13), ("on_validation_end", 12), ("on_train_epoch_end", 12)]
)
def test_a_plateau_misses_no_measurement(plateau, warm_up, hook, step, tmp_path):
    # Lightning leaves one out, in each of these cases.
    schedule = partial(plateau, patience=0, factor=0.5, threshold=0.3)
    schedule = partial(Warmup, steps=4, after=schedule) if warm_up else schedule
    settings = {"max_epochs": 8, "limit_val_batches": 1.0, "monitor": "val/loss"}
    path = tmp_path / "middle.ckpt"
    whole, weights = fit(schedule, "step", [save_at(hook, step, path)], **settings)
    resumed, same_weights = fit(schedule, "step", [save_at(hook, -1, path)], resume=path, **settings)
    assert len(set(whole.rate()[6:])) > 2
    assert resumed.rate() == whole.rate()
    assert torch.equal(same_weights, weights)
    torch.load(path, weights_only=True)


def test_without_a_trainer_state_dicts_are_enough():
    weight = torch.nn.Parameter(torch.ones(1))

    def make():
        optimizer = torch.optim.SGD([weight], lr=0.1)
        return optimizer, Warmup(optimizer, steps=3, after=CosineDecay, total_steps=12)

    def advance(optimizer, schedule, steps):
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return rates

    whole = advance(*make(), 12)
    optimizer, schedule = make()
    advance(optimizer, schedule, 5)
    states = optimizer.state_dict(), schedule.state_dict()
    optimizer, schedule = make()
    optimizer.load_state_dict(states[0])
    schedule.load_state_dict(states[1])
    assert advance(optimizer, schedule, 7) == whole[5:]


def test_a_run_that_is_made_longer_follows_its_own_length_and_says_so(tmp_path):
    path = tmp_path / "short.ckpt"
    interrupted(9, path, LinearDecay, "step")
    with pytest.warns(UserWarning, match="from a run of 15 steps .* of 30: at step 9 .* from 0.4 to 0.7"):
        rates, _ = fit(LinearDecay, "step", resume=path, max_epochs=10)
    assert rates.rate() == pytest.approx(
        [0.1 * (1 - t / 15) for t in range(9)] + [0.1 * (1 - t / 30) for t in range(9, 30)]
    )


def test_a_rate_that_is_the_same_in_a_shorter_run_stays_for_what_is_left_and_that_is_said():
    def schedule(steps):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
        return PiecewiseConstant(optimizer, boundaries=[2, 4], total_steps=steps)

    long = schedule(12)
    long.last_epoch = 8
    with pytest.warns(
        UserWarning, match="at step 8 the rate goes from 0.01 to 0.01 times .*, where it is over"
    ):
        schedule(6).load_state_dict(long.state_dict())
