"""Whether a model's weights were trained or loaded: what neither constructors nor initializations leave behind.

A LightningModule does not say whether it was trained, and one that `load_from_checkpoint` has made is a new object. But
its numbers tell, and how often torch has seen them written:

- A bias, or a normalization's scale or shift, that an initialization writes is one number all over. A layer's
  constructor writes its bias once, at random, and no further from 0 than 1/√n_in. So if it holds several numbers, and was
  written again or goes further, somebody trained it, or loaded what was trained.
- A layer's constructor writes its weights once, no further from 0 than 1/√n_in. If they go further and were not
  written again by Python, a fused optimizer has moved them, which torch does not count.

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
    >>> _ = old.load_state_dict(nn.Linear(3, 4).state_dict())
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
                tells = _has_several(parameter) and (
                    parameter._version > 1 or _goes_beyond(parameter, module.weight)
                )
            else:
                tells = own == "weight" and _was_moved(module, parameter)
            if tells:
                return f"{name}.{own}" if name else own
    return None


def _was_moved(layer: nn.Module, weight: Tensor) -> bool:
    by_torch = getattr(type(layer), "reset_parameters", None) in _TORCHS
    return by_torch and weight._version == 1 and _goes_beyond(weight, weight)


def _has_several(parameter: Tensor) -> bool:
    flat = parameter.detach().flatten()
    return bool((flat != flat[:1]).any())


def _goes_beyond(parameter: Tensor, weight: Tensor) -> bool:
    """Whether a number is larger than those that torch draws for a layer with this weight."""
    n_in = math.prod(weight.shape[1:])
    if not n_in or not parameter.numel():
        return False
    return parameter.detach().abs().max().item() > 1.001 / math.sqrt(n_in)  # half precision rounds
