"""Models to fold, and what is asked of them."""

import torch
from torch import nn


def settled(model, seed=0):
    """The model in evaluation mode, its normalizations with statistics, scales and shifts of their own."""
    generator = torch.Generator().manual_seed(seed)

    def normal(like):
        return torch.randn(like.shape, generator=generator, dtype=like.dtype)

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
                module.running_mean.copy_(normal(module.running_mean))
                module.running_var.copy_(normal(module.running_var).square() + 0.1)
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.affine:
                module.weight.copy_(normal(module.weight))
                module.bias.copy_(normal(module.bias))
    return model.eval()


def has_batch_norm(model):
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())


class Calls(nn.Module):
    """A model that calls what it is given, by a function of its own."""

    def __init__(self, forward, **modules):
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)
        self._call = forward

    def forward(self, x):
        return self._call(self, x)
