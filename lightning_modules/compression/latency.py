"""Low latency: a copy of a trained model for fast answers.

Three steps that need no new training: evaluation mode, batch normalizations folded into the layers before them
(`fold_batch_norm`), and, if asked for, 16-bit numbers. bfloat16 keeps float32's range and 8 of its 24 significant bits,
so a number is known to about 0.4%; memory is halved. Whether it is faster depends on the processor and on the batch, so
measure it. A fourth step comes before training: fewer layers.

8-bit integers are not here. torch 2.13 deprecates its own quantization, and what takes its place, torchao, is another
package.

Kalamkar et al., "A Study of BFLOAT16 for Deep Learning Training", 2019. https://arxiv.org/abs/1905.12322
"""

from typing import Any

import torch
from torch import Tensor, nn

from lightning_modules.gradients.batch_norm_folding import fold_batch_norm
from lightning_modules.layer_weights import copy_of, refuse_without_numbers


class InPrecision(nn.Module):
    """A model that computes in another number format; floating-point inputs are converted, outputs come in float32.

    >>> model = InPrecision(nn.Linear(4, 2), torch.bfloat16)
    >>> model.model.weight.dtype, model(torch.zeros(3, 4)).dtype
    (torch.bfloat16, torch.float32)

    Args:
        model: Converted in place. It returns a tensor.
        dtype: A floating-point format, such as `torch.bfloat16`.

    Raises:
        ValueError: If it is no floating-point format.
    """

    def __init__(self, model: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        if not dtype.is_floating_point:
            raise ValueError(
                f"A model computes in a floating-point format such as torch.bfloat16, got {dtype}."
            )
        self.model = model.to(dtype)
        self.dtype = dtype

    def forward(self, *inputs: Any) -> Tensor:
        """Convert the `inputs`, compute, and give the output back in float32."""
        output: Tensor = self.model(*(self._converted(value) for value in inputs))
        return output.float()

    def _converted(self, value: Any) -> Any:
        return value.to(self.dtype) if isinstance(value, Tensor) and value.is_floating_point() else value


def low_latency(model: nn.Module, example: Any = None, dtype: torch.dtype | None = None) -> nn.Module:
    """A copy for inference: evaluation mode, no gradients, batch normalizations folded, in `dtype` if one is given.

    >>> model = nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    >>> low_latency(model)
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): Identity()
      (2): ReLU()
      (3): Linear(in_features=8, out_features=2, bias=True)
    )

    Args:
        model: Any module; it is left as it is. Of a compiled one the copy is not compiled.
        example: An input, or a tuple of several, as for `fold_batch_norm`: where a model's order cannot be read from
            `nn.Sequential`.
        dtype: `torch.bfloat16`, or None for the format that the model has.

    Raises:
        ValueError: If a batch normalization cannot be folded, by name; if a layer has no values yet; if `dtype` is
            no floating-point format.
    """
    refuse_without_numbers(model, meta_too=example is not None)
    fast = fold_batch_norm(copy_of(model).eval(), example).requires_grad_(False)
    return fast if dtype is None else InPrecision(fast, dtype).eval()
