"""lightning_modules.regularization.max_norm. Two processes: tests/regularization/test_penalties.py."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.plugins.precision import MixedPrecision
from pytorch_lightning.strategies import DeepSpeedStrategy, FSDPStrategy, ModelParallelStrategy
from torch import nn
from torch.nn.utils import parametrizations, prune

from lightning_modules import MLP, Classifier, Digits, History, MaxNorm, quiet_trainer
from lightning_modules.regularization.max_norm import clip_unit_norms_

SGD = partial(torch.optim.SGD, lr=0.1)

LAYERS = [
    nn.Linear(6, 4),
    nn.Conv1d(3, 4, 3),
    nn.Conv2d(6, 4, 3, groups=2),
    nn.Conv3d(2, 4, 2),
    nn.ConvTranspose1d(3, 4, 3),
    nn.ConvTranspose2d(6, 4, 3, groups=2),
]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)


def classifier(optimizer=SGD, network=None):
    torch.manual_seed(0)
    return Classifier(network or MLP([64, 16, 10]), optimizer=optimizer)


def fit(model, *callbacks, data=None, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 2, "callbacks": list(callbacks)} | arguments))
    trainer.fit(model, data or Digits(train_size=96), ckpt_path=resume)  # 3 batches of 32
    return trainer


def lengths(layer):
    return layer.weight.detach().norm(dim=1)


class Pulled(pl.LightningModule):
    """Its gradient is −1 everywhere: at rate 0.1 each weight grows by 0.1 a step."""

    def __init__(self, layer=None, optimizer=SGD):
        super().__init__()
        self.layer = layer or nn.Linear(4, 2)
        nn.init.zeros_(self.layer.weight)
        self.make_optimizer = optimizer

    def training_step(self, batch, batch_idx):
        return -self.layer.weight.sum() - self.layer.bias.sum()

    def configure_optimizers(self):
        return self.make_optimizer(self.parameters())


class Steps:
    """A data loader of so many batches, which nobody reads."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter(torch.zeros(self.count))


# By hand


def test_a_long_unit_keeps_its_direction_and_lands_on_the_ball():
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    assert clip_unit_norms_(weight, 1.0).tolist() == pytest.approx([5, 0.5])
    assert weight[0].tolist() == pytest.approx([0.6, 0.8])


def test_a_short_unit_is_left_as_it_is():
    weight = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    clip_unit_norms_(weight, 1.0)
    assert weight[1:].tolist() == torch.tensor([[0.3, 0.4], [0.0, 0.0]]).tolist()


