"""lightning_modules.gradients.signal."""

import copy
import math
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from lightning_modules import (
    MLP,
    Classifier,
    Digits,
    StackedAutoencoder,
    initialize,
    quiet_trainer,
    signal,
)


def batch(count=32):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, 64, generator=generator), torch.randint(10, (count,), generator=generator)


def one_layer(activation, *weights):
    model = nn.Sequential(nn.Linear(1, len(weights), bias=False), activation)
    nn.init.zeros_(model[0].weight)
    model[0].weight.data += torch.tensor(weights).view(-1, 1)
    return model


def everything(model):
    """All that a look at the signal must not change."""
    return {
        "state": {name: value.clone() for name, value in model.state_dict().items()},
        "gradients": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "hooks": sum(
            len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks)
            for m in model.modules()
        ),
        "random": torch.get_rng_state(),
    }


def same(before, after):
    return (
        all(torch.equal(value, after["state"][name]) for name, value in before["state"].items())
        and all(
            (a is None and b is None) or torch.equal(a, b)
            for a, b in zip(before["gradients"], after["gradients"], strict=True)
        )
        and all(before[key] == after[key] for key in ("requires_grad", "modes", "hooks"))
        and torch.equal(before["random"], after["random"])
    )


# By hand


def test_mean_and_standard_deviation_are_over_all_outputs():
    report = signal(one_layer(nn.ReLU(), 1.0, -1.0), torch.tensor([[1.0], [3.0]]))
    assert (report["0"].mean, report["0"].std) == (0, pytest.approx(5**0.5))  # 1, 3, -1, -3
    assert (report["1"].mean, report["1"].std) == (1, pytest.approx(1.5**0.5))  # 1, 3, 0, 0


def test_the_spread_of_a_unit_over_the_batch_is_not_that_of_the_units():
    model = one_layer(nn.ReLU(), 1.0, 3.0)
    # unit 1: 1 and 3, unit 2: 3 and 9; their standard deviations are 1 and 3
    assert signal(model, torch.tensor([[1.0], [3.0]]))["1"].unit_std == 2
    same_inputs = signal(model, torch.tensor([[1.0], [1.0]]))["1"]
    assert (same_inputs.std, same_inputs.unit_std) == (1, 0)


def test_a_unit_is_dead_if_it_is_zero_for_every_input():
    model = one_layer(nn.ReLU(), 1.0, -1.0, -2.0, 0.5)
    assert signal(model, torch.tensor([[1.0], [3.0]]))["1"].dead == 0.5
    assert signal(model, torch.tensor([[1.0], [-3.0]]))["1"].dead == 0
    assert signal(model, torch.tensor([[1.0], [3.0]]))["0"].dead == 0


def test_a_convolutions_unit_is_a_channel():
    model = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU())
    with torch.no_grad():
        model[0].weight.fill_(1.0)
        model[0].bias.copy_(torch.tensor([0.0, -10.0, -10.0, -10.0]))
    images = torch.rand(2, 1, 3, 3)
    images[1, 0, 2, 2] = 10.5  # wakes channels up at one place of one image
    assert signal(model, images[:1])["1"].dead == 0.75
    assert signal(model, images)["1"].dead == 0


def test_a_sequences_unit_is_a_feature():
    model = one_layer(nn.ReLU(), 1.0, -1.0)
    assert signal(model, torch.rand(5, 7, 1) + 0.1)["1"].dead == 0.5


@pytest.mark.parametrize(
    ("activation", "inputs", "fraction"),
    [
        # 1% of the way from 0 to 1: sigmoid(-4.5951) = .01
        (nn.Sigmoid(), [-4.6, -4.59, 0.0, 4.6], 0.5),
        # 1% of the way from -1 to 1: tanh(2.2976) = .98
        (nn.Tanh(), [-2.3, 2.29, 2.3, 9.0], 0.75),
        (nn.Hardtanh(-2.0, 2.0), [-1.97, 0.0, 1.95, 3.0], 0.5),
    ],
)
def test_an_output_is_saturated_near_a_bound(activation, inputs, fraction):
    report = signal(activation, torch.tensor(inputs).view(-1, 1))
    assert report["(model)"].saturated == fraction


def test_what_has_no_bounds_on_both_sides_does_not_saturate():
    assert signal(nn.ReLU6(), torch.zeros(2, 2))["(model)"].saturated is None
    assert signal(nn.Linear(2, 2), torch.zeros(2, 2))["(model)"].saturated is None


