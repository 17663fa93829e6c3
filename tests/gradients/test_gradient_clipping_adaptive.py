"""lightning_modules.gradients.gradient_clipping_adaptive."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from lightning_modules import MLP, AdaptiveGradientClipping, Classifier, Digits, quiet_trainer
from lightning_modules.gradients.gradient_clipping_adaptive import adaptive_clip_, unit_norms


def by_the_paper(weight, gradient, clipping, eps):
    """Unit by unit, in float64."""
    weight, result = weight.double(), gradient.double().clone()
    units = range(len(weight)) if weight.ndim > 1 else [slice(None)]
    for unit in units:
        allowed = clipping * max(weight[unit].norm().item(), eps)
        length = result[unit].norm().item()
        if length > allowed:
            result[unit] *= allowed / length
    return result


# By hand


def test_a_unit_may_change_by_a_part_of_itself():
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4]])  # rows of norm 5 and 0.5
    gradient = torch.tensor([[0.0, 2.0], [0.0, 0.04]])
    assert adaptive_clip_([weight], [gradient], clipping=0.1)  # allowed are 0.5 and 0.05
    assert gradient.flatten().tolist() == pytest.approx([0, 0.5, 0, 0.04])


def test_a_unit_of_zeros_may_move_by_what_eps_allows():
    gradient = torch.tensor([[3.0, 4.0]])
    adaptive_clip_([torch.zeros(1, 2)], [gradient], clipping=0.1, eps=0.5)
    assert gradient.flatten().tolist() == pytest.approx([0.03, 0.04])  # of norm 0.1 * 0.5


def test_a_vector_is_one_unit_and_so_is_a_number():
    gradient = torch.tensor([3.0, 4.0])
    adaptive_clip_([torch.tensor([0.0, 1.0])], [gradient], clipping=1.0)
    assert gradient.tolist() == pytest.approx([0.6, 0.8])
    gradient = torch.tensor(-5.0)
    adaptive_clip_([torch.tensor(2.0)], [gradient], clipping=1.0)
    assert gradient.item() == -2


def test_a_gradient_of_zero_stays_zero():
    gradient = torch.zeros(2, 3)
    gradient[0] = 7
    adaptive_clip_([torch.zeros(2, 3)], [gradient])
    assert gradient[1].tolist() == [0, 0, 0]


def test_short_gradients_stay_as_they_are():
    gradient = torch.full((3, 4), 1e-3)
    assert not adaptive_clip_([torch.ones(3, 4)], [gradient])
    assert torch.equal(gradient, torch.full((3, 4), 1e-3))


def test_nothing_to_clip_is_nothing_clipped():
    assert not adaptive_clip_([], [])


# The paper


@pytest.mark.parametrize("shape", [(6, 5), (6,), (6, 5, 3), (6, 5, 3, 3), (6, 1, 3, 3, 3), (1, 5)])
def test_clipped_gradients_are_the_papers(shape):
    torch.manual_seed(0)
    weight, gradient = torch.randn(shape), torch.randn(shape)
    weight[:1] = 0
    expected = by_the_paper(weight, gradient, 0.5, 1e-3)
    adaptive_clip_([weight], [gradient], 0.5, 1e-3)
    assert torch.allclose(gradient.double(), expected, rtol=1e-5)


def test_afterwards_no_unit_is_longer_than_allowed():
    torch.manual_seed(0)
    weights = [torch.randn(50, 20), torch.randn(50), torch.randn(8, 4, 3, 3)]
    gradients = [10 * torch.randn_like(weight) for weight in weights]
    adaptive_clip_(weights, gradients, clipping=0.01)
    for weight, gradient in zip(weights, gradients, strict=True):
        assert (unit_norms(gradient) <= 0.01 * unit_norms(weight) * (1 + 1e-5)).all()


# In a Trainer


class Probe(pl.LightningModule):
    """Its gradients are large, and written down as the optimizer gets them."""

    def __init__(self, network, example):
        super().__init__()
        self.network, self.example = network, example

    def training_step(self, batch, batch_idx):
        return 1000 * self.network(self.example).square().sum()

    def on_before_optimizer_step(self, optimizer):  # after the callbacks'
        self.gradients = {
            name: p.grad.clone() for name, p in self.network.named_parameters() if p.grad is not None
        }
        self.weights = {name: p.detach().clone() for name, p in self.network.named_parameters()}

    def train_dataloader(self):
        return torch.zeros(1, 1)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-6)


def probe(network, example, **arguments):
    torch.manual_seed(0)
    model, callback = Probe(network, example), AdaptiveGradientClipping(0.01, **arguments)
    quiet_trainer(max_epochs=1, callbacks=[callback]).fit(model)
    return model, callback


def ratio(model, name, dim):
    return (model.gradients[name].norm(dim=dim) / model.weights[name].norm(dim=dim)).max().item()


@pytest.mark.parametrize(
    ("layer", "example", "dims"),
    [
        (nn.Linear(4, 6), torch.ones(2, 4), [1]),
        (nn.Conv1d(4, 6, 3), torch.ones(2, 4, 8), [1, 2]),
        (nn.Conv2d(4, 6, 3, groups=2), torch.ones(2, 4, 8, 8), [1, 2, 3]),
        (nn.ConvTranspose2d(4, 6, 3), torch.ones(2, 4, 8, 8), [0, 2, 3]),
    ],
)
def test_every_kind_of_layer_is_clipped_by_its_units(layer, example, dims):
    model, _ = probe(layer, example, exclude=[])
    lengths = partial(torch.linalg.vector_norm, dim=dims)
    ratios = lengths(model.gradients["weight"]) / lengths(model.weights["weight"])
    assert ratios.tolist() == pytest.approx([0.01] * 6, rel=1e-4)


def test_a_transposed_convolution_in_groups_is_clipped_by_its_units():
    model, _ = probe(nn.ConvTranspose1d(4, 6, 3, groups=2), torch.ones(2, 4, 8), exclude=[])
    for group in (slice(0, 2), slice(2, 4)):  # inputs of each group; the units are second
        gradient, weight = model.gradients["weight"][group], model.weights["weight"][group]
        assert (gradient.norm(dim=[0, 2]) / weight.norm(dim=[0, 2])).tolist() == pytest.approx(
            [0.01] * 3, rel=1e-4
        )


def test_a_normed_transposed_convolution_is_clipped_by_its_units_too():
    torch.manual_seed(0)
    layer = weight_norm(nn.ConvTranspose2d(4, 6, 3))
    model, _ = probe(layer, torch.rand(2, 4, 8, 8), exclude=[])
    (direction,) = [name for name in model.gradients if name.endswith("original1")]
    lengths = partial(torch.linalg.vector_norm, dim=[0, 2, 3])
    ratios = lengths(model.gradients[direction]) / lengths(model.weights[direction])
    assert ratios.tolist() == pytest.approx([0.01] * 6, rel=1e-4)


def test_the_output_layer_is_left_out():
    model, callback = probe(MLP([4, 6, 5, 3]), torch.ones(2, 4))
    assert callback.excluded == ("network.5.weight", "network.5.bias")
    assert ratio(model, "1.weight", 1) <= 0.0101
    assert ratio(model, "3.weight", 1) <= 0.0101
    assert ratio(model, "5.weight", 1) > 1


def test_what_is_left_out_can_be_chosen():
    model, callback = probe(MLP([4, 6, 5, 3]), torch.ones(2, 4), exclude=["network.1", "network.3"])
    assert callback.excluded == ("network.1.weight", "network.1.bias", "network.3.weight", "network.3.bias")
    assert ratio(model, "1.weight", 1) > 1
    assert ratio(model, "5.weight", 1) <= 0.0101


def test_two_parameters_of_equal_values_are_not_taken_for_one():
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    network[1].load_state_dict(network[0].state_dict())
    _, callback = probe(network, torch.ones(2, 3))
    assert callback.excluded == ("network.1.weight", "network.1.bias")


def test_weights_tied_to_the_output_layer_are_left_out_with_it():
    network = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    network[1].weight = network[0].weight
    _, callback = probe(network, torch.ones(2, 3))
    assert callback.excluded == ("network.0.weight",)


def test_it_trains_at_a_rate_at_which_training_explodes_without_it():
    def train(*callbacks):
        torch.manual_seed(0)
        model = Classifier(MLP([64, 50, 50, 10]), optimizer=partial(torch.optim.SGD, lr=20.0))
        trainer = quiet_trainer(max_epochs=5, callbacks=list(callbacks))
        trainer.fit(model, Digits(train_size=300))
        return trainer.callback_metrics["train/loss"]

    callback = AdaptiveGradientClipping(0.01, exclude=[])
    assert train(callback) < 2
    assert callback.clipped / callback.steps > 0.5
    assert not train() < 2  # it may be nan


# Refusals


def test_an_unknown_module_is_refused():
    with pytest.raises(MisconfigurationException, match="Probe has no module 'head'"):
        probe(MLP([4, 3]), torch.ones(2, 4), exclude=["head"])


def test_a_string_is_not_taken_for_a_list_of_names():
    with pytest.raises(TypeError, match=r"Use \['head'\]"):
        AdaptiveGradientClipping(exclude="head")


def test_weights_without_their_gradients_are_refused():
    with pytest.raises(ValueError, match="got 2 weights and 1"):
        adaptive_clip_([torch.ones(1), torch.ones(1)], [torch.ones(1)])


@pytest.mark.parametrize("eps", [0, -1.0])
def test_an_eps_that_is_not_positive_is_refused(eps):
    with pytest.raises(ValueError, match=f"eps must be positive, got {eps}"):
        AdaptiveGradientClipping(eps=eps)
