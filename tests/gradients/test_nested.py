"""lightning_modules.gradients.nested: tensors in whatever containers."""

from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass
from types import MappingProxyType

import pytest
import torch

from lightning_modules.gradients.nested import tensors_in, with_own_tensors

Pair = namedtuple("Pair", ["first", "second"])


@dataclass(frozen=True)
class Graph:
    nodes: torch.Tensor
    name: str = "g"


class Mine(OrderedDict):
    """A mapping of one's own, with something beside its items."""


CONTAINERS = {
    "tensor": lambda t: t,
    "list": lambda t: [t, "a"],
    "tuple": lambda t: (1, (t,)),
    "named tuple": lambda t: Pair(t, None),
    "dict": lambda t: {"x": [t]},
    "dict of one's own": lambda t: Mine(x=t),
    "read-only mapping": lambda t: MappingProxyType({"x": t}),
    "dataclass": lambda t: [Graph(t)],
    "deque": lambda t: deque([t], maxlen=3),
    "set": lambda t: {t},
}


@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
def test_tensors_are_found_and_copied_wherever_they_are(make):
    tensor = torch.ones(2)
    value = make(tensor)
    assert [id(found) for found in tensors_in(value)] == [id(tensor)]
    twin = with_own_tensors(value)
    (copied,) = tensors_in(twin)
    copied.add_(1)
    assert torch.equal(tensor, torch.ones(2))
    assert type(twin) is type(value) or type(value) is MappingProxyType


def test_what_is_one_tensor_stays_one_and_what_holds_none_is_handed_on():
    tensor, other = torch.ones(2), object()
    first, second, rest = with_own_tensors((tensor, {"again": tensor}, [other]))
    assert first is second["again"]
    assert rest == [other]
    assert with_own_tensors(other) is other


def test_a_mapping_of_ones_own_keeps_what_it_has_beside_its_items():
    value = Mine(x=torch.ones(1))
    value.note = "kept"
    assert with_own_tensors(value).note == "kept"
