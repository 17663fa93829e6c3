"""What is not folded, with the reason, and by name."""

import pytest
import torch
from folding_checks import Calls, has_batch_norm, settled
from torch import nn

from lightning_modules import MLP, fold_batch_norm, plan_folding


def shared_weight():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    return nn.Sequential(first, nn.BatchNorm1d(3), second)


def used_twice():
    norm = nn.BatchNorm1d(3, affine=False)
    return nn.Sequential(nn.Linear(3, 3), norm, nn.Linear(3, 3), norm)


def hooked():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    model[0].register_forward_hook(lambda module, args, output: output * 2)
    return model


class Standardized(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, self.weight - self.weight.mean(), self.bias)


@pytest.mark.parametrize("watch", [False, True])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: nn.Sequential(nn.BatchNorm1d(3), nn.ReLU()),
            "0: (it cannot be seen|comes after no layer)",
        ),
        (lambda: nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.BatchNorm1d(3)), r"2: comes after 1 \(ReLU\)"),
        (
            lambda: nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace=True), nn.BatchNorm1d(3)),
            r"2: comes after 1 \(ReLU\)",
        ),
        (
            lambda: nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.BatchNorm1d(3)),
            r"2: comes after 1 \(BatchNorm1d\), which is no dense",
        ),
        (
            lambda: nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, track_running_stats=False)),
            "1: has track_running_stats=False",
        ),
        (lambda: nn.Sequential(Standardized(3, 3), nn.BatchNorm1d(3)), r"1: comes after 0 \(Standardized\)"),
        (shared_weight, r"1: is shared: 0\.weight and 2\.weight are the same"),
        (used_twice, "1: (is shared: 1 and 3 are the same|is called 2 times)"),
        (hooked, "1: 0 has a forward hook"),
    ],
    ids=["first", "ReLU", "ReLU_", "twice", "untracked", "subclass", "tied", "reused", "hook"],
)
def test_what_cannot_be_folded_is_refused_by_name(make, message, watch):
    model = make().eval()
    example = torch.randn(5, 3) if watch else None
    with pytest.raises(ValueError, match=message):
        fold_batch_norm(model, example)


def test_a_model_in_training_mode_is_refused():
    model = MLP([4, 3, 2], normalization=nn.BatchNorm1d)
    before = model[2].running_mean.clone()
    for example in (None, torch.randn(5, 4)):
        with pytest.raises(ValueError, match=r"2: is in training mode. Call model.eval\(\)"):
            fold_batch_norm(model, example)
    assert torch.equal(model[2].running_mean, before)
    model.eval()[1].train()
    with pytest.raises(ValueError, match=r"1 \(Linear\), which is in training mode"):
        fold_batch_norm(model)


def test_without_an_example_a_forward_of_its_own_is_refused_with_the_way_out():
    class Backwards(nn.Sequential):
        def forward(self, x):
            for layer in reversed(self):
                x = layer(x)
            return x

    model = Backwards(nn.Linear(3, 3), nn.BatchNorm1d(3)).eval()  # called the other way round
    with pytest.raises(ValueError, match=r"it cannot be seen what comes before it\. Pass example="):
        fold_batch_norm(model)
    assert plan_folding(model, torch.randn(5, 3)).rows[0].forward

    model = Calls(lambda self, x: self.norm(self.fc(x)), fc=nn.Linear(3, 3), norm=nn.BatchNorm1d(3)).eval()
    with pytest.raises(ValueError, match=r"it cannot be seen what comes before it\. Pass example="):
        fold_batch_norm(model)
    assert not has_batch_norm(fold_batch_norm(model, torch.randn(5, 3)))


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (
            lambda self, x: (y := self.fc(x)) + self.norm(y),
            "norm: the output of the layer before it is also used by add",
        ),
        (lambda self, x: (self.norm(y := self.fc(x)), y), "also used by the model's output"),
        (lambda self, x: self.norm(self.fc(x).relu_()), "norm: (comes after no layer|.*also used by relu_)"),
        (
            lambda self, x: self.norm(self.fc(x) * 2),
            "norm: comes after no layer whose output reaches it unchanged",
        ),
        (
            lambda self, x: self.norm(self.fc(self.fc(x))),
            "comes after a layer that is called 2 times, not once",
        ),
        (lambda self, x: self.norm(self.norm(self.fc(x))), "norm: is called 2 times with this example"),
        (lambda self, x: self.fc(x), "norm: is called 0 times with this example"),
        (
            lambda self, x: self.norm(self.fc(x.expand(3, *x.shape))),
            r"output of shape \(3, 3, 3\), whose units",
        ),
    ],
    ids=["skip", "output", "in place", "between", "layer twice", "norm twice", "never", "sequence"],
)
def test_an_output_that_anything_else_sees_is_not_folded(forward, message):
    model = settled(Calls(forward, fc=nn.Linear(3, 3), norm=nn.BatchNorm1d(3)))
    with pytest.raises(ValueError, match=message):
        fold_batch_norm(model, torch.randn(3, 3))


def test_another_number_of_features_is_refused():
    # On inputs of shape (n, 5, 4) this normalizes the five positions, not the three units.
    model = settled(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(5)))
    with pytest.raises(ValueError, match=r"normalizes 5 features, but 0 \(Linear\) has 3 units"):
        fold_batch_norm(model)


def test_without_strict_the_rest_is_folded_and_the_outputs_stay():
    model = settled(
        nn.Sequential(
            nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.BatchNorm1d(3)
        )
    )
    folded, x = fold_batch_norm(model, strict=False), torch.randn(5, 4)
    assert [type(layer).__name__ for layer in folded] == [
        "BatchNorm1d",
        "ReLU",
        "Linear",
        "Identity",
        "ReLU",
        "BatchNorm1d",
    ]
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_outputs_that_differ_more_than_allowed_are_refused():
    torch.manual_seed(0)
    model = settled(nn.Sequential(nn.Linear(50, 50), nn.BatchNorm1d(50)))
    with pytest.raises(ValueError, match=r"more than tolerance=1e-12 allows\. Convert the model to float64"):
        fold_batch_norm(model, torch.randn(100, 50), tolerance=1e-12)