def test_the_gradient_is_that_of_the_weights_and_per_weight_it_can_be_compared():
    model = one_layer(nn.Identity(), 1.0, 2.0)
    # loss = mean of (w x)² over two outputs: its gradient is w x² = 1 * 9 and 2 * 9
    report = signal(model, (torch.tensor([[3.0]]), torch.zeros(1, 2)), nn.MSELoss())
    assert report["0"].gradient_norm == pytest.approx((81 + 324) ** 0.5)
    assert report["0"].gradient_rms == pytest.approx(((81 + 324) / 2) ** 0.5)
    assert report.loss == pytest.approx((9 + 36) / 2)


# An oracle


def test_gradients_are_those_of_backward():
    torch.manual_seed(0)
    model, (inputs, targets) = MLP([64, 30, 20, 10], nn.Tanh), batch()
    report = signal(model, (inputs, targets), nn.functional.cross_entropy)
    loss = nn.functional.cross_entropy(model(inputs), targets)
    loss.backward()
    assert report.loss == loss.item()
    for name in ("1", "3", "5"):
        gradient = model[int(name)].weight.grad
        assert report[name].gradient_norm == pytest.approx(gradient.norm().item(), rel=1e-6)
        assert report[name].gradient_rms == pytest.approx(gradient.square().mean().sqrt().item(), rel=1e-6)


def test_outputs_are_those_of_the_layers_in_float64():
    torch.manual_seed(0)
    model, (inputs, _) = MLP([64, 30, 10], nn.Sigmoid), batch()
    report, hidden = signal(model, inputs), model[:3](inputs).double()
    assert [row.name for row in report] == ["1", "2", "3"]
    assert report["2"].mean == pytest.approx(hidden.mean().item(), rel=1e-5)
    assert report["2"].std == pytest.approx(hidden.std(correction=0).item(), rel=1e-5)


def test_he_keeps_the_signal_of_a_deep_network_and_torchs_default_loses_it():
    def stds(model):
        return [row.unit_std for row in signal(model, batch()) if row.kind == "ReLU"]

    torch.manual_seed(0)
    model = MLP([64, *[100] * 20, 10])
    fresh, default = copy.deepcopy(model), stds(model)
    initialize(model)
    he = stds(model)
    assert default[-1] < 1e-3 * default[0]
    assert he[-1] > 0.1 * he[0]
    # The biases keep the units apart from each other, and hide it from the standard deviation of them all.
    assert signal(fresh, batch())["39"].std > 0.01


# Any model


def test_a_layer_that_is_called_twice_has_two_rows():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.act = nn.Linear(64, 64), nn.ReLU()
            self.never_called = nn.Linear(64, 64)

        def forward(self, x):
            return self.act(self.fc(self.act(self.fc(x))))

    report = signal(Twice(), batch(), nn.functional.cross_entropy)
    assert [row.name for row in report] == [
        "fc",
        "act",
        "fc (2)",
        "act (2)",
    ]  # and none of what is not called
    assert report["fc"].gradient_norm == report["fc (2)"].gradient_norm  # they are the same weights


def test_changes_in_place_come_after_the_look():
    model = one_layer(nn.ReLU(inplace=True), 1.0, -1.0)
    assert signal(model, torch.tensor([[1.0], [3.0]]))["0"].mean == 0


@pytest.mark.parametrize(
    ("model", "inputs", "names"),
    [
        (
            nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.Flatten(), nn.Linear(12, 3)),
            (4, 1, 8),
            "0 1 3",
        ),
        (nn.LSTM(5, 7, num_layers=2), (4, 6, 5), "(model)"),
        (nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), (4, 6, 8), None),
        (nn.Sequential(weight_norm(nn.Linear(5, 3)), nn.ReLU()), (4, 5), "0 1"),
        (nn.Embedding(9, 3), None, "(model)"),
    ],
    ids=["convolution", "LSTM", "transformer", "parametrized", "embedding"],
)
def test_layers_of_every_kind_have_a_row_with_a_gradient(model, inputs, names):
    torch.manual_seed(0)
    inputs = torch.randint(9, (4, 6)) if inputs is None else torch.randn(inputs)

    def loss(outputs, targets):
        return (outputs[0] if isinstance(outputs, tuple) else outputs).square().mean()

    report = signal(model, (inputs, None), loss)
    if names is not None:
        assert [row.name for row in report] == names.split()
    for row in report:
        if row.kind not in ("ReLU", "Dropout"):
            assert row.gradient_norm > 0


