#!/usr/bin/env bash
# torch 2.13.0: a parametrization that is removed from a layer takes the weights of the layer's deep copies away.
#
# `register_parametrization` (and so `weight_norm`, `spectral_norm`, `orthogonal`) gives the layer a class of its own, on
# which the weight is a property. `copy.deepcopy` copies the layer and not its class: both share it.
# `remove_parametrizations` on one of them deletes the property from the shared class, and the other one, which was not
# touched and is still parametrized, has no weight any more. So the best model that was kept by `deepcopy`, or an average
# of weights beside the model, stops working when the model itself is made plain for export.
#
# Expected: two modules made by deepcopy are independent, as everywhere else in torch.
# Seen: AttributeError: 'ParametrizedLinear' object has no attribute 'weight', in the copy; in the original where
# the copy was made plain. A layer that was parametrized by itself, instead of being copied, keeps its weight.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "torch==2.13.0" "numpy==2.4.6" 2>&1 | grep -v -i "notice\|warning" || true
"$folder/env/bin/python" - <<'PROGRAM'
import copy

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm

print("torch", torch.__version__)


def state(layer: nn.Module) -> str:
    try:
        return f"answers, shape {tuple(layer(torch.ones(1, 3)).shape)}"
    except AttributeError as error:
        return f"AttributeError: {error}"


for parametrization in (weight_norm, spectral_norm, orthogonal):
    torch.manual_seed(0)
    layer, other = parametrization(nn.Linear(3, 2)), parametrization(nn.Linear(3, 2))
    copied = copy.deepcopy(layer)
    assert state(copied) == "answers, shape (1, 2)"
    parametrize.remove_parametrizations(layer, "weight")
    print(f"{parametrization.__name__}: the layer {state(layer)}; one made beside it {state(other)}; its copy: {state(copied)}")
    assert parametrize.is_parametrized(copied, "weight"), "the copy itself was not touched"
    assert state(layer) == state(other) == "answers, shape (1, 2)"
    assert state(copied) == "AttributeError: 'ParametrizedLinear' object has no attribute 'weight'"
print("as described")
PROGRAM
