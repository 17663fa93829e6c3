"""lightning_modules.gradients.activations."""

import pytest
import torch
from torch import nn

from lightning_modules import MLP, ReLUSquared, SwiGLU, initialize
from lightning_modules.gradients.activations import SCHEME_FOR, scheme_for


def parameter_count(model):
    return sum(p.numel() for p in model.parameters())


def plain_block(width, hidden, bias):
    return nn.Sequential(nn.Linear(width, hidden, bias=bias), nn.ReLU(), nn.Linear(hidden, width, bias=bias))


# ReLU squared


def test_relu_squared_is_zero_below_zero_and_the_square_above():
    assert ReLUSquared()(torch.tensor([-3.0, 0.0, 0.5, 3.0])).tolist() == [0, 0, 0.25, 9]


def test_the_slope_of_relu_squared_has_no_jump_at_zero():
    z = torch.tensor([-1.0, 0.0, 1e-3, 2.0], requires_grad=True)
    ReLUSquared()(z).sum().backward()
    assert z.grad.tolist() == pytest.approx([0, 0, 2e-3, 4])


def test_the_gradients_of_both_agree_with_finite_differences():
    torch.manual_seed(0)
    z = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ReLUSquared(), z)
    assert torch.autograd.gradcheck(SwiGLU(6, 9, bias=True).double(), z)


# SwiGLU


def test_swiglu_multiplies_a_swished_gate_with_a_value():
    block = SwiGLU(width=1, hidden=2)  # 2 * 2 / 3 units, nearest to 1
    for layer, weight in zip((block.gate, block.value, block.out), (2.0, 3.0, 10.0), strict=True):
        nn.init.constant_(layer.weight, weight)
    # gate 2, value 3: 2 * sigmoid(2) * 3 * 10
    assert block(torch.tensor([[1.0]])).item() == pytest.approx(60 / (1 + torch.tensor(-2.0).exp().item()))


def test_swiglu_computes_the_papers_formula():
    torch.manual_seed(0)
    block, x = SwiGLU(6, 9).double(), torch.randn(5, 6, dtype=torch.float64)
    w1, w2, w3 = block.gate.weight, block.value.weight, block.out.weight
    z = x @ w1.T
    assert torch.allclose(block(x), (z / (1 + (-z).exp()) * (x @ w2.T)) @ w3.T)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("width", "hidden"), [(64, 96), (100, 100), (784, 300), (512, 2048), (3, 1), (1, 7)])
def test_swiglu_has_the_plain_blocks_number_of_parameters_up_to_half_a_unit(width, hidden, bias):
    block, plain = SwiGLU(width, hidden, bias), plain_block(width, hidden, bias)
    one_unit = 3 * width + 2 * bias
    assert abs(parameter_count(block) - parameter_count(plain)) <= max(
        one_unit / 2, one_unit * (block.units == 1)
    )


def test_without_biases_two_thirds_of_the_units_are_exactly_as_many_parameters():
    block = SwiGLU(width=100, hidden=300)
    assert block.units == 200
    assert parameter_count(block) == parameter_count(plain_block(100, 300, bias=False))


def test_biases_are_there_only_if_wanted():
    assert [name for name, _ in SwiGLU(4, 6).named_parameters()] == [
        "gate.weight",
        "value.weight",
        "out.weight",
    ]
    assert parameter_count(SwiGLU(4, 6, bias=True)) == 3 * 4 * 4 + 4 + 4 + 4


def test_swiglu_keeps_the_shape_whatever_stands_before_the_width():
    assert SwiGLU(6, 9)(torch.zeros(2, 3, 6)).shape == (2, 3, 6)


@pytest.mark.parametrize(("width", "hidden"), [(0, 5), (5, 0), (-1, 5)])
def test_widths_that_are_not_positive_are_refused(width, hidden):
    with pytest.raises(ValueError, match=f"at least 1, got {width} and {hidden}"):
        SwiGLU(width, hidden)


# The table


@pytest.mark.parametrize(
    ("activation", "scheme"),
    [(nn.ReLU, "he"), (nn.SiLU, "he"), (nn.SELU, "lecun"), (nn.Tanh, "glorot"), (ReLUSquared, "lecun")],
)
def test_the_table_says_which_initialization_goes_with_which_activation(activation, scheme):
    assert scheme_for(activation()) == scheme


def test_every_activation_in_the_table_can_be_made_and_called():
    for activation in SCHEME_FOR:
        options = {"dim": -1} if activation in (nn.Softmax, nn.LogSoftmax, nn.GLU) else {}
        assert activation(**options)(torch.randn(2, 4)).isfinite().all()


def test_what_is_no_activation_has_no_scheme():
    assert scheme_for(nn.Linear(1, 1)) is None
    assert scheme_for(SwiGLU(4, 4)) is None  # its layers inside have theirs


def test_initialize_reads_this_table():
    report = initialize(MLP([6, 5, 4], activation=ReLUSquared))
    assert report["1"].scheme == "lecun"


def test_initialize_sees_the_layers_inside_a_swiglu_block():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), SwiGLU(6, 9))
    report = initialize(model, example=torch.zeros(2, 4))
    assert {row.name: row.scheme for row in report} == {
        "0": "he",
        "2.gate": "he",
        "2.value": "glorot",
        "2.out": "glorot",
    }


def test_relu_squared_keeps_three_halves_of_the_mean_square():
    torch.manual_seed(0)
    z = torch.randn(1_000_000, dtype=torch.float64)
    assert ReLUSquared()(z).square().mean().item() == pytest.approx(1.5, rel=0.02)
