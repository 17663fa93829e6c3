"""Networks of timm, whose layers are of classes of its own, through what the library does with a model.

On each push one network is tried; STRANGERS=all tries five.
"""

import os
from itertools import pairwise

import pytest
import pytorch_lightning as pl
import torch
from fitting import parameters
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from lightning_modules import (
    AdaptiveGradientClipping,
    ClipGradientNorm,
    ClipGradientValue,
    GradualUnfreezing,
    decay_groups,
    fold_batch_norm,
    initialize,
    layer_rate_groups,
    plan_folding,
    quiet_trainer,
    signal,
)
from lightning_modules.module_names import is_within

timm = pytest.importorskip(
    "timm",
    reason="timm is installed by hand alone: it brings torchvision, whose wheel does not fit torch for CPUs",
    exc_type=ImportError,
)

# The layers below the head, from the top down; "blocks.*" and the like are several.
LAYERS = {
    "convnext_atto": [["head.norm"], "stages.*", "stem"],
    "efficientnet_b0": [["conv_head", "bn2"], "blocks.*", ["conv_stem", "bn1"]],
    "mobilenetv3_small_050": ["conv_head", "blocks.*", ["conv_stem", "bn1"]],
    "resnet18": ["layer4", "layer3", "layer2", "layer1", ["conv1", "bn1"]],
    "vit_tiny_patch16_224": ["norm", "blocks.*", ["patch_embed", "cls_token", "pos_embed"]],
}
DUE = list(LAYERS) if os.environ.get("STRANGERS") == "all" else ["mobilenetv3_small_050"]

each_network = pytest.mark.parametrize("name", DUE)


def size(name: str) -> int:
    return 32 if name.startswith("vit") else 64


def new(name: str) -> nn.Module:
    torch.manual_seed(0)
    fits = {"img_size": size(name)} if name.startswith("vit") else {}
    return timm.create_model(name, pretrained=False, num_classes=5, **fits)


def trained(name: str) -> nn.Module:
    """With statistics, scales and shifts as training leaves them."""
    model = new(name)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.1, 0.1)
    return model


def images(name: str, count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, size(name), size(name), generator=torch.Generator().manual_seed(3))


def weight_layers(model: nn.Module) -> list[str]:
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear | _ConvNd)]


def as_found(model: nn.Module):
    """Modes, what has gradients, and hooks."""
    hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()]
    return [m.training for m in model.modules()], [p.grad is None for p in model.parameters()], hooks


def copies(tensors) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in tensors}


def assert_same(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=0)


@each_network
def test_initialize_draws_every_weight_layer_as_its_activation_needs(name):
    model, x = new(name), images(name)
    found, buffers, before = as_found(model), copies(model.named_buffers()), x.clone()
    drawn = {row.name: row for row in initialize(model, example=x) if row.scheme is not None}
    assert list(drawn) == weight_layers(model)
    for row in drawn.values():
        assert row.std_after == pytest.approx(row.target_std, rel=0.2)
    assert {row.note for row in drawn.values()} > {"before no activation"}
    assert as_found(model) == found
    assert_same(x, before)
    assert_same(dict(model.named_buffers()), buffers)
    assert 0.1 < model.train()(x).std() < 10


@each_network
@pytest.mark.parametrize("training", [True, False])
def test_signal_sees_every_weight_layer_and_leaves_all_as_it_was(name, training):
    model = new(name).train(training)
    found, state = as_found(model), copies(model.state_dict().items())
    numbers = torch.get_rng_state()
    report = signal(model, (images(name), torch.tensor([0, 1])), nn.CrossEntropyLoss())
    rows = {row.name: row for row in report}
    assert rows.keys() >= set(weight_layers(model))
    assert all(rows[layer].gradient_norm is not None for layer in weight_layers(model))
    assert as_found(model) == found
    assert_same(dict(model.state_dict()), state)
    assert_same(torch.get_rng_state(), numbers)


@each_network
def test_all_batch_normalizations_fold_and_outputs_stay(name):
    model, x = trained(name).double().eval(), images(name).double()
    assert [row.obstacle for row in plan_folding(model, x) if row.obstacle] == []
    folded = fold_batch_norm(model, x)
    assert not any(isinstance(module, _BatchNorm) for module in folded.modules())
    with torch.no_grad():
        expected = model(x)
        assert torch.allclose(folded(x), expected, rtol=1e-10, atol=1e-10 * expected.abs().max())


