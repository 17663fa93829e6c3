"""A normalization behind an activation goes into the layer after it."""

import pytest
import torch
from folding_checks import Calls, has_batch_norm, settled
from torch import nn

from lightning_modules import fold_batch_norm, plan_folding


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("watch", [True, False])
@pytest.mark.parametrize(
    ("norm", "layer", "shape"),
    [
        (nn.BatchNorm1d, lambda b: nn.Linear(4, 6, bias=b), (7, 4)),
        (nn.BatchNorm1d, lambda b: nn.Conv1d(4, 6, 3, bias=b), (7, 4, 9)),
        (nn.BatchNorm2d, lambda b: nn.Conv2d(4, 6, 3, groups=2, stride=2, bias=b), (3, 4, 8, 8)),
        (nn.BatchNorm2d, lambda b: nn.Conv2d(4, 8, 3, groups=4, bias=b), (3, 4, 8, 8)),
        (
            nn.BatchNorm2d,
            lambda b: nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular", bias=b),
            (3, 4, 8, 8),
        ),
        (nn.BatchNorm2d, lambda b: nn.Conv2d(4, 6, 1, padding="same", bias=b), (3, 4, 8, 8)),
        (nn.BatchNorm3d, lambda b: nn.Conv3d(4, 6, 2, padding="valid", bias=b), (2, 4, 4, 4, 4)),
    ],
)
def test_a_normalization_behind_an_activation_goes_into_the_layer_after_it(
    norm, layer, shape, bias, affine, watch
):
    torch.manual_seed(0)
    model = settled(nn.Sequential(nn.ReLU(), norm(4, affine=affine), nn.Dropout(0.5), layer(bias)))
    x = torch.randn(shape)
    assert str(plan_folding(model, x if watch else None)) == "1 -> 3"
    folded = fold_batch_norm(model, x if watch else None)
    assert not has_batch_norm(folded)
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_a_unit_folded_forward_can_be_computed_by_hand():
    model = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(1, eps=0.0), nn.Linear(1, 1)).eval()
    with torch.no_grad():
        for tensor, value in zip((*model[1].parameters(), *model[2].parameters()), (2, 5, 6, 1), strict=True):
            tensor.fill_(value)
        model[1].running_mean.fill_(3)
        model[1].running_var.fill_(4)
    folded = fold_batch_norm(model)
    # scale 2 / sqrt(4) = 1, shift 5 - 3 * 1 = 2; weight 6 * 1; bias 1 + 6 * 2
    assert (folded[2].weight.item(), folded[2].bias.item()) == (6, 13)


def test_a_layer_may_take_in_one_from_each_side():
    torch.manual_seed(0)
    model = settled(
        nn.Sequential(
            nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2)
        )
    )
    assert str(plan_folding(model)) == "1 -> 2\n3 -> 2"
    x = torch.randn(9, 4)
    with torch.no_grad():
        assert torch.allclose(fold_batch_norm(model, x)(x), model(x), atol=1e-5)


@pytest.mark.parametrize(
    ("norm", "layer", "shape", "reason"),
    [
        (
            nn.BatchNorm2d(4),
            nn.Conv2d(4, 6, 3, padding=1),
            (3, 4, 8, 8),
            r"2 \(Conv2d\) after it pads with zeros",
        ),
        (nn.BatchNorm2d(4), nn.Conv2d(4, 6, 3, padding="same"), (3, 4, 8, 8), "after it pads with zeros"),
        (nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 6, 3), (3, 4, 8, 8), "after it is transposed"),
        (
            nn.BatchNorm2d(4),
            nn.Linear(8, 6),
            (3, 4, 8, 8),
            "has 8 inputs for 4 features|whose inputs are last",
        ),
        (nn.BatchNorm2d(8), nn.Linear(8, 6), (3, 8, 8, 8), "has its units last|whose inputs are last"),
    ],
)
@pytest.mark.parametrize("watch", [True, False])
def test_what_would_not_be_exact_is_not_folded_forward(norm, layer, shape, reason, watch):
    model = settled(nn.Sequential(nn.ReLU(), norm, layer))
    with pytest.raises(ValueError, match=rf"1: comes after 0 \(ReLU\).*; .*({reason})"):
        fold_batch_norm(model, torch.randn(shape) if watch else None)


@pytest.mark.parametrize(
    "forward",
    [
        lambda self, x: self.fc(y := self.norm(x.relu())) + y,
        lambda self, x: (self.fc(y := self.norm(x.relu())), y),
        lambda self, x: self.fc(self.norm(x.relu()) * 2),
        lambda self, x: self.fc(self.fc(self.norm(x.relu()))),
        lambda self, x: self.fc(self.norm(x.relu()).relu_()),
    ],
    ids=["skip", "output", "between", "layer twice", "in place"],
)
def test_an_output_that_anything_else_sees_is_not_folded_forward(forward):
    model = settled(Calls(forward, fc=nn.Linear(3, 3), norm=nn.BatchNorm1d(3)))
    with pytest.raises(ValueError, match="norm: comes after no layer"):
        fold_batch_norm(model, torch.randn(5, 3))
