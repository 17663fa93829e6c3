"""lightning_modules.gradients.following, through `initialize`: what follows a layer is seen, watched, or asked for."""

import math

import pytest
import torch
from torch import nn

from lightning_modules import MLP, initialize


class Functional(nn.Module):
    """Two convolutions side by side, joined before a leaky ReLU; nothing of it is to be seen in the modules."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 10)
        self.skip = nn.Conv2d(1, 8, 1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.dropout = nn.Dropout()

    def forward(self, images):
        hidden = torch.relu(self.norm(self.first(images)))
        joined = self.second(hidden).add_(self.skip(images))
        pooled = nn.functional.leaky_relu(joined, 0.3).mean((2, 3))
        return self.head(self.dropout(pooled.view(-1, 8)))


def test_a_forward_pass_shows_functions_and_joined_ways():
    report = initialize(Functional(), example=torch.randn(2, 1, 6, 6))
    notes = {row.name: row.note for row in report if row.scheme}
    assert notes == {
        "first": "before ReLU",
        "second": "before LeakyReLU",
        "skip": "before LeakyReLU",
        "head": "before no activation",
    }
    assert report["skip"].target_std == pytest.approx(math.sqrt(2 / (1 + 0.3**2)))


def test_a_forward_pass_leaves_nothing_behind():
    model = Functional()
    model.dropout.eval()
    state = torch.random.get_rng_state()
    statistics = model.norm.running_mean.clone()
    initialize(
        model, example=torch.randn(2, 1, 6, 6, generator=torch.Generator()), generator=torch.Generator()
    )
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert model.training
    assert model.norm.training
    assert not model.dropout.training
    assert torch.equal(statistics, model.norm.running_mean)
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_failing_forward_pass_leaves_nothing_behind_either():
    model = Functional()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(RuntimeError):
        initialize(model, example=torch.randn(2, 3, 6, 6))
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert all(m.training for m in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_one_activation_module_may_serve_all_layers():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            self.act = nn.SELU()

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = self.act(layer(x))
            return self.layers[-1](x)

    with pytest.raises(ValueError, match=r"layers\.0, layers\.1"):
        initialize(Shared())
    report = initialize(Shared(), example=torch.randn(1, 4))
    assert [row.scheme for row in report] == ["lecun", "lecun", "glorot"]


def test_several_inputs_are_a_tuple():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(2, 3), nn.Linear(4, 3)

        def forward(self, left, right):
            return torch.tanh(self.left(left) + self.right(right))

    report = initialize(Two(), example=(torch.zeros(1, 2), torch.zeros(1, 4)))
    assert [row.note for row in report] == ["before Tanh", "before Tanh"]


@pytest.mark.parametrize(
    ("function", "note", "slope"),
    [
        (nn.functional.logsigmoid, "LogSigmoid", None),
        (lambda x: nn.functional.rrelu(x, 0.2, 0.2), "RReLU", 0.2),
        (lambda x: nn.functional.prelu(x, torch.tensor([0.5])), "PReLU", 0.5),
        (lambda x: nn.functional.leaky_relu(x, negative_slope=0.4), "LeakyReLU", 0.4),
    ],
)
def test_a_function_is_the_activation_that_it_computes(function, note, slope):
    class Calls(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return self.second(function(self.first(x)))

    row = initialize(Calls(), example=torch.zeros(1, 2))["first"]
    assert row.note == f"before {note}"
    if slope is not None:
        assert row.target_std == pytest.approx(math.sqrt(2 / ((1 + slope**2) * 2)))


def test_in_place_activations_are_seen():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return self.second(self.first(x).relu_())

    assert initialize(InPlace(), example=torch.zeros(1, 2))["first"].note == "before ReLU"


def test_layers_in_a_model_that_has_parameters_of_its_own_are_seen():
    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.positions = nn.Parameter(torch.zeros(3, 8))
            layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)
            self.head = nn.Linear(8, 2)

        def forward(self, inputs):
            return self.head(self.encoder(inputs + self.positions).mean(1))

    report = initialize(Transformer(), example=torch.randn(2, 3, 8))
    for layer in ("encoder.layers.0", "encoder.layers.1"):
        assert report[f"{layer}.linear1"].note == "before ReLU"
        assert report[f"{layer}.linear2"].note == "before no activation"
    assert report["head"].note == "before no activation"
    assert report["(model)"].note == "left as it is: positions"


def test_a_layer_that_the_forward_pass_does_not_reach_is_named():
    model = nn.Module()
    model.used, model.unused = nn.Linear(2, 2), nn.Linear(2, 2)
    model.forward = lambda x: model.used(x)
    with pytest.raises(ValueError, match=r"follows unused. model\(example\) does not call it"):
        initialize(model, example=torch.zeros(1, 2))


def test_modules_between_a_layer_and_its_activation_do_not_hide_it():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.MaxPool2d(2),
        nn.Dropout(),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4, 2),
    )
    assert initialize(model)["0"].note == "before ReLU"


def test_two_dense_layers_in_sequence_have_nothing_between_them():
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    assert [row.note for row in initialize(model)] == [
        "before no activation",
        "before ReLU",
        "before no activation",
    ]


def test_nested_sequences_are_read_in_order():
    model = nn.Sequential(
        nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Tanh())), nn.Linear(3, 2), nn.Sigmoid()
    )
    assert [row.note for row in initialize(model)] == ["before Tanh", "before Sigmoid"]


@pytest.mark.parametrize("make", [Functional, lambda: nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])])
def test_what_cannot_be_seen_is_asked_for(make):
    model = make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(
        ValueError, match=r"cannot be seen which activation follows .*example=.*activation=.*scheme="
    ):
        initialize(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("activation", [nn.SELU, nn.SELU()])
def test_an_activation_that_is_named_follows_all_but_the_last_layer(activation):
    report = initialize(nn.ModuleList([nn.Linear(4, 4) for _ in range(3)]), activation=activation)
    assert [row.scheme for row in report] == ["lecun", "lecun", "glorot"]


def test_a_named_activation_does_not_override_a_visible_one():
    assert initialize(MLP([4, 3, 2]), activation=nn.SELU)["1"].scheme == "he"


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (nn.Linear(2, 2), {"scheme": "xavier"}, "one of glorot, he, lecun, got 'xavier'"),
        (nn.Linear(2, 2), {"distribution": "cauchy"}, "one of normal, uniform, orthogonal, got 'cauchy'"),
        (
            nn.Linear(2, 2),
            {"activation": nn.Dropout},
            r"No scheme is known for Dropout.*SCHEME_FOR\[Dropout\]",
        ),
        (nn.Linear(2, 2, device="meta"), {}, "weight is on the meta device"),
    ],
)
def test_a_model_refuses_nonsense(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        initialize(model, **arguments)


def test_lazy_layers_are_refused_by_name():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.LazyLinear(2))
    with pytest.raises(ValueError, match=r"2\.weight is lazy and has no values yet. Call the model once"):
        initialize(model)


def test_an_example_that_the_model_writes_into_stays_as_it_was():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            return self.layer(x["x"].mul_(2)).relu()

    x = torch.ones(3, 2)
    assert initialize(InPlace(), example={"x": x})["layer"].note == "before ReLU"
    assert torch.equal(x, torch.ones(3, 2))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
@pytest.mark.parametrize("watch", [False, True])
def test_a_compiled_network_that_has_run_is_initialized_as_it_was_written(watch):
    network, x = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), torch.randn(5, 2)
    compiled = torch.compile(network, backend="eager")
    compiled(x)
    rows = list(initialize(compiled, example=x if watch else None))
    assert [(row.name, row.note) for row in rows] == [("0", "before ReLU"), ("2", "before no activation")]
    outer = nn.Sequential(compiled, nn.Tanh())
    outer(x)
    rows = list(initialize(outer, example=x if watch else None))
    assert [(row.name, row.note) for row in rows] == [("0.0", "before ReLU"), ("0.2", "before Tanh")]


@pytest.mark.parametrize(
    ("weight", "reason"),
    [
        (torch.ones(2, 1).expand(2, 2), r"1.weight is expanded"),
        (torch.eye(2).to_sparse(), r"1.weight is sparse \(sparse_coo\)"),
    ],
)
def test_a_weight_that_cannot_be_set_is_refused_before_any_is_drawn(weight, reason):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = nn.Parameter(weight)
    before = model[0].weight.detach().clone()
    with pytest.raises(ValueError, match=reason):
        initialize(model)
    assert torch.equal(model[0].weight, before)
    model[1].weight.requires_grad_(False)
    assert initialize(model)["1"].note == "left as it is: frozen"