@each_network
def test_groups_of_rates_and_decay_have_each_parameter_once(name):
    model = new(name)
    exempt = [type(model)]  # its own parameters: a vision transformer's tokens and positions
    groups = layer_rate_groups(model, LAYERS[name], 1.0, 0.5, decay_groups(model, 0.05, exempt))
    held = [id(p) for group in groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())
    names = {id(p): name for name, p in model.named_parameters()}
    rates = {names[id(p)]: group["lr"] for group in groups for p in group["params"]}
    head = {
        n for n, p in model.named_parameters() if any(p is own for own in model.get_classifier().parameters())
    }
    assert {n for n, rate in rates.items() if rate == 1.0} == head
    assert set(rates.values()) == {0.5**k for k in range(len(set(rates.values())))}
    decayed = {names[id(p)] for group in groups if group["weight_decay"] for p in group["params"]}
    assert decayed == {f"{layer}.weight" for layer in weight_layers(model)}


class Stranger(pl.LightningModule):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def training_step(self, batch, batch_idx):
        images, labels = batch
        return nn.functional.cross_entropy(self.net(images), labels)

    def configure_optimizers(self):
        return torch.optim.AdamW(decay_groups(self.net, 0.05), lr=1e-3)


def loader(name: str):
    labels = torch.tensor([0, 1, 2, 3])
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images(name, 4), labels), batch_size=2)


@pytest.mark.filterwarnings("ignore:GradualUnfreezing will never thaw:UserWarning")
@each_network
def test_layers_thaw_one_by_one_and_what_is_frozen_keeps_its_statistics(name):
    states = []

    class Watch(pl.Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            states.append(copies(pl_module.net.state_dict().items()))

        on_train_end = on_train_epoch_start

    model = Stranger(trained(name))
    modes = [module.training for module in model.modules()]
    layers = [
        f"net.{one}" if isinstance(one, str) else [f"net.{part}" for part in one] for one in LAYERS[name]
    ]
    unfreezing = GradualUnfreezing(layers)
    quiet_trainer(max_epochs=3, callbacks=[unfreezing, Watch()]).fit(model, loader(name))
    rows = [line.split("  ")[0].removeprefix("net.") for line in unfreezing.table().splitlines()[2:]]
    assert len(rows) == len(unfreezing.factors) >= len(LAYERS[name])

    def within(layer, state):
        parts = [part.removeprefix("net.") for part in layer.split(", ")]
        return {n for n in state if any(is_within(n, part) for part in parts)}

    for epoch, (before, after) in enumerate(pairwise(states)):
        moved = {n for n, value in after.items() if not torch.equal(value, before[n])}
        assert all(within(layer, moved) for layer in rows[:epoch])
        assert [within(layer, moved) for layer in rows[epoch:]] == [set()] * len(rows[epoch:])
        assert not [n for n in moved if "running" in n or "num_batches" in n]
    assert [module.training for module in model.modules()] == modes
    assert all(p.requires_grad for p in model.parameters())


def of_torch_by_norm(clipping, parameters):
    nn.utils.clip_grad_norm_(parameters.values(), clipping.max_norm)


def of_torch_by_value(clipping, parameters):
    nn.utils.clip_grad_value_(parameters.values(), clipping.limit)


def of_timm(clipping, parameters):
    assert len(clipping.excluded) == 2  # the head's
    clipped = [p for name, p in parameters.items() if name not in clipping.excluded]
    timm.utils.agc.adaptive_clip_grad(clipped, clipping.clipping, clipping.eps)


@each_network
@pytest.mark.parametrize(
    ("clipping", "peer"),
    [
        (ClipGradientNorm(0.5, every_step=True), of_torch_by_norm),
        (ClipGradientValue(0.01, every_step=True), of_torch_by_value),
        (AdaptiveGradientClipping(0.01, every_step=True), of_timm),
    ],
)
def test_gradients_are_clipped_as_torch_and_timm_clip_them(name, clipping, peer):
    twins, norms = [], []

    class Before(pl.Callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            twin = {n: nn.Parameter(p.detach().clone()) for n, p in pl_module.named_parameters()}
            for n, p in pl_module.named_parameters():
                twin[n].grad = p.grad.clone()
            norms.append(nn.utils.get_total_norm([p.grad for p in twin.values()]).item())
            twins.append(twin)

    class After(pl.Callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            peer(clipping, twin := twins.pop())
            for n, p in pl_module.named_parameters():
                torch.testing.assert_close(p.grad, twin[n].grad, msg=n)

    model = Stranger(new(name))
    quiet_trainer(max_epochs=1, callbacks=[Before(), clipping, After()]).fit(model, loader(name))
    assert clipping.steps == clipping.clipped == 2
    assert clipping.norms == pytest.approx(norms, rel=1e-5)
    assert all(p.isfinite().all() for p in parameters(model).values())
