"""lightning_modules.gradients.batch_norm_folding and batch_norm_order."""

import sys
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from lightning_modules import MLP, Classifier, fold_batch_norm, plan_folding
from lightning_modules.gradients.batch_norm_arithmetic import REMAINDER_OF, drop_and_act


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


# The arithmetic


def test_a_folded_unit_can_be_computed_by_hand():
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1, eps=0.0)).eval()
    with torch.no_grad():
        for tensor, value in zip((*model[0].parameters(), *model[1].parameters()), (6, 1, 2, 5), strict=True):
            tensor.fill_(value)
        model[1].running_mean.fill_(3)
        model[1].running_var.fill_(4)
    folded = fold_batch_norm(model)
    # scale 2 / sqrt(4) = 1; weight 6; bias 1 * (1 - 3) + 5
    assert (folded[0].weight.item(), folded[0].bias.item()) == (6, 3)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(
    ("layer", "norm", "shape"),
    [
        (lambda b: nn.Linear(4, 6, bias=b), nn.BatchNorm1d, (7, 4)),
        (lambda b: nn.Conv1d(4, 6, 3, bias=b), nn.BatchNorm1d, (7, 4, 9)),
        (
            lambda b: nn.Conv2d(4, 6, 3, stride=2, padding=1, padding_mode="reflect", bias=b),
            nn.BatchNorm2d,
            (3, 4, 8, 8),
        ),
        (lambda b: nn.Conv2d(4, 6, 3, groups=2, bias=b), nn.BatchNorm2d, (3, 4, 8, 8)),
        (lambda b: nn.Conv3d(4, 6, 2, bias=b), nn.BatchNorm3d, (2, 4, 4, 4, 4)),
        (lambda b: nn.ConvTranspose1d(4, 6, 3, stride=2, bias=b), nn.BatchNorm1d, (7, 4, 9)),
        (lambda b: nn.ConvTranspose2d(4, 6, 3, output_padding=0, bias=b), nn.BatchNorm2d, (3, 4, 8, 8)),
        (lambda b: nn.ConvTranspose2d(4, 6, 3, groups=2, stride=2, bias=b), nn.BatchNorm2d, (3, 4, 8, 8)),
        (lambda b: nn.ConvTranspose3d(4, 6, 2, groups=2, bias=b), nn.BatchNorm3d, (2, 4, 4, 4, 4)),
        (lambda b: nn.Linear(4, 6, bias=b), nn.SyncBatchNorm, (7, 4)),
    ],
)
def test_every_kind_of_layer_gives_the_same_outputs_folded(layer, norm, shape, bias, affine):
    torch.manual_seed(0)
    model = settled(nn.Sequential(layer(bias), norm(6, affine=affine), nn.ReLU()))
    x = torch.randn(shape)
    folded = fold_batch_norm(model)
    assert not has_batch_norm(folded)
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_a_deep_network_gives_the_same_outputs_folded():
    torch.manual_seed(0)
    model = settled(MLP([64, *[50] * 20, 10], normalization=nn.BatchNorm1d))
    for _ in range(3):  # statistics that fit the signal
        model.train()(torch.randn(200, 64))
    folded = fold_batch_norm(model.eval())
    x = torch.randn(100, 64)
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)
    assert len(plan_folding(model)) == 20


