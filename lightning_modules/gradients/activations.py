r"""Activations: what torch lacks, and which initialization goes with which.

ReLU squared grows faster than ReLU where it is positive, and has no kink at 0:

    ReLU²(z) = max(0, z)²

SwiGLU is a whole block, to stand where a dense network has Linear, activation, Linear. One half of its hidden
units, the gate, decides how much of the other half, the value, goes on:

    SwiGLU(x) = W₃ (Swish(W₁ x) ⊙ W₂ x)        Swish(z) = z · sigmoid(z)

with x the input, W₁, W₂ and W₃ weight matrices (and biases, if wanted) and ⊙ the product number by number. It has
three matrices where the plain block has two, so with two thirds of the hidden units it has as many parameters.

All other activations of the guide are torch's own: `nn.ReLU`, `nn.LeakyReLU`, `nn.RReLU`, `nn.PReLU`, `nn.ELU`,
`nn.SELU`, `nn.GELU`, `nn.SiLU` (which is Swish), `nn.Mish`.

So, Mańke, Liu, Dai, Shazeer, Le, "Primer: Searching for Efficient Transformers for Language Modeling", NeurIPS
2021 (ReLU²). https://arxiv.org/abs/2109.08668
Shazeer, "GLU Variants Improve Transformer", 2020 (SwiGLU). https://arxiv.org/abs/2002.05202
"""

from typing import Literal

from torch import Tensor, nn

Scheme = Literal["glorot", "he", "lecun"]


class ReLUSquared(nn.Module):
    """The square of ReLU: max(0, z)², with slope 2 max(0, z).

    >>> import torch
    >>> ReLUSquared()(torch.tensor([-2.0, 0.0, 0.5, 3.0]))  # 0.5 * 0.5 and 3 * 3
    tensor([0.0000, 0.0000, 0.2500, 9.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Square what is positive in `input`, of any shape."""
        return input.relu().square()


class SwiGLU(nn.Module):
    """A gated block with as many parameters as Linear(width, hidden), activation, Linear(hidden, width).

    The number of parameters is the nearest that whole units allow. Without biases a unit of the plain block has
    2 · width parameters and one of this block 3 · width, so there are two thirds of them.

    >>> block = SwiGLU(width=64, hidden=96)
    >>> block.units  # 96 * 2 / 3
    64
    >>> sum(p.numel() for p in block.parameters())  # 3 * 64 * 64, which is 2 * 64 * 96
    12288

    Args:
        width: Numbers that come in, and that go out.
        hidden: Hidden units of the plain block that this one replaces.
        bias: Whether its three dense layers, and those of the plain block, have biases. The paper has none.

    Attributes:
        units: Hidden units that the block has.
        gate: W₁, a dense layer from `width` to `units`.
        activation: Swish, after the gate.
        value: W₂, a dense layer from `width` to `units`.
        out: W₃, a dense layer from `units` to `width`.

    Raises:
        ValueError: If `width` or `hidden` is not positive.
    """

    def __init__(self, width: int, hidden: int, bias: bool = False) -> None:
        super().__init__()
        if width < 1 or hidden < 1:
            raise ValueError(
                f"SwiGLU needs a width and a hidden width of at least 1, got {width} and {hidden}."
            )
        per_hidden = 2 * width + bias
        per_unit = 3 * width + 2 * bias
        self.units = max(1, round(hidden * per_hidden / per_unit))
        self.gate = nn.Linear(width, self.units, bias=bias)
        self.activation = nn.SiLU()
        self.value = nn.Linear(width, self.units, bias=bias)
        self.out = nn.Linear(self.units, width, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Map `input` of shape (..., width) to outputs of the same shape."""
        output: Tensor = self.out(self.activation(self.gate(input)) * self.value(input))
        return output


SCHEME_FOR: dict[type[nn.Module], Scheme] = {
    nn.ReLU: "he",
    nn.ReLU6: "he",
    nn.LeakyReLU: "he",
    nn.PReLU: "he",
    nn.RReLU: "he",
    nn.ELU: "he",
    nn.CELU: "he",
    nn.GELU: "he",
    nn.SiLU: "he",
    nn.Mish: "he",
    nn.Hardswish: "he",
    nn.Softplus: "he",
    nn.SELU: "lecun",
    # E[ReLU²(z)²] = 3/2 for z from N(0, 1): of the three, 1 / fan_in is nearest to what keeps it, 2 / (3 fan_in).
    ReLUSquared: "lecun",
    nn.Tanh: "glorot",
    nn.Sigmoid: "glorot",
    nn.Softmax: "glorot",
    nn.LogSoftmax: "glorot",
    nn.LogSigmoid: "glorot",
    nn.Softsign: "glorot",
    nn.Hardtanh: "glorot",
    nn.Hardsigmoid: "glorot",
    nn.GLU: "glorot",
}
"""Which scheme goes with which activation. Add your own activation's class, and `initialize` knows it."""


def scheme_for(activation: nn.Module) -> Scheme | None:
    """The scheme for what precedes this `activation`; None if the module is not in `SCHEME_FOR`.

    >>> scheme_for(nn.SELU())
    'lecun'
    """
    return next((SCHEME_FOR[cls] for cls in type(activation).__mro__ if cls in SCHEME_FOR), None)
