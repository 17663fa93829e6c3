"""lightning_modules.optimizers.muon."""

import inspect

import pytest
import torch
from torch import nn

from lightning_modules import MLP, Classifier, Muon
from lightning_modules.cli import main
from lightning_modules.optimizers.muon import orthogonalized, rate_factor

EXACT = {"ns_coefficients": (1.5, -0.5, 0.0), "ns_steps": 60, "bfloat16": False}


def matrix(rows, columns, seed=0, dtype=torch.float64):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def step_from_zero(gradient, **settings):
    weight = nn.Parameter(torch.zeros_like(gradient))
    weight.grad = gradient
    Muon([weight], **({"lr": 1.0, "weight_decay": 0.0} | settings)).step()
    return weight.detach()


def polar(matrix):
    """U Vᵀ, by the decomposition."""
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    return left @ right


# The step


def test_of_a_diagonal_matrix_the_signs_are_left():
    gradient = torch.diag(torch.tensor([300.0, -0.5, 2.0], dtype=torch.float64))
    expected = -torch.diag(torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(step_from_zero(gradient, **EXACT), expected)


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (1, 5), (5, 1)])
def test_an_exact_iteration_gives_the_matrix_without_its_singular_values(shape):
    gradient = matrix(*shape)
    factor = max(1, shape[0] / shape[1]) ** 0.5
    torch.testing.assert_close(step_from_zero(gradient, **EXACT), -factor * polar(gradient))


@pytest.mark.parametrize("shape", [(20, 20), (10, 40), (40, 10)])
def test_five_polynomials_leave_the_directions_and_put_the_lengths_near_one(shape):
    gradient = polar(matrix(*shape)) @ torch.diag(torch.linspace(0.2, 1, shape[1], dtype=torch.float64))
    found = orthogonalized(gradient)
    lengths = torch.linalg.svdvals(found)[: min(shape)]
    assert 0.6 < lengths.min() < lengths.max() < 1.25
    left, _, right = torch.linalg.svd(gradient, full_matrices=False)
    within = left.T @ found @ right.T
    assert (within - torch.diag(within.diag())).abs().max() < 1e-9


def test_a_singular_value_goes_through_the_polynomial():
    a, b, c = 3.4445, -4.7750, 2.0315
    lengths = torch.tensor([0.8, 0.6], dtype=torch.float64)  # of norm 1
    found = orthogonalized(torch.diag(lengths), steps=1)
    torch.testing.assert_close(found.diag(), a * lengths + b * lengths**3 + c * lengths**5)


def test_with_no_polynomial_it_is_momentum_of_length_one():
    gradient = matrix(3, 4)
    found = step_from_zero(gradient, ns_steps=0, bfloat16=False)
    torch.testing.assert_close(found, -gradient / gradient.norm())


def test_the_step_does_not_hang_on_the_size_of_the_gradient():
    gradient = matrix(4, 6)
    torch.testing.assert_close(
        step_from_zero(gradient, bfloat16=False), step_from_zero(1e-4 * gradient, bfloat16=False)
    )


def test_a_gradient_of_zeros_moves_nothing():
    assert not step_from_zero(torch.zeros(3, 4)).any()


def test_a_gradient_shorter_than_eps_makes_a_shorter_step():
    gradient = matrix(4, 4)
    gradient *= 1e-10 / gradient.norm()
    assert step_from_zero(gradient, bfloat16=False).norm() < 0.6 * step_from_zero(gradient, eps=0).norm()


@pytest.mark.parametrize("nesterov", [True, False])
def test_the_mean_and_the_look_ahead_are_the_equations(nesterov):
    beta, weight, mean = 0.5, nn.Parameter(torch.zeros(2, 3, dtype=torch.float64)), torch.zeros(2, 3)
    optimizer = Muon([weight], lr=0.1, momentum=beta, nesterov=nesterov, weight_decay=0.3, **EXACT)
    expected = torch.zeros(2, 3, dtype=torch.float64)
    for seed in range(4):
        weight.grad = matrix(2, 3, seed)
        optimizer.step()
        mean = beta * mean + (1 - beta) * weight.grad
        ahead = (1 - beta) * weight.grad + beta * mean if nesterov else mean
        expected = expected - 0.1 * 0.3 * expected - 0.1 * polar(ahead)
    torch.testing.assert_close(weight.detach(), expected)


def test_decay_is_not_adjusted_by_shape():
    weight = nn.Parameter(torch.ones(16, 1))
    weight.grad = torch.zeros(16, 1)
    Muon([weight], lr=0.5, weight_decay=0.5, adjust_lr_fn="match_rms_adamw").step()
    assert weight.flatten().tolist() == [0.75] * 16


