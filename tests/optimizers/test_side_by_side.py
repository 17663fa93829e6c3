"""lightning_modules.optimizers.side_by_side."""

import copy
import pickle

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn
from torch.optim import SGD, lr_scheduler

from lightning_modules import (
    MLP,
    AdamW,
    Classifier,
    ClipGradientNorm,
    Digits,
    GradualUnfreezing,
    LinearDecay,
    Muon,
    OneCycle,
    RateHistory,
    SideBySide,
    quiet_trainer,
    split_for_muon,
)


def weights():
    return [nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(3))]


def advance(parameters, optimizer, steps):
    for step in range(steps):
        for parameter in parameters:
            parameter.grad = torch.cos(torch.arange(parameter.numel()).reshape(parameter.shape) + 1.0 * step)
        optimizer.step()


def both(parameters, muon=Muon, adamw=AdamW):
    return SideBySide(muon(parameters[:1], lr=0.1), adamw(parameters[1:], lr=0.01))


def muon_and_adamw(network):
    split = split_for_muon(network, others=["5"])
    return SideBySide(Muon(split.matrices.values(), lr=0.02), AdamW(split.others.values(), lr=1e-3))


def trained(*callbacks, resume=None, schedule=None, make=muon_and_adamw, data=None, **settings):
    torch.manual_seed(0)
    network = MLP([64, 12, 12, 10])
    module = Classifier(network, lambda _: make(network), schedule, interval="step")
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 2, "callbacks": list(callbacks)} | settings))
    trainer.fit(module, data or Digits(train_size=96), ckpt_path=resume)
    return module, trainer


def test_a_step_is_a_step_of_each():
    one, other = weights(), weights()
    advance(one, both(one), 3)
    alone = [Muon(other[:1], lr=0.1), AdamW(other[1:], lr=0.01)]
    for optimizer, parameter in zip(alone, other, strict=True):
        advance([parameter], optimizer, 3)
    assert all(map(torch.equal, one, other))


def test_groups_and_states_are_theirs():
    parameters = weights()
    optimizer = both(parameters)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.01]
    optimizer.param_groups[0]["lr"] = 0.0
    advance(parameters, optimizer, 1)
    assert optimizer.optimizers[0].param_groups[0]["lr"] == 0.0
    assert {name for state in optimizer.state.values() for name in state} >= {"momentum_buffer", "exp_avg"}
    assert list(optimizer.state) == parameters
    optimizer.state[parameters[0]] = {"momentum_buffer": torch.zeros(2, 2)}
    assert not optimizer.optimizers[0].state[parameters[0]]["momentum_buffer"].any()
    del optimizer.state[parameters[1]]
    assert list(optimizer.state) == parameters[:1]
    assert len(optimizer.optimizers[1].state) == 0


def test_a_closure_is_called_once_and_its_loss_returned():
    parameters, calls = weights(), []
    optimizer = both(parameters)

    def closure():
        optimizer.zero_grad()
        loss = sum(parameter.sum() for parameter in parameters)
        loss.backward()
        calls.append(loss.item())
        return loss

    assert optimizer.step(closure).item() == 7
    assert calls == [7]
    assert all((parameter != 1).all() for parameter in parameters[1:])
    assert optimizer.step() is None


def test_hooks_are_called_around_all_of_them():
    parameters, seen = weights(), []
    optimizer = both(parameters)
    optimizer.register_step_pre_hook(lambda *_: seen.append(parameters[1][0].item()))
    optimizer.register_step_post_hook(lambda *_: seen.append(parameters[1][0].item()))
    advance(parameters, optimizer, 1)
    assert seen[0] == 1 != seen[1]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_goes_on_like_the_original(copied):
    parameters = weights()
    optimizer = both(parameters)
    advance(parameters, optimizer, 2)
    others, other = copied((parameters, optimizer))
    advance(parameters, optimizer, 2)
    advance(others, other, 2)
    assert all(map(torch.equal, parameters, others))


@pytest.mark.parametrize("after", [(Muon, AdamW), (torch.optim.Muon, torch.optim.AdamW)])
def test_one_goes_on_from_the_others_state(after):
    whole, parameters = weights(), weights()
    advance(whole, both(whole), 4)
    first = both(parameters)
    advance(parameters, first, 2)
    second = both(parameters, *after)
    for group in second.param_groups:
        group["lr"] = 7.0
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert [group["lr"] for group in second.param_groups] == [0.1, 0.01]
    for step in (2, 3):
        for parameter in parameters:
            parameter.grad = torch.cos(torch.arange(parameter.numel()).reshape(parameter.shape) + 1.0 * step)
        second.step()
    for one, other in zip(whole, parameters, strict=True):
        torch.testing.assert_close(one, other)


