#!/usr/bin/env bash
# torch 2.13.0, CPU: `torch.optim.Muon(nesterov=False)` overwrites its momentum where parameters are bfloat16.
#
# Muon orthogonalizes a copy of its update in bfloat16, `grad.bfloat16()`, and divides that copy by its norm in place. Of a
# tensor that is bfloat16 already this is no copy. Without the look ahead the update is `momentum_buffer` itself, which is
# so left with norm 1: from then on the mean of gradients forgets how long they were, and the newest gradient, which is
# not divided, counts for more or less than 1 − β, whatever its size is beside 1. With `nesterov=True` the update is a
# tensor of its own.
#
# Three more in the same file, shown below: a vector is taken in by `add_param_group` and fails in the step, after other
# groups have moved; `ns_steps=100` is taken and fails in the step; `momentum=2` and `ns_steps=-3` are taken and used.
#
# Expected: after a step with the gradient G, momentum_buffer is (1 − β) G in bfloat16 as it is in float32.
# Seen: its norm is 127.48 in float32 and 1 in bfloat16.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "torch==2.13.0" "numpy==2.4.6" 2>&1 | grep -v -i "notice\|warning" || true
"$folder/env/bin/python" - <<'PROGRAM'
import torch
from torch import nn

print("torch", torch.__version__)


def norm_of_mean(dtype, nesterov):
    weight = nn.Parameter(torch.zeros(4, 3, dtype=dtype))
    optimizer = torch.optim.Muon([weight], momentum=0.95, nesterov=nesterov)
    weight.grad = 100 * torch.arange(1, 13).reshape(4, 3).to(dtype)
    optimizer.step()
    expected = (0.05 * weight.grad.float()).norm().item()
    found = optimizer.state[weight]["momentum_buffer"].float().norm().item()
    print(f"{dtype}, nesterov={nesterov}: the mean's norm is {found:.2f}, expected {expected:.2f}")
    return found / expected


for dtype in (torch.float32, torch.bfloat16):
    assert abs(norm_of_mean(dtype, nesterov=True) - 1) < 0.01
assert abs(norm_of_mean(torch.float32, nesterov=False) - 1) < 0.01
assert norm_of_mean(torch.bfloat16, nesterov=False) < 0.01

matrix, vector = nn.Parameter(torch.zeros(2, 2)), nn.Parameter(torch.zeros(2))
optimizer = torch.optim.Muon([matrix])
optimizer.add_param_group({"params": [vector]})
matrix.grad, vector.grad = torch.eye(2), torch.ones(2)
try:
    optimizer.step()
except ValueError as error:
    print(f"a vector that was added: {error}, and the matrix has moved: {bool(matrix.any())}")
    assert matrix.any()

for settings in ({"ns_steps": 100}, {"ns_steps": -3}, {"momentum": 2.0}):
    optimizer = torch.optim.Muon([matrix], **settings)
    try:
        optimizer.step()
        print(f"{settings}: taken and used")
    except ValueError as error:
        print(f"{settings}: taken, and in the step: {error}")

print("as described")
PROGRAM