@every_layer
def test_a_unit_is_what_makes_one_output_channel(layer):
    """The oracle: of inputs that are 1 in one place, an output channel depends on its unit's weights alone."""
    torch.manual_seed(0)
    nn.init.normal_(layer.weight)
    before, groups = layer.weight.detach().clone(), getattr(layer, "groups", 1)
    transposed = type(layer).__name__.startswith("ConvTranspose")
    norms = clip_unit_norms_(layer.weight.data, 0.7, groups if transposed else None)
    units = 4
    assert norms.shape == (units,)
    for unit in range(units):
        chosen = torch.zeros(units)
        chosen[unit] = 1
        # The output is linear in the weights, so the gradient of one channel is not 0 on its own weights alone.
        layer.zero_grad()
        size = (6,) if isinstance(layer, nn.Linear) else (layer.in_channels, *(5,) * (layer.weight.ndim - 2))
        output = layer(torch.ones(1, *size))
        (output.transpose(1, -1) @ chosen if output.ndim > 2 else output @ chosen).sum().backward()
        own = layer.weight.grad != 0
        assert norms[unit].item() == pytest.approx(before[own].norm().item(), rel=1e-5)
        after = layer.weight.detach()[own]
        assert after.norm().item() == pytest.approx(min(0.7, norms[unit].item()), rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_it_is_torchs_renorm(dtype):
    torch.manual_seed(0)
    weight = torch.randn(8, 5, dtype=dtype)
    expected = weight.double().renorm(p=2, dim=0, maxnorm=1.5)
    clip_unit_norms_(weight, 1.5)
    assert torch.allclose(weight.double(), expected, rtol=1e-2 if dtype is torch.bfloat16 else 1e-5)


# In a Trainer


def test_weights_grow_up_to_the_ball_and_stay_there():
    for steps, length in ((1, 0.2), (4, 0.8), (5, 1.0), (30, 1.0)):  # four weights of 0.1 have length 0.2
        model = Pulled()
        fit(model, MaxNorm(1.0), data=Steps(steps), max_epochs=1)
        assert lengths(model.layer).tolist() == pytest.approx([length] * 2)
        assert model.layer.bias.std().item() > 0  # biases are free


@every_layer
def test_every_kind_of_layer_is_held(layer):
    nn.init.zeros_(layer.bias)
    model, ball = Pulled(layer), MaxNorm(0.5)
    fit(model, ball, data=Steps(20), max_epochs=1)
    groups = layer.groups if type(layer).__name__.startswith("ConvTranspose") else None
    held = clip_unit_norms_(layer.weight.data, 100.0, groups)
    assert held.tolist() == pytest.approx([0.5] * 4)


def test_training_never_leaves_the_ball():
    class Watch(pl.Callback):
        longest = 0.0

        def on_train_batch_end(self, trainer, pl_module, *_):
            for layer in pl_module.network:
                if isinstance(layer, nn.Linear):
                    self.longest = max(self.longest, lengths(layer).max().item())

    free, held = Watch(), Watch()
    fit(classifier(), free)
    fit(classifier(), MaxNorm(0.4), held)
    assert held.longest <= 0.4 + 1e-6 < free.longest


def test_a_ball_that_is_never_reached_changes_nothing():
    mine, other, ball, history = classifier(), classifier(), MaxNorm(100.0), History()
    fit(mine, ball, history)
    fit(other)
    assert all(map(torch.equal, mine.parameters(), other.parameters()))
    assert history["max_norm/on_ball"] == [0, 0]
    assert ball.on_ball == {"network.1": 0, "network.3": 0}


@pytest.mark.parametrize("order", [1, -1])
def test_the_fraction_of_units_on_the_ball_is_logged_per_epoch(order):
    history, ball = History(), MaxNorm(1.0)
    # Looked at are steps 1, 11, 21 of each epoch; the ball is reached in step 5.
    fit(Pulled(), *[history, ball][::order], data=Steps(25), max_epochs=2)
    assert history["max_norm/on_ball"] == pytest.approx([2 / 3, 1])
    assert ball.on_ball == {"layer": 1}


def test_layers_can_be_left_out():
    model = classifier()
    ball = MaxNorm(0.4, exclude=["network.3"])
    fit(model, ball)
    assert lengths(model.network[1]).max() <= 0.4 + 1e-6
    assert lengths(model.network[3]).max() > 0.5
    assert list(ball.on_ball) == ["network.1"]


def test_tied_weights_are_held_once():
    class Tied(Pulled):
        def __init__(self):
            super().__init__()
            self.again = nn.Linear(4, 2)
            self.again.weight = self.layer.weight

        def training_step(self, batch, batch_idx):
            return super().training_step(batch, batch_idx) + 0 * self.again.bias.sum()

    ball = MaxNorm(1.0)
    fit(Tied(), ball, data=Steps(3), max_epochs=1)
    assert list(ball.on_ball) == ["layer"]
    assert ball.state_dict() == {"epoch": {"layer": [3, 0, 2]}}  # three steps, not six; one look at two units


def test_what_takes_no_part_in_a_step_is_left_alone():
    class Unused(Pulled):
        def __init__(self):
            super().__init__()
            self.unused = nn.Linear(4, 2)
            nn.init.ones_(self.unused.weight)

    model = Unused()
    fit(model, MaxNorm(1.0), data=Steps(3), max_epochs=1)
    assert model.unused.weight.eq(1).all()


def test_it_acts_once_a_step_over_several_batches():
    whole, parts, ball, same_ball = classifier(), classifier(), MaxNorm(0.4), MaxNorm(0.4)
    fit(whole, ball, data=Digits(train_size=96, batch_size=32))
    fit(parts, same_ball, data=Digits(train_size=96, batch_size=8), accumulate_grad_batches=4)
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)
    assert ball.state_dict()["epoch"]["network.1"][0] == same_ball.state_dict()["epoch"]["network.1"][0] == 3


