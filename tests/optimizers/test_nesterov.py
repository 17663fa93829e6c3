"""lightning_modules.optimizers.nesterov."""

from functools import partial

import pytest
import torch
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn

from lightning_modules import MLP, Classifier, ClipGradientNorm, Digits, History, Nesterov, quiet_trainer

CURVATURE = torch.tensor([1.0, 30.0], dtype=torch.float64)


def start():
    return nn.Parameter(torch.tensor([3.0, 1.0], dtype=torch.float64))


def descend(weight, optimizer, steps, seen=None):
    """Descend into a bowl, collecting the points where gradients are taken."""

    def closure():
        if seen is not None:
            seen.append(weight.detach().clone())
        optimizer.zero_grad()
        loss = 0.5 * (CURVATURE * weight**2).sum()
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)


def test_the_paper_form_takes_the_gradient_where_the_velocity_leads():
    weight, seen = nn.Parameter(torch.tensor([1.0])), []
    optimizer = Nesterov([weight], lr=0.1, momentum=0.5, paper_form=True)

    def closure():
        seen.append(weight.item())
        weight.grad = torch.ones(1)
        return 0.0

    for _ in range(3):
        optimizer.step(closure)
    # m = −0.1, −0.15, −0.175; θ = 0.9, 0.75, 0.575; φ = θ + 0.5 m
    assert seen == pytest.approx([1.0, 0.85, 0.675])
    assert weight.item() == pytest.approx(0.575)


def test_the_paper_form_is_the_equation():
    weight, theta, m = start(), start().detach(), torch.zeros(2, dtype=torch.float64)
    descend(weight, Nesterov([weight], lr=0.02, momentum=0.9, paper_form=True), 100)
    for _ in range(100):
        m = 0.9 * m - 0.02 * CURVATURE * (theta + 0.9 * m)
        theta = theta + m
    assert torch.allclose(weight, theta, rtol=1e-9, atol=0)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_both_forms_take_their_gradients_at_the_same_points(weight_decay):
    settings = {"lr": 0.02, "momentum": 0.9, "weight_decay": weight_decay}
    torchs, papers, ahead, seen = start(), start(), [], []
    descend(torchs, torch.optim.SGD([torchs], nesterov=True, **settings), 50, ahead)
    optimizer = Nesterov([papers], paper_form=True, **settings)
    descend(papers, optimizer, 50, seen)
    assert torch.allclose(torch.stack(seen), torch.stack(ahead), rtol=1e-9, atol=1e-12)
    # torch's weights are those points; the paper's lie a part β of the velocity behind.
    assert torch.allclose(papers + 0.9 * optimizer.state[papers]["velocity"], torchs, rtol=1e-9, atol=1e-12)


def test_weights_go_back_from_where_they_looked_whatever_happens_there():
    weight, other = start(), start()
    optimizer = Nesterov([weight, other], lr=0.02, paper_form=True)

    def closure():
        weight.grad, other.grad = torch.ones_like(weight), torch.ones_like(other)
        return 0.0

    optimizer.step(closure)
    here = weight.detach().clone()

    def no_gradient():
        weight.grad = None
        assert not torch.equal(weight, here)
        return 0.0

    optimizer.step(no_gradient)
    assert torch.equal(weight, here)
    assert not torch.equal(other, here)

    def fails():
        raise FloatingPointError

    with pytest.raises(FloatingPointError):
        optimizer.step(fails)
    assert torch.equal(weight, here)


def test_the_paper_form_needs_a_closure():
    weight = start()
    weight.grad = torch.ones_like(weight)
    with pytest.raises(ValueError, match=r"needs a closure .* use paper_form=False"):
        Nesterov([weight], paper_form=True).step()


def test_a_momentum_of_zero_cannot_look_ahead():
    with pytest.raises(ValueError, match=r"momentum must be above 0.* got 0\.0"):
        Nesterov([start()], momentum=0.0)


def fit(paper_form, resume=None, **arguments):
    torch.manual_seed(0)
    optimizer = partial(Nesterov, lr=0.05, paper_form=paper_form)
    model, history = Classifier(MLP([64, 16, 10]), optimizer=optimizer), History(every_step=True)
    torch.manual_seed(1)
    callbacks = [history, *arguments.pop("callbacks", [])]
    trainer = quiet_trainer(**({"max_epochs": 2, "callbacks": callbacks} | arguments))
    trainer.fit(model, Digits(train_size=96), ckpt_path=resume)
    return trainer, history, model


def test_in_a_trainer_both_forms_see_the_same_losses():
    _, torchs, _ = fit(False, callbacks=[ClipGradientNorm(1.0)])
    _, papers, _ = fit(True, callbacks=[ClipGradientNorm(1.0)])
    assert papers["train/loss_step"] == pytest.approx(torchs["train/loss_step"], rel=1e-4)


def test_the_paper_form_can_be_resumed(tmp_path):
    _, _, whole = fit(True, max_epochs=3)
    fit(True, max_epochs=2)[0].save_checkpoint(tmp_path / "two.ckpt")
    _, _, resumed = fit(True, max_epochs=3, resume=tmp_path / "two.ckpt")
    assert all(map(torch.equal, whole.parameters(), resumed.parameters()))


def test_a_gradient_scaler_gives_no_closure_and_the_paper_form_says_so():
    half = [MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))]
    with pytest.raises(ValueError, match="needs a closure"):
        fit(True, plugins=half)
