"""Whether a model's weights were trained or loaded: what neither constructors nor initializations leave behind.

A LightningModule does not say whether it was trained, and one that `load_from_checkpoint` has made is a new object. But
its numbers tell, and how often torch has seen them written:

- A layer's constructor writes weights and bias once, evenly from −1/√n_in to 1/√n_in. A bias, or a normalization's
  scale or shift, that an initialization writes is one number all over.
- So a bias of several numbers was trained if it goes further; or if it was written again, by an optimizer or from a
  file, and the layer's numbers are not spread as the constructor spreads them: a search for the learning rate writes too,
  and puts back what was there.
- Weights that go further, and that were not written again, a fused optimizer has moved: torch does not count its steps.

A model without biases and normalizations whose weights were drawn by hand, or that is a copy, tells nothing.
"""

import math

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy

from lightning_modules.gradients.following import is_weight_layer
from lightning_modules.module_names import modules_by_name
from lightning_modules.normalizations import NORMALIZATIONS

_TORCHS = (nn.Linear.reset_parameters, _ConvNd.reset_parameters)


def trained_parameter(model: nn.Module) -> str | None:
    """The name of a parameter that shows that the model was trained or loaded; None if none does.

    >>> import torch
    >>> new, old = nn.Linear(3, 4), nn.Linear(3, 4)
    >>> _ = nn.init.zeros_(new.bias)
    >>> _ = old.load_state_dict({"weight": torch.ones(4, 3), "bias": torch.tensor([0.0, 0.1, 0.2, 0.3])})
    >>> trained_parameter(new), trained_parameter(old)
    (None, 'bias')

    Args:
        model: Any module.
    """
    for name, module in modules_by_name(model):
        for own, parameter in module.named_parameters(recurse=False):
            # What is frozen, such as a teacher, was trained to help the rest, which may be new.
            is_frozen = not parameter.requires_grad
            if is_frozen or is_lazy(parameter) or parameter.is_meta or parameter.is_inference():
                continue
            if isinstance(module, NORMALIZATIONS):
                tells = _has_several(parameter)
            elif not is_weight_layer(module):
                tells = False
            elif own == "bias":
                reach = _reach(module.weight)
                tells = _has_several(parameter) and (
                    _goes_beyond(parameter, reach)
                    or (
                        parameter._version > 1
                        and not (_is_spread(parameter, reach) and _is_spread(module.weight, reach))
                    )
                )
            else:
                tells = own == "weight" and _was_moved(module, parameter)
            if tells:
                return f"{name}.{own}" if name else own
    return None


def _was_moved(layer: nn.Module, weight: Tensor) -> bool:
    by_torch = getattr(type(layer), "reset_parameters", None) in _TORCHS
    return by_torch and weight._version == 1 and _goes_beyond(weight, _reach(weight))


def _has_several(parameter: Tensor) -> bool:
    flat = parameter.detach().flatten()
    return bool((flat != flat[:1]).any())


def _reach(weight: Tensor) -> float:
    """How far from 0 torch draws the numbers of a layer with this weight."""
    return 1 / math.sqrt(max(math.prod(weight.shape[1:]), 1))


def _goes_beyond(parameter: Tensor, reach: float) -> bool:
    return bool((parameter.detach().abs() > 1.001 * reach).any())  # half precision rounds


def _is_spread(parameter: Tensor, reach: float) -> bool:
    """Whether the numbers could be drawn evenly from −reach to reach: few of them may have another deviation."""
    expected = reach / math.sqrt(3)
    deviation = parameter.detach().float().square().mean().sqrt().item()
    return not _goes_beyond(parameter, reach) and abs(deviation / expected - 1) < 0.1 + 1.5 / math.sqrt(
        parameter.numel()
    )