def test_after_loading_a_schedule_still_reaches_them():
    parameters = weights()
    optimizer = both(parameters)
    schedule = lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    optimizer.load_state_dict(optimizer.state_dict())
    advance(parameters, optimizer, 1)
    schedule.step()
    assert [one.param_groups[0]["lr"] for one in optimizer.optimizers] == [0.05, 0.005]


@pytest.mark.parametrize(
    ("state", "saved"),
    [
        (lambda p: both(p).optimizers[1].state_dict(), "a single optimizer"),
        (lambda p: SideBySide(AdamW(p)).state_dict(), "1 optimizers side by side"),
    ],
)
def test_another_state_is_refused(state, saved):
    with pytest.raises(ValueError, match=f"SideBySide of 2 optimizers cannot go on from .* {saved}"):
        both(weights()).load_state_dict(state(weights()))


def test_what_one_of_them_refuses_is_refused():
    parameters = weights()
    optimizer = SideBySide(SGD(parameters[:1], momentum=0.9), AdamW(parameters[1:]))
    with pytest.raises(ValueError, match=r"no ns_coefficients\. It was saved by another optimizer"):
        both(parameters).load_state_dict(optimizer.state_dict())


def test_what_cannot_be_put_side_by_side_is_refused():
    parameters = weights()
    with pytest.raises(ValueError, match="at least one optimizer, got none"):
        SideBySide()
    with pytest.raises(TypeError, match="takes optimizers, one after the other, got list"):
        SideBySide([AdamW(parameters)])
    with pytest.raises(ValueError, match=r"parameter of shape \(2, 2\) is in two of the optimizers"):
        SideBySide(Muon(parameters[:1]), AdamW(parameters))
    with pytest.raises(ValueError, match="cannot know which of its optimizers"):
        both(parameters).add_param_group({"params": [nn.Parameter(torch.ones(1))]})


# In a Trainer


def test_one_trainer_trains_both_and_counts_each_step_once():
    module, trainer = trained()
    assert trainer.global_step == 6
    torch.manual_seed(0)
    start = MLP([64, 12, 12, 10])
    for before, after in zip(start.parameters(), module.network.parameters(), strict=True):
        assert (before != after).any()


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    whole, _ = trained(max_epochs=3, schedule=LinearDecay)
    _, trainer = trained(StopAfter(2), max_epochs=3, schedule=LinearDecay)
    trainer.save_checkpoint(tmp_path / "two.ckpt")
    torch.load(tmp_path / "two.ckpt", weights_only=True)
    resumed, _ = trained(max_epochs=3, schedule=LinearDecay, resume=tmp_path / "two.ckpt")
    assert all(map(torch.equal, whole.parameters(), resumed.parameters()))


class StopAfter(pl.Callback):
    """Ends a run after so many epochs, as if it had been interrupted."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_train_epoch_end(self, trainer, pl_module):
        trainer.should_stop = trainer.current_epoch + 1 == self.epochs


def test_schedules_keep_the_ratio_of_the_rates():
    rates = RateHistory()
    trained(rates, schedule=OneCycle, max_epochs=8)
    matrices, others = rates.rate(group=0), rates.rate(group=1)
    assert len(set(matrices)) > 1
    assert [20 * rate for rate in others] == pytest.approx(matrices)


def test_batches_are_accumulated_and_gradients_clipped():
    whole, _ = trained(data=Digits(train_size=96, batch_size=32))
    parts, trainer = trained(data=Digits(train_size=96, batch_size=8), accumulate_grad_batches=4)
    assert trainer.global_step == 6
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=0)
    trained(ClipGradientNorm(0.5))


def test_scaled_gradients_are_unscaled_before_the_step():
    def scaled(make):
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
        return trained(make=make, plugins=[MixedPrecision("16-mixed", "cpu", scaler)], max_epochs=1)[0]

    def on_its_own(network):
        return AdamW(network.parameters(), lr=1e-3)

    def beside(network):
        half = list(network.parameters())
        return SideBySide(
            torch.optim.AdamW(half[:3], lr=1e-3, fused=True), torch.optim.AdamW(half[3:], lr=1e-3, fused=True)
        )

    for one, other in zip(scaled(on_its_own).parameters(), scaled(beside).parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_layers_are_unfrozen_one_after_the_other():
    torch.manual_seed(0)
    start, moved = MLP([64, 12, 12, 10]), []

    class Compare(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            pairs = [(start[place].weight, pl_module.network[place].weight) for place in (1, 3, 5)]
            moved.append([not torch.equal(*pair) for pair in pairs])

    trained(GradualUnfreezing(["network.5", "network.3", "network.1"], at=[0, 0, 1]), Compare())
    assert moved == [[False, True, True], [True, True, True]]
