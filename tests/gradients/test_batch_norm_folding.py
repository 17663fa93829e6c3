"""lightning_modules.gradients.batch_norm_folding and batch_norm_order."""

import pytest
import torch
from folding_checks import Calls, has_batch_norm, settled
from torch import nn

from lightning_modules import MLP, Classifier, fold_batch_norm, plan_folding

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