@pytest.mark.parametrize(
    ("adjustment", "shape", "factor"),
    [
        (None, (4, 1), 2),
        ("original", (9, 1), 3),
        ("original", (1, 9), 1),
        ("match_rms_adamw", (25, 4), 1),
        ("match_rms_adamw", (4, 100), 2),
    ],
)
def test_the_rate_is_adjusted_by_shape(adjustment, shape, factor):
    assert rate_factor(*shape, adjustment) == pytest.approx(factor)
    gradient = matrix(*shape)
    found = step_from_zero(gradient, adjust_lr_fn=adjustment, **EXACT)
    torch.testing.assert_close(found, -factor * polar(gradient))


@pytest.mark.parametrize("shape", [(20, 20), (5, 80), (80, 5)])
def test_matched_to_adamw_every_shape_moves_by_as_much(shape):
    found = step_from_zero(matrix(*shape), adjust_lr_fn="match_rms_adamw", **EXACT)
    assert found.square().mean().sqrt().item() == pytest.approx(0.2)


# Types


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("bfloat16", [True, False])
def test_the_weight_keeps_its_type(dtype, bfloat16):
    found = step_from_zero(matrix(4, 3).to(dtype), bfloat16=bfloat16)
    assert found.dtype == dtype
    assert found.any()


def test_rounding_to_bfloat16_moves_a_step_by_a_hundredth_or_so():
    gradient = matrix(30, 30)
    rounded, plain = (step_from_zero(gradient, bfloat16=one) for one in (True, False))
    assert 1e-4 < (rounded - plain).norm() / plain.norm() < 0.05


@pytest.mark.parametrize("nesterov", [True, False])
def test_in_bfloat16_what_is_kept_is_the_mean_and_not_what_was_made_of_it(nesterov):
    # torch 2.13 without the look ahead divides its own mean by its norm here.
    weight = nn.Parameter(torch.zeros(2, 2, dtype=torch.bfloat16))
    weight.grad = torch.full((2, 2), 8.0, dtype=torch.bfloat16)
    optimizer = Muon([weight], momentum=0.5, nesterov=nesterov)
    optimizer.step()
    assert optimizer.state[weight]["momentum_buffer"].flatten().tolist() == [4.0] * 4


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_all_at_once_is_one_after_the_other_to_the_last_bit(weight_decay):
    def made():
        return [nn.Parameter(matrix(rows, columns, 9, torch.float32)) for rows, columns in shapes]

    shapes = [(3, 4), (4, 3), (5, 5)]
    together, alone = made(), made()
    settings = {"lr": 0.1, "weight_decay": weight_decay}
    at_once, each = Muon(together, **settings), [Muon([weight], **settings) for weight in alone]
    for seed in range(3):
        for one, other in zip(together, alone, strict=True):
            one.grad = matrix(*one.shape, seed, torch.float32)
            other.grad = one.grad.clone()
        for optimizer in (at_once, *each):
            optimizer.step()
    assert all(map(torch.equal, together, alone))


def test_a_rate_may_be_a_tensor():
    weights = [nn.Parameter(torch.ones(2, 2)) for _ in range(2)]
    for weight, rate in zip(weights, (0.1, torch.tensor(0.1, dtype=torch.float64)), strict=True):
        weight.grad = matrix(2, 2, dtype=torch.float32)
        Muon([weight], lr=rate).step()
    assert torch.equal(*weights)


def test_torchs_has_no_faster_form():
    settings = inspect.signature(torch.optim.Muon).parameters
    assert not {"fused", "foreach", "maximize"} & settings.keys()


# Only matrices


@pytest.mark.parametrize("shape", [(), (3,), (4, 3, 3, 3)])
def test_what_is_no_matrix_is_refused_with_its_shape_and_the_way(shape):
    message = rf"parameter of shape \({', '.join(map(str, shape))},?\) is none\. .*AdamW.*split_for_muon.*SideBySide"
    with pytest.raises(ValueError, match=message):
        Muon([nn.Parameter(torch.ones(shape))])
    optimizer = Muon([nn.Parameter(torch.ones(2, 2))])
    with pytest.raises(ValueError, match=message):
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(shape))]})
    assert len(optimizer.param_groups) == 1


def test_a_matrix_that_becomes_something_else_is_refused_before_anything_moves():
    first, second = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    optimizer = Muon([first, second])
    second.data = torch.ones(4)
    first.grad, second.grad = torch.ones(2, 2), torch.ones(4)
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        optimizer.step()
    assert (first == 1).all()


def test_a_whole_network_is_refused():
    with pytest.raises(ValueError, match=r"parameter of shape \(8,\) is none"):
        Classifier(MLP([4, 8, 2]), optimizer=Muon).configure_optimizers()


def test_the_command_line_says_so_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    off = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    settings = [f"--trainer.{option}=false" for option in off]
    with pytest.raises(SystemExit, match="2"):
        main(
            [
                "fit",
                *settings,
                "--trainer.accelerator=cpu",
                "--trainer.max_steps=1",
                "--model.optimizer=lightning_modules.Muon",
            ]
        )
    assert "Muon moves matrices, and a parameter of shape (100,) is none." in capsys.readouterr().err
