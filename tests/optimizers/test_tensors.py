"""lightning_modules.optimizers.tensors, and that a step of many parameters at once is the step of each alone."""

import pytest
import torch
from torch import nn

from lightning_modules import AdaGrad, Adam, AdaMax, AdamW, Momentum, Nadam, Nesterov, RMSProp
from lightning_modules.optimizers import per_parameter
from lightning_modules.optimizers.tensors import Tensors

SHAPES = [(30, 40), (40,), (4, 3, 3, 3), (), (1,), (7, 5)]
MAKERS = {
    "Momentum": (Momentum, {}),
    "Momentum, paper": (Momentum, {"paper_form": True}),
    "Nesterov": (Nesterov, {}),
    "Nesterov, paper": (Nesterov, {"paper_form": True}),
    "AdaGrad": (AdaGrad, {"eps_inside": True}),
    "RMSProp": (RMSProp, {}),
    "Adam": (Adam, {}),
    "Adam, uncorrected": (Adam, {"bias_correction": False}),
    "AdaMax": (AdaMax, {}),
    "Nadam": (Nadam, {}),
    "AdamW": (AdamW, {}),
}
DTYPES = [torch.float32, torch.float64, torch.bfloat16]
every_one = pytest.mark.parametrize(("make", "settings"), MAKERS.values(), ids=MAKERS)


def parameters(dtype):
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for shape in SHAPES]


def step(optimizers, weights, number):
    """One step; now and then a parameter has no gradient, so that they have made different numbers of steps."""
    generator = torch.Generator().manual_seed(number)
    for place, weight in enumerate(weights):
        noise = torch.randn(weight.shape, generator=generator).to(weight.dtype)
        weight.grad = None if (place + number) % 4 == 0 else noise + 0.1 * weight.detach()
    for optimizer in optimizers:
        optimizer.step(lambda: 0.0)


@every_one
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("weight_decay", "maximize"), [(0.0, False), (0.1, False), (0.0, True), (0.1, True)])
def test_all_at_once_is_one_after_the_other_to_the_last_bit(make, settings, dtype, weight_decay, maximize):
    settings = settings | {"lr": 0.01, "weight_decay": weight_decay, "maximize": maximize}
    together, alone = parameters(dtype), parameters(dtype)
    at_once, each = make(together, **settings), [make([weight], **settings) for weight in alone]
    for number in range(6):
        step([at_once], together, number)
        step(each, alone, number)
    for one, other, optimizer in zip(together, alone, each, strict=True):
        assert torch.equal(one, other)
        kept, expected = at_once.state[one], optimizer.state[other]
        assert list(kept) == list(expected)
        assert all(map(torch.equal, kept.values(), expected.values()))


# Of each method what the tensor's own of that name gives, or the operator.
OPERATIONS = {
    "add": lambda x, y, z: x.add(y, alpha=0.3),
    "add, number": lambda x, y, z: x.add(1e-3),
    "add_": lambda x, y, z: x.add_(y, alpha=-0.7),
    "mul_": lambda x, y, z: x.mul_(0.99),
    "lerp": lambda x, y, z: x.lerp(y, 0.1234),
    "lerp_": lambda x, y, z: x.lerp_(y, 0.1234),
    "addcmul_": lambda x, y, z: x.addcmul_(y, z, value=1e-3),
    "addcdiv_": lambda x, y, z: x.addcdiv_(y, z, value=-1e-3),
    "sqrt": lambda x, y, z: x.sqrt(),
    "sqrt_": lambda x, y, z: x.sqrt_(),
    "abs": lambda x, y, z: x.abs(),
    "-": lambda x, y, z: -x,
    "/": lambda x, y, z: x / 0.0123,
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("dtype", [*DTYPES, torch.float16])
def test_an_operation_is_that_of_each_tensor(operation, dtype):
    def tensors(seed):
        generator = torch.Generator().manual_seed(seed)
        return [(torch.rand(shape, generator=generator) + 0.1).to(dtype) for shape in SHAPES]

    found = operation(*(Tensors(tensors(seed)) for seed in range(3)))
    expected = [operation(*each) for each in zip(*map(tensors, range(3)), strict=True)]
    assert all(map(torch.equal, found.tensors, expected))


def test_the_larger_number_is_that_of_torch_and_nan_where_one_is():
    x, y = torch.tensor([1.0, float("nan"), 3.0, 4.0]), torch.tensor([2.0, 2.0, float("nan"), -5.0])
    found = Tensors([x.clone()]).maximum_(Tensors([y])).tensors[0]
    assert torch.equal(found.nan_to_num(-1), torch.maximum(x, y).nan_to_num(-1))


def test_a_rate_may_be_a_tensor():
    weight, other = parameters(torch.float32)[:2], parameters(torch.float32)[:2]
    for one, rate in ((weight, 0.1), (other, torch.tensor(0.1, dtype=torch.float64))):
        step([Adam(one, lr=rate, weight_decay=0.1)], one, 1)
    assert all(map(torch.equal, weight, other))


def test_a_step_calls_the_equation_once_for_all_and_once_more_for_each_count(monkeypatch):
    calls = []
    update_ = Adam.update_

    def counted(self, parameter, gradient, state, group):
        calls.append(len(parameter.tensors))
        update_(self, parameter, gradient, state, group)

    monkeypatch.setattr(Adam, "update_", counted)
    weights = [nn.Parameter(torch.ones(3)) for _ in range(4)]
    optimizer = Adam(weights)
    for without in (0, None):
        for weight in weights:
            weight.grad = torch.ones(3)
        if without is not None:
            weights[without].grad = None
        optimizer.step()
    assert calls == [3, 1, 3]


def test_no_more_numbers_than_so_many_are_moved_at_once(monkeypatch):
    monkeypatch.setattr(per_parameter, "_AT_ONCE", 8)
    weights = [nn.Parameter(torch.ones(4)) for _ in range(5)]
    for weight in weights:
        weight.grad = torch.ones(4)
    optimizer = Momentum(weights, lr=0.5)
    lists = list(optimizer._together(optimizer.param_groups[0]))
    assert [len(parameters) for parameters, _, _ in lists] == [2, 2, 1]
    optimizer.step()
    assert all(weight.tolist() == [0.5] * 4 for weight in weights)