@pytest.mark.parametrize("fused", [False, True])
def test_it_does_not_act_where_the_scaler_leaves_the_step_out(fused):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    model, ball = classifier(partial(SGD, fused=fused)), MaxNorm(0.1)
    before = [p.clone() for p in model.parameters()]
    fit(model, ball, plugins=[MixedPrecision("16-mixed", "cpu", scaler)], max_epochs=1)
    assert all(map(torch.equal, before, model.parameters()))
    assert ball.on_ball == {}


@pytest.mark.parametrize(
    "optimizer", [partial(torch.optim.AdamW, lr=0.1), partial(SGD, momentum=0.9, fused=True)]
)
def test_it_holds_under_other_optimizers(optimizer):
    model = classifier(optimizer)
    fit(model, MaxNorm(0.4))
    assert max(lengths(model.network[i]).max() for i in (1, 3)) <= 0.4 + 1e-6


def test_each_optimizer_of_several_is_followed():
    class Two(Pulled):
        def __init__(self):
            super().__init__()
            self.other = nn.Linear(4, 2)
            nn.init.zeros_(self.other.weight)
            self.automatic_optimization = False

        def training_step(self, batch, batch_idx):
            for optimizer, layer in zip(self.optimizers(), (self.layer, self.other), strict=True):
                optimizer.zero_grad()
                self.manual_backward(-layer.weight.sum())
                optimizer.step()

        def configure_optimizers(self):
            return [SGD(self.layer.parameters()), SGD(self.other.parameters())]

    model, ball = Two(), MaxNorm(1.0)
    fit(model, ball, data=Steps(20), max_epochs=1)
    assert torch.cat([lengths(model.layer), lengths(model.other)]).tolist() == pytest.approx([1.0] * 4)
    assert ball.on_ball == {"layer": 0.5, "other": 0.5}


