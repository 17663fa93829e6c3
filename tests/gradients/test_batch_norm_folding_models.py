"""Models with computed weights, compiled, or that write into their input."""

from dataclasses import dataclass

import pytest
import torch
from folding_checks import Calls, has_batch_norm, settled
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from lightning_modules import fold_batch_norm, plan_folding


@pytest.mark.filterwarnings("ignore:.*torch.nn.utils.:FutureWarning")
@pytest.mark.parametrize(
    "norm",
    [
        weight_norm,
        nn.utils.parametrizations.spectral_norm,
        nn.utils.weight_norm,
        nn.utils.spectral_norm,
        lambda layer: nn.utils.prune.l1_unstructured(layer, "weight", 0.5),
    ],
)
def test_computed_weights_are_folded_and_plain_in_the_copy(norm):
    torch.manual_seed(0)
    model = settled(
        nn.Sequential(
            norm(nn.Linear(3, 4)), nn.BatchNorm1d(4), nn.ReLU(), nn.BatchNorm1d(4), norm(nn.Linear(4, 2))
        )
    )
    model(torch.randn(5, 3))  # which leaves a weight with a history behind
    x, before = torch.randn(5, 3), model.state_dict().keys()
    folded = fold_batch_norm(model, x)
    assert type(folded[0]) is nn.Linear
    assert sorted(folded.state_dict()) == ["0.bias", "0.weight", "4.bias", "4.weight"]
    assert model.state_dict().keys() == before
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
@pytest.mark.parametrize("where", ["all", "inside", "in place"])
@pytest.mark.parametrize("watch", [False, True])
def test_a_compiled_network_is_folded_as_it_was_written_also_after_it_has_run(where, watch):
    torch.manual_seed(0)
    x = torch.randn(5, 3)
    network = settled(
        nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), nn.ReLU(), nn.Linear(4, 2))
    )
    model = network
    if where == "all":
        model = torch.compile(network, backend="eager")
    elif where == "inside":
        network[0] = torch.compile(network[0], backend="eager")
    else:
        network.compile(backend="eager")
    with torch.no_grad():
        expected = model(x)
        assert str(plan_folding(model, x if watch else None)) == "0.1 -> 0.0"
        folded = fold_batch_norm(model, x if watch else None)
        assert not has_batch_norm(folded)
        assert list(folded.state_dict()) == ["0.0.weight", "0.0.bias", "2.weight", "2.bias"]
        assert torch.allclose(folded(x), expected, atol=1e-5)
        assert torch.equal(model(x), expected)


def test_a_forward_that_writes_into_its_input_is_folded_and_leaves_the_example_as_it_was():
    model = settled(
        Calls(lambda self, x: self.norm(self.fc(x.mul_(2))), fc=nn.Linear(3, 4), norm=nn.BatchNorm1d(4))
    )
    x = torch.randn(5, 3)
    before = x.clone()
    folded = fold_batch_norm(model, x)
    assert torch.equal(x, before)
    with torch.no_grad():
        assert torch.allclose(folded(x.clone()), model(x.clone()), atol=1e-5)


@dataclass
class Answer:
    scores: torch.Tensor


def test_outputs_in_containers_are_compared():
    torch.manual_seed(0)
    model = settled(
        Calls(lambda self, x: Answer(self.norm(self.fc(x))), fc=nn.Linear(50, 50), norm=nn.BatchNorm1d(50))
    )
    with pytest.raises(ValueError, match=r"more than tolerance=1e-12 allows"):
        fold_batch_norm(model, torch.randn(100, 50), tolerance=1e-12)
    both = Calls(
        lambda self, x: (Answer(y := self.fc(x)), self.norm(y)), fc=nn.Linear(3, 3), norm=nn.BatchNorm1d(3)
    ).eval()
    with pytest.raises(
        ValueError, match="the output of the layer before it is also used by the model's output"
    ):
        fold_batch_norm(both, torch.randn(5, 3))


def test_an_output_in_which_no_tensor_is_seen_is_refused():
    model = settled(
        Calls(lambda self, x: iter([self.norm(self.fc(x))]), fc=nn.Linear(3, 3), norm=nn.BatchNorm1d(3))
    )
    with pytest.raises(ValueError, match="No tensor is seen in what Calls returns"):
        fold_batch_norm(model, torch.randn(5, 3))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_scripted_normalization_is_reported():
    model = settled(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)))
    scripted = nn.Sequential(torch.jit.script(model), nn.Linear(3, 3), nn.BatchNorm1d(3)).eval()
    with pytest.raises(
        ValueError, match=r"0\.1: is a BatchNorm1d inside a scripted module, which is called as a whole"
    ):
        fold_batch_norm(scripted)
    assert [row.batch_norm for row in plan_folding(scripted) if row.layer] == ["2"]
