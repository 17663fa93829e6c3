"""Subclasses of torch's normalizations and layers, and those of timm."""

import sys

import pytest
import torch
from folding_checks import has_batch_norm, settled
from torch import nn

from lightning_modules import fold_batch_norm, plan_folding
from lightning_modules.gradients.batch_norm_arithmetic import REMAINDER_OF, drop_and_act


class Mine(nn.BatchNorm2d):
    """A class of one's own, with torch's forward."""


class BatchNormAct2d(nn.BatchNorm2d):
    """As in timm: a normalization that drops and acts as well, in a forward of its own."""

    def __init__(self, features, drop=None, act=None):
        super().__init__(features)
        self.drop = drop or nn.Identity()
        self.act = act or nn.ReLU(inplace=True)

    def forward(self, x):
        x = nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )
        return self.act(self.drop(x))


class Bare2d(BatchNormAct2d):
    """With an inherited forward, one that is not torch's."""


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setitem(REMAINDER_OF, BatchNormAct2d, drop_and_act)


def convolutions(norm):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 3), norm, nn.Conv2d(3, 4, 3, padding=1))
    return settled(model), torch.randn(5, 2, 8, 8)


@pytest.mark.parametrize("watch", [False, True])
def test_a_class_that_inherits_torchs_forward_is_folded(watch):
    model, x = convolutions(Mine(3))
    folded = fold_batch_norm(model, x if watch else None)
    assert not has_batch_norm(folded)
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_a_layer_that_inherits_torchs_forward_takes_one_in():
    class MyConv(nn.Conv2d):
        pass

    model = settled(nn.Sequential(MyConv(2, 3, 3), nn.BatchNorm2d(3)))
    assert str(plan_folding(model)) == "1 -> 0"


@pytest.mark.parametrize("watch", [False, True])
@pytest.mark.parametrize("kind", [BatchNormAct2d, Bare2d])
@pytest.mark.parametrize(
    ("drop", "act", "left"),
    [
        (None, nn.ReLU(inplace=True), nn.ReLU),
        (None, nn.PReLU(), nn.PReLU),
        (None, nn.Identity(), nn.Identity),
        (nn.Dropout(0.5), nn.SiLU(), nn.Sequential),
    ],
)
def test_a_normalization_that_acts_as_well_keeps_its_activation(known, kind, drop, act, left, watch):
    model, x = convolutions(kind(3, drop, act))
    folded = fold_batch_norm(model, x if watch else None)
    assert type(folded[1]) is left
    assert not has_batch_norm(folded)
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_a_class_is_known_by_where_it_is_to_be_found_without_being_imported(monkeypatch):
    monkeypatch.setattr(BatchNormAct2d, "__module__", "timm.layers.norm_act")
    assert "timm" not in sys.modules
    model, x = convolutions(BatchNormAct2d(3))
    with torch.no_grad():
        assert torch.allclose(fold_batch_norm(model)(x), model(x), atol=1e-5)


def test_a_class_with_a_forward_of_its_own_is_refused_with_the_table_to_add_it_to():
    model, x = convolutions(BatchNormAct2d(3))
    with pytest.raises(
        ValueError, match=r"1: is a BatchNormAct2d, of which .*batch_norm_arithmetic\.REMAINDER_OF"
    ):
        fold_batch_norm(model, x)


def test_a_normalization_that_acts_cannot_go_into_the_layer_after_it(known):
    model = settled(nn.Sequential(nn.ReLU(), BatchNormAct2d(3), nn.Conv2d(3, 3, 1)))
    assert str(plan_folding(model)) == "1: comes after 0 (ReLU), which is no dense or convolutional layer"


def test_a_replaced_forward_is_not_trusted():
    model, _ = convolutions(nn.BatchNorm2d(3))
    model[1].forward = lambda x: x * 2
    with pytest.raises(ValueError, match="1: is a BatchNorm2d, of which it is not known what it computes"):
        fold_batch_norm(model)


TIMM = [
    "mobilenetv3_small_050",
    "densenet121",
    "efficientnet_b0",
    "regnetx_002",
    "mobilevit_xxs",
    "repvgg_a0",
]


@pytest.mark.parametrize("name", [*TIMM, "inception_v3"])
def test_timms_networks_fold_where_a_layer_comes_before_and_give_the_same_outputs(name):
    timm = pytest.importorskip(
        "timm",
        reason="timm is installed by hand alone: it brings torchvision, whose wheel does not fit torch for CPUs",
    )
    torch.manual_seed(0)
    # In float64: some hundred layers with random statistics make large numbers of small differences.
    model = timm.create_model(name, pretrained=False).double().eval()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    size = 299 if name == "inception_v3" else 256 if name == "mobilevit_xxs" else 224
    x = torch.randn(1, 3, size, size, dtype=torch.float64)
    report = plan_folding(model, x)
    folded = fold_batch_norm(model, x, strict=False)
    assert sum(row.layer is not None for row in report) >= 32  # all of mobilevit, 59 of 121 in densenet
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), rtol=1e-8, atol=1e-8 * model(x).abs().max())