def test_in_float64_the_outputs_are_equal_to_the_last_digits():
    model = settled(MLP([64, 50, 50, 10], normalization=nn.BatchNorm1d).double())
    x = torch.randn(100, 64, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(fold_batch_norm(model)(x), model(x), rtol=1e-12, atol=1e-12)


# The copy


def test_the_model_itself_stays_as_it_is():
    model = settled(MLP([4, 3, 2], normalization=nn.BatchNorm1d))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    folded = fold_batch_norm(model, torch.randn(2, 4))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert folded[1].weight is not model[1].weight


def test_positions_and_the_kind_of_model_stay():
    folded = fold_batch_norm(settled(MLP([4, 3, 2], normalization=nn.BatchNorm1d)))
    assert isinstance(folded, MLP)
    assert [type(layer).__name__ for layer in folded] == ["Flatten", "Linear", "Identity", "ReLU", "Linear"]


def test_a_lightning_module_is_folded_inside():
    model = settled(Classifier(MLP([4, 3, 2], normalization=nn.BatchNorm1d)))
    folded, x = fold_batch_norm(model), torch.randn(5, 4)
    assert isinstance(folded, Classifier)
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_the_report_says_what_goes_where():
    model = settled(MLP([4, 3, 3, 2], normalization=nn.BatchNorm1d))
    assert str(plan_folding(model)) == "2 -> 1\n5 -> 4"
    assert [(row.batch_norm, row.layer, row.obstacle) for row in plan_folding(model)] == [
        ("2", "1", None),
        ("5", "4", None),
    ]


def test_a_model_without_batch_normalization_comes_back_as_a_copy():
    model = nn.Sequential(nn.Linear(2, 2)).eval()
    assert len(plan_folding(model)) == 0
    assert fold_batch_norm(model) is not model


# The order


def test_what_does_nothing_in_evaluation_may_stand_between():
    model = settled(nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5), nn.Identity(), nn.BatchNorm1d(3)))
    x = torch.randn(5, 4)
    for folded in (fold_batch_norm(model), fold_batch_norm(model, x)):
        with torch.no_grad():
            assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_the_order_reaches_into_nested_sequentials():
    model = settled(
        nn.Sequential(nn.Sequential(nn.Linear(4, 3)), nn.Sequential(nn.BatchNorm1d(3), nn.ReLU()))
    )
    assert str(plan_folding(model)) == "1.0 -> 0.0"


def test_a_forward_of_its_own_is_watched_with_an_example():
    torch.manual_seed(0)

    # Assigned in another order than called, and with a skip connection around both.
    def forward(self, x):
        return torch.relu(x + self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x))))))

    model = settled(
        Calls(
            forward,
            norm2=nn.BatchNorm2d(3),
            norm1=nn.BatchNorm2d(3),
            conv2=nn.Conv2d(3, 3, 3, padding=1),
            conv1=nn.Conv2d(3, 3, 3, padding=1),
        )
    )
    x = torch.randn(2, 3, 5, 5)
    assert str(plan_folding(model, x)) == "norm2 -> conv2\nnorm1 -> conv1"
    folded = fold_batch_norm(model, x)
    assert not has_batch_norm(folded)
    with torch.no_grad():
        assert torch.allclose(folded(x), model(x), atol=1e-5)


def test_a_normalization_may_be_called_with_its_input_by_name():
    model = Calls(lambda self, x: self.norm(input=self.fc(x)), fc=nn.Linear(4, 3), norm=nn.BatchNorm1d(3))
    assert str(plan_folding(settled(model), torch.randn(2, 4))) == "norm -> fc"


def test_watching_moves_no_statistics_and_needs_no_gradients():
    with_gradients = []

    def forward(self, x):
        with_gradients.append(torch.is_grad_enabled())
        return self.norm(self.fc(x))

    model = settled(Calls(forward, fc=nn.Linear(4, 3), norm=nn.BatchNorm1d(3)))
    before = model.norm.running_mean.clone()
    plan_folding(model, torch.randn(5, 4))
    assert torch.equal(model.norm.running_mean, before)
    assert with_gradients == [False]


def test_asking_for_the_shape_of_an_output_is_no_use_of_it():
    def forward(self, x):
        y = self.fc(x)
        assert y.shape[1] == y.size(1) == 3
        return self.norm(y)

    model = settled(Calls(forward, fc=nn.Linear(4, 3), norm=nn.BatchNorm1d(3)))
    assert str(plan_folding(model, torch.randn(2, 4))) == "norm -> fc"


# Subclasses


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
        "timm", reason="timm, whose networks have normalizations that act, is not installed"
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


# Into the layer after it


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


# Weights that are computed from others, compiled networks, inputs that are written into


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


# Refusals: with the reason, and by name


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
