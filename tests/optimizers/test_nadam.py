"""lightning_modules.optimizers.nadam."""

import pytest
import torch
from torch import nn

from lightning_modules import Adam, Nadam
from lightning_modules.optimizers.nadam import momentum

GRADIENTS = torch.randn(60, generator=torch.Generator().manual_seed(0), dtype=torch.float64).tolist()


def positions(gradients, optimizer_class=Nadam, **settings):
    """Where the weight is after each step from 0."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, places = optimizer_class([weight], **settings), []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        places.append(weight.item())
    return places


def dozat(gradients, lr, mu, average, beta2=0.999, eps=1e-8):
    """The equation with plain numbers; `mu(t)` is the momentum and `average(t)` what m keeps."""
    theta = m = s = 0.0
    product, places = 1.0, []
    for t, g in enumerate(gradients, start=1):
        product *= mu(t)
        m = average(t) * m + (1 - average(t)) * g
        s = beta2 * s + (1 - beta2) * g**2
        m_hat = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
        theta -= lr * m_hat / ((s / (1 - beta2**t)) ** 0.5 + eps)
        places.append(theta)
    return places


def keras_momentum(t):
    return 0.9 * (1 - 0.5 * 0.96**t)


@pytest.mark.parametrize(
    ("settings", "mu", "average"),
    [
        ({"momentum_decay": None}, lambda t: 0.9, lambda t: 0.9),
        ({"momentum_decay": 1.0}, keras_momentum, lambda t: 0.9),
        ({"momentum_decay": 1.0, "paper_form": True}, keras_momentum, keras_momentum),
        ({"momentum_decay": 0.0}, lambda t: 0.45, lambda t: 0.9),
    ],
)
def test_every_form_is_its_equation(settings, mu, average):
    # The product of the momenta is kept in float32, as torch does.
    assert positions(GRADIENTS, lr=0.01, **settings) == pytest.approx(
        dozat(GRADIENTS, 0.01, mu, average), rel=1e-5
    )


def test_the_momentum_grows_from_half_to_the_whole_of_beta1():
    settings = {"betas": (0.9, 0.999), "momentum_decay": 4e-3}
    assert momentum(1, settings) == pytest.approx(0.45, abs=1e-3)
    assert momentum(100_000, settings) == pytest.approx(0.9, abs=1e-6)
    assert momentum(1_000, settings | {"momentum_decay": 0.0}) == 0.45
    assert momentum(1, settings | {"momentum_decay": None}) == 0.9


def test_it_turns_sooner_than_adam_where_the_gradient_changes_its_sign():
    gradients = [1.0] * 50 + [-1.0] * 20
    nadam = positions(gradients, lr=1.0, momentum_decay=None)
    adam = positions(gradients, Adam, lr=1.0)
    # Both walk towards the negative side; the farthest point is where they turn.
    assert nadam.index(min(nadam)) < adam.index(min(adam))


def test_without_beta1_it_is_adam():
    for decay in (None, 4e-3):
        assert positions(GRADIENTS, betas=(0.0, 0.999), lr=0.01, momentum_decay=decay) == pytest.approx(
            positions(GRADIENTS, Adam, betas=(0.0, 0.999), lr=0.01)
        )


def test_eps_stands_inside_the_root_if_asked_to():
    settings = {"lr": 1.0, "betas": (0.0, 0.999), "eps": 1.0}
    assert positions([3.0], **settings) == pytest.approx([-3 / (3 + 1)])
    assert positions([3.0], eps_inside=True, **settings) == pytest.approx([-3 / 10**0.5])
