"""What this processor makes of the same numbers: a digest for each operation that programs use.

Two processors whose digests agree are one kind: the same program gives the same digits on both. One last bit that
differs is another kind, since training carries it on. The inputs are whole numbers over a power of two: the same
everywhere.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


def digests() -> dict[str, str]:
    """A digest of the result of each operation, by the operation's name."""
    return {
        name: hashlib.sha256(b"".join(_bytes(value) for value in values)).hexdigest()[:12]
        for name, values in _operations()
    }


def _bytes(value: Any) -> bytes:
    array = value.detach().numpy() if isinstance(value, Tensor) else value
    return np.ascontiguousarray(array).tobytes()


def _operations() -> Iterator[tuple[str, list[Any]]]:
    generator = np.random.default_rng(0)

    def numbers(*shape: int) -> Tensor:
        whole = generator.integers(-(2**16), 2**16, shape, dtype=np.int64)
        return torch.from_numpy((whole / 2**15).astype(np.float32))

    wide, weight, narrow, square = numbers(128, 784), numbers(300, 784), numbers(32, 100), numbers(100, 100)
    positive, x = square.abs() + 0.1, wide.numpy()
    torch.manual_seed(0)
    yield "randn", [torch.randn(1000)]
    products = [functional.linear(wide, weight), narrow @ square, narrow[:5] @ square, square @ narrow[0]]
    yield "matrix products", products
    yield "batched products", [torch.bmm(numbers(8, 20, 30), numbers(8, 30, 16))]
    yield "float64 products", [wide[:32].double() @ wide[:32].double().T]
    names = ["exp", "log", "log1p", "sin", "tanh", "sigmoid", "erf", "rsqrt"]
    yield "elementwise", [getattr(torch, name)(positive) for name in names]
    yield "square root", [square.abs().sqrt()]
    names = ["gelu", "silu", "elu", "selu", "softplus", "mish", "hardswish"]
    yield "activations", [getattr(functional, name)(square) for name in names]
    yield "softmax", [functional.log_softmax(narrow, 1), functional.softmax(narrow, 1)]
    norm = torch.linalg.vector_norm(wide)
    yield "sums", [wide.sum(), wide.var(0), norm, narrow.cumsum(0), narrow.mean(1)]
    batch_norm = functional.batch_norm(wide, None, None, training=True)
    yield "normalization", [batch_norm, functional.layer_norm(narrow, [100])]
    yield "convolution", _with_gradient(functional.conv2d, numbers(8, 3, 28, 28), numbers(16, 3, 3, 3))
    yield "recurrent", [_recurrent(numbers)]
    qkv = [numbers(2, 4, 9, 8) for _ in range(3)]
    yield "attention", [functional.scaled_dot_product_attention(*qkv)]
    inverse = torch.linalg.inv(torch.eye(50) + 0.05 * square[:50, :50])
    yield "decompositions", [torch.linalg.svdvals(narrow), inverse]
    yield "optimizer", [_five_steps(narrow, square, fused) for fused in (False, True)]
    yield "NumPy", [x @ weight.numpy().T, np.exp(x), np.log(np.abs(x) + 1), x.sum(0), x.astype(float).std(0)]


def _with_gradient(function: Callable[[Tensor, Tensor], Tensor], x: Tensor, weight: Tensor) -> list[Tensor]:
    weight.requires_grad_()
    out = function(x, weight)
    (gradient,) = torch.autograd.grad(out.pow(2).mean(), weight)
    return [out, gradient]


def _recurrent(numbers: Callable[..., Tensor]) -> Tensor:
    layer = nn.RNN(20, 30, batch_first=True)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(0.1 * numbers(*parameter.shape))
    return layer(numbers(4, 10, 20))[0]


def _five_steps(start: Tensor, square: Tensor, fused: bool) -> Tensor:
    weight = nn.Parameter(start.clone())
    optimizer = torch.optim.AdamW([weight], fused=fused)
    for _ in range(5):
        optimizer.zero_grad()
        (weight @ square).tanh().pow(2).mean().backward()
        optimizer.step()
    return weight