def test_the_biases_of_attention_are_no_weights():
    torch.manual_seed(0)
    model, inputs = nn.MultiheadAttention(4, 2, batch_first=True), torch.randn(3, 5, 4)

    class Attend(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = model

        def forward(self, x):
            return self.attention(x, x, x)[0]

    report = signal(Attend(), (inputs, torch.zeros(3, 5, 4)), nn.MSELoss())
    nn.functional.mse_loss(model(inputs, inputs, inputs)[0], torch.zeros(3, 5, 4)).backward()
    expected = model.in_proj_weight.grad.norm().item()
    assert report["attention"].gradient_norm == pytest.approx(expected, rel=1e-5)


def test_frozen_weights_have_no_gradient():
    model = MLP([64, 20, 10])
    model[1].weight.requires_grad_(False)
    report = signal(model, batch(), nn.functional.cross_entropy)
    assert report["1"].gradient_norm is None
    assert report["3"].gradient_norm > 0
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    assert signal(model, batch(), nn.functional.cross_entropy)["3"].gradient_norm is None


def test_half_precision_outputs_are_measured_in_float32():
    outputs = torch.tensor([[1.0], [1.0078125]], dtype=torch.bfloat16)  # neighbors in bfloat16
    assert signal(nn.ReLU(), outputs)["(model)"].mean == 1.00390625


def test_a_lightning_module_gives_its_own_loss():
    torch.manual_seed(0)
    model = Classifier(MLP([64, 20, 10]))
    report = signal(model, batch())
    assert report.loss == signal(model, batch(), nn.functional.cross_entropy).loss
    assert [row.name for row in report] == ["network.1", "network.2", "network.3"]


def test_a_lightning_module_in_training_is_not_disturbed():
    class Look(pl.Callback):
        def __init__(self, look):
            self.look = look
            self.stds = []

        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            if self.look:
                self.stds.append(signal(pl_module, batch)["network.0.1"].std)

    def train(look):
        torch.manual_seed(0)
        body = MLP([64, 20, 20], normalization=nn.BatchNorm1d)
        model = Classifier(nn.Sequential(body, nn.Dropout(0.5), nn.Linear(20, 10)))
        callback = Look(look)
        trainer = quiet_trainer(max_epochs=2, callbacks=[callback])
        trainer.fit(model, Digits(train_size=96))
        return model.state_dict(), trainer.callback_metrics, callback

    (state, metrics, callback), (plain_state, plain_metrics, _) = train(look=True), train(look=False)
    assert len(callback.stds) == 6
    assert all(torch.equal(state[name], plain_state[name]) for name in state)
    assert {k: v.item() for k, v in metrics.items()} == {k: v.item() for k, v in plain_metrics.items()}


# Nothing is left behind


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("loss_fn", [None, nn.functional.cross_entropy])
def test_the_model_is_left_as_it_was(training, loss_fn):
    model = nn.Sequential(MLP([64, 20, 20], normalization=nn.BatchNorm1d), nn.Dropout(0.5), nn.Linear(20, 10))
    nn.functional.cross_entropy(model(batch()[0]), batch()[1]).backward()
    model.train(training)
    model[0][2].eval()
    model[2].bias.requires_grad_(False)
    before = everything(model)
    signal(model, batch(), loss_fn)
    assert same(before, everything(model))


def test_the_model_is_left_as_it_was_after_an_error():
    class Fails(nn.Module):
        def forward(self, x):
            raise RuntimeError("on purpose")

    model = nn.Sequential(MLP([64, 20], normalization=nn.BatchNorm1d), nn.BatchNorm1d(20), Fails())
    before = everything(model)
    with pytest.raises(RuntimeError, match="on purpose"):
        signal(model, batch(), nn.functional.cross_entropy)
    assert same(before, everything(model))


def test_it_works_where_gradients_are_switched_off():
    with torch.no_grad():
        assert signal(MLP([64, 10]), batch(), nn.functional.cross_entropy)["1"].gradient_norm > 0


# The report


def test_values_are_plain_numbers():
    report = signal(MLP([64, 20, 10], nn.Tanh), batch(), nn.functional.cross_entropy)
    for row in report:
        for value in (
            row.mean,
            row.std,
            row.unit_std,
            row.dead,
            row.saturated,
            row.gradient_norm,
            row.gradient_rms,
        ):
            assert value is None or type(value) is float
    assert type(report.loss) is float
    assert len(report) == 3


def test_the_table_can_be_read():
    model = one_layer(nn.ReLU(), 1.0, -1.0)
    report = signal(model, (torch.tensor([[1.0], [3.0]]), torch.zeros(2, 2)), nn.MSELoss())
    assert str(report).splitlines() == [
        "layer  kind    mean   std  unit std  dead  saturated  gradient  per weight",
        "0      Linear     0  2.24         1    0%             5.00e+00    3.54e+00",
        "1      ReLU       1  1.22       0.5   50%",
    ]


def test_an_unknown_layer_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match="'conv1' is not in the report; there is 1, 2, 3"):
        signal(MLP([64, 20, 10]), batch())["conv1"]