# Resuming


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    whole, resumed, ball, rest = classifier(), classifier(), MaxNorm(0.4), MaxNorm(0.4)
    fit(whole, ball, max_epochs=4)
    fit(classifier(), MaxNorm(0.4), max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    fit(resumed, rest, max_epochs=4, resume=tmp_path / "two.ckpt")
    assert all(map(torch.equal, whole.parameters(), resumed.parameters()))
    assert rest.state_dict() == ball.state_dict()
    torch.load(tmp_path / "two.ckpt", weights_only=True)


def test_an_epoch_that_is_resumed_in_the_middle_is_logged_whole(tmp_path):
    class Save(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            if trainer.global_step == 15:
                trainer.save_checkpoint(tmp_path / "middle.ckpt")

    whole, rest = History(), History()
    data = Digits(train_size=240, batch_size=10)
    fit(classifier(), MaxNorm(0.6), whole, Save(), data=data, max_epochs=1)
    fit(classifier(), MaxNorm(0.6), rest, data=data, max_epochs=1, resume=tmp_path / "middle.ckpt")
    assert 0 < whole["max_norm/on_ball"][0] < 1
    assert rest["max_norm/on_ball"] == whole["max_norm/on_ball"]


def test_a_new_training_counts_from_zero():
    ball = MaxNorm(0.4)
    fit(classifier(), ball)
    first = ball.state_dict()
    fit(classifier(), ball)
    assert ball.state_dict() == first


# Refusals


@pytest.mark.parametrize("radius", [0, -1.0, float("nan")])
def test_a_ball_needs_a_positive_radius(radius):
    for make in (MaxNorm, lambda radius: clip_unit_norms_(torch.ones(2, 2), radius)):
        with pytest.raises(ValueError, match=f"radius must be positive, got {radius}"):
            make(radius)


def test_what_is_excluded_is_a_list_of_known_names():
    with pytest.raises(TypeError, match="got the string 'head'"):
        MaxNorm(1.0, exclude="head")
    with pytest.raises(MisconfigurationException, match="Classifier has no module 'head'"):
        fit(classifier(), MaxNorm(1.0, exclude=["head"]))


@pytest.mark.filterwarnings("ignore:.*torch.nn.utils.:FutureWarning")
@pytest.mark.parametrize(
    "make",
    [
        parametrizations.weight_norm,
        parametrizations.spectral_norm,
        nn.utils.weight_norm,
        nn.utils.spectral_norm,
        lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    ],
)
def test_weights_that_are_computed_from_others_are_refused(make):
    network = nn.Sequential(nn.Flatten(), make(nn.Linear(64, 10)))
    with pytest.raises(
        MisconfigurationException,
        match=r"weight of network.1 is computed from other parameters .*exclude=\['network.1'\].* torch.nn.utils\.",
    ):
        fit(classifier(network=network), MaxNorm(1.0))


def test_lazy_layers_are_refused():
    class Lazy(Pulled):
        def __init__(self):
            super().__init__()
            self.lazy = nn.LazyLinear(2)

        def configure_optimizers(self):
            return SGD(self.layer.parameters())

    with pytest.raises(MisconfigurationException, match="weight of lazy, a LazyLinear, has no shape yet"):
        fit(Lazy(), MaxNorm(1.0), data=Steps(1))


def test_a_model_without_layers_is_refused():
    class Bare(Pulled):
        def __init__(self):
            super().__init__()
            self.layer = nn.Bilinear(2, 2, 2)

    with pytest.raises(MisconfigurationException, match="no dense or convolutional layer in Bare"):
        fit(Bare(), MaxNorm(1.0), data=Steps(1))


def test_two_balls_are_refused_by_lightning():
    with pytest.raises(RuntimeError, match="more than one stateful callback of type `MaxNorm`"):
        fit(classifier(), MaxNorm(1.0), MaxNorm(2.0))


@pytest.mark.parametrize("strategy", [FSDPStrategy, ModelParallelStrategy, DeepSpeedStrategy])
def test_shards_are_refused(strategy):
    trainer = quiet_trainer()
    trainer.strategy.__class__ = strategy
    with pytest.raises(MisconfigurationException, match=f"{strategy.__name__} gives each process a part"):
        MaxNorm(1.0).setup(trainer, classifier(), "fit")


def test_lbfgs_is_refused():
    with pytest.raises(MisconfigurationException, match="LBFGS compares gradients"):
        fit(classifier(torch.optim.LBFGS), MaxNorm(1.0))


def test_an_expanded_weight_is_refused_before_the_first_step():
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    network[1].weight = nn.Parameter(torch.ones(10, 1).expand(10, 64))
    with pytest.raises(MisconfigurationException, match=r"weight of network.1 is expanded.*clone"):
        fit(classifier(network=network), MaxNorm(1.0))


def test_the_weights_of_a_layer_may_be_clipped_directly_while_gradients_are_recorded():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0], [0.3, 0.4]]))
    norms = clip_unit_norms_(weight, radius=1.0)
    torch.testing.assert_close(norms, torch.tensor([5.0, 0.5]))
    torch.testing.assert_close(weight.detach(), torch.tensor([[0.6, 0.8], [0.3, 0.4]]))
    assert not norms.requires_grad
    assert weight.is_leaf