# Refusals


def test_a_batch_without_inputs_or_targets_is_refused():
    with pytest.raises(TypeError, match=r"a batch is a pair \(inputs, targets\), got Tensor"):
        signal(MLP([64, 10]), batch()[0], nn.functional.cross_entropy)
    with pytest.raises(TypeError, match=r"tensor of inputs, or .* got dict"):
        signal(MLP([64, 10]), {"inputs": batch()[0]})


def test_a_training_step_that_steps_by_itself_is_refused():
    model = Classifier(MLP([64, 10]))
    model.automatic_optimization = False
    with pytest.raises(ValueError, match=r"Classifier optimizes manually.*Pass loss_fn="):
        signal(model, batch())
    assert signal(model, batch(), nn.functional.cross_entropy).loss > 0


def test_an_autoencoder_is_looked_at_in_its_first_phase():
    report = signal(StackedAutoencoder.dense((1, 8, 8), [20, 10]), torch.rand(5, 1, 8, 8))
    assert [row.gradient_norm > 0 for row in report if row.kind == "Linear"] == [True, True]


def test_a_training_step_that_asks_for_a_trainer_is_refused():
    class Asks(Classifier):
        def training_step(self, batch, batch_idx):
            return super().training_step(batch, batch_idx) / self.trainer.world_size

    batch = (torch.zeros(2, 4), torch.zeros(2, dtype=torch.long))
    with pytest.raises(ValueError, match=r"asks for its Trainer, and there is none here. Pass loss_fn="):
        signal(Asks(MLP([4, 3])), batch)
    assert signal(Asks(MLP([4, 3])), batch, nn.functional.cross_entropy).loss > 0


def test_a_training_step_without_a_loss_is_refused():
    class Silent(Classifier):
        def training_step(self, batch, batch_idx):
            return None

    with pytest.raises(TypeError, match="returned no loss but NoneType"):
        signal(Silent(MLP([64, 10])), batch())


def test_a_loss_of_several_numbers_is_refused():
    with pytest.raises(ValueError, match=r"one number, got shape \(32,\)"):
        signal(MLP([64, 10]), batch(), partial(nn.functional.cross_entropy, reduction="none"))


# What a model may do to its inputs, and what it may be


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, x):
        return self.layer(x["x"][0].mul_(2) if isinstance(x, dict) else x.mul_(2))


def test_a_batch_that_the_model_writes_into_stays_as_it_was():
    x = torch.ones(4, 2)
    signal(InPlace(), x)
    signal(InPlace(), (x, torch.zeros(4, 3)), nn.MSELoss())
    signal(InPlace(), ({"x": [x]}, torch.zeros(4, 3)), nn.MSELoss())
    assert torch.equal(x, torch.ones(4, 2))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_a_compiled_network_that_has_run_is_seen_layer_by_layer():
    torch.manual_seed(0)
    network, x = nn.Sequential(nn.Linear(2, 3), nn.ReLU()), torch.randn(5, 2)
    compiled = torch.compile(network, backend="eager")
    compiled(x)
    batch = (x, torch.zeros(5, 3))
    assert signal(compiled, batch, nn.MSELoss()) == signal(network, batch, nn.MSELoss())
    outer = nn.Sequential(compiled)
    outer(x)
    assert [row.name for row in signal(outer, x)] == ["0.0", "0.1"]


@pytest.mark.filterwarnings("ignore:.*torch.nn.utils.:FutureWarning")
@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.spectral_norm])
def test_a_layer_that_is_normed_the_older_way_can_be_looked_at_after_it_has_been_called(norm):
    model, x = nn.Sequential(norm(nn.Linear(2, 3))), torch.randn(5, 2)
    model(x)
    report = signal(model, (x, torch.zeros(5, 3)), nn.MSELoss())
    model.zero_grad()
    nn.functional.mse_loss(model.eval()(x), torch.zeros(5, 3)).backward()
    assert report["0"].gradient_norm > 0
    if norm is nn.utils.weight_norm:
        found = [p.grad.norm().item() for name, p in model.named_parameters() if "bias" not in name]
        assert report["0"].gradient_norm == pytest.approx(math.hypot(*found))


def test_a_layer_that_gives_out_a_dictionary_is_seen():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2))

        def forward(self, x):
            return {"out": x * self.scale}

    assert signal(nn.Sequential(Named()), torch.full((3, 2), 2.0))["0"].mean == 2
