"""lightning_modules.pretrained.transfer_keras."""

import copy
import os
import pickle
import tempfile
from functools import partial

# Before the import of Keras, which reads its settings from a folder in the home directory, and writes them there.
os.environ["KERAS_BACKEND"] = "torch"
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp())

import numpy as np
import pytest
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import nn
from unfreezing_runs import ends_frozen

from lightning_modules import (
    AdaptiveGradientClipping,
    Classifier,
    Digits,
    FreezeBatchNorm,
    GradualUnfreezing,
    KerasModule,
    MaxNorm,
    fold_batch_norm,
    mc_dropout,
    plan_folding,
    quiet_trainer,
    reuse,
    signal,
)

keras = pytest.importorskip("keras")
layers = keras.layers


def test_kerass_running_variance_divides_by_n_and_torchs_by_n_minus_1():
    images = torch.tensor([[1.0], [3.0]])  # mean 2, squares 1 and 1
    theirs = layers.BatchNormalization(momentum=0.0)
    theirs(images, training=True)
    ours = nn.BatchNorm1d(1, momentum=1.0)
    ours(images)
    assert float(theirs.moving_variance.value) == 1.0
    assert ours.running_var.item() == 2.0


def pretrained(rate=0.5):
    """A Keras model that has been trained by Keras, for a moment."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((1, 8, 8)),
            layers.Flatten(name="flatten"),
            layers.Dense(6, activation="relu", name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(rate, name="drop"),
            layers.Dense(10, name="scores"),
        ]
    )
    for value in model.get_layer("norm").non_trainable_variables:
        value.assign(np.linspace(1, 2, 6))
    return model


def images(count=5):
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def fit(module, *callbacks, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(
        **({"max_epochs": 2, "limit_val_batches": 0, "callbacks": list(callbacks)} | arguments)
    )
    trainer.fit(module, Digits(train_size=64, batch_size=16), ckpt_path=resume)
    return trainer


NAMES = [
    "hidden.kernel",
    "hidden.bias",
    "norm.gamma",
    "norm.beta",
    "norm.moving_mean",
    "norm.moving_variance",
    "drop.seed_generator_state",
    "scores.kernel",
    "scores.bias",
]


# The same outputs


def test_outputs_are_those_of_keras():
    model = pretrained()
    module = KerasModule(model).eval()
    expected = model(images(), training=False).detach()
    torch.testing.assert_close(module(images()), expected, rtol=0, atol=1e-6)


def test_layers_one_by_one_give_what_the_model_gives():
    model = pretrained()
    chosen = [model.get_layer(name) for name in ("flatten", "hidden", "norm", "drop", "scores")]
    torch.testing.assert_close(KerasModule(chosen).eval()(images()), model(images(), training=False))
    body = KerasModule(chosen[:2])
    assert body(images()).shape == (5, 6)
    assert list(body.state_dict()) == ["hidden.kernel", "hidden.bias"]


def test_train_and_eval_are_passed_on():
    module = KerasModule(pretrained())
    torch.testing.assert_close(module.eval()(images()), module(images()))
    before = module.norm.moving_mean.clone()
    one, other = module.train()(images()), module(images())
    assert not torch.equal(one, other)  # dropout draws anew
    assert not torch.equal(module.norm.moving_mean, before)
    kept = module.norm.moving_mean.clone()
    module.eval()(images())
    assert torch.equal(module.norm.moving_mean, kept)


def test_dropout_draws_from_torchs_generator_and_not_from_its_seed():
    module = KerasModule(pretrained())
    outputs = [(torch.manual_seed(seed), module(images()))[1] for seed in (3, 3, 4)]
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_several_inputs_are_handed_on():
    left, right = keras.Input((2,)), keras.Input((2,))
    total = layers.Dense(1, name="sum")(layers.Concatenate(name="both")([left, right]))
    model = keras.Model([left, right], total)
    a, b = torch.rand(3, 2), torch.rand(3, 2)
    torch.testing.assert_close(KerasModule(model)(a, b), model([a, b]))


# Names


def test_names_are_those_of_the_layers_whatever_was_made_before():
    assert list(KerasModule(pretrained()).state_dict()) == NAMES
    assert list(KerasModule(pretrained()).state_dict()) == NAMES


def test_weights_are_parameters_and_everything_else_buffers():
    module = KerasModule(pretrained())
    assert [name for name, _ in module.named_parameters()] == [
        n for n in NAMES if "moving" not in n and "seed" not in n
    ]
    module.requires_grad_(True)
    assert not any(buffer.requires_grad for buffer in module.buffers())


def test_a_layer_that_was_frozen_in_keras_has_frozen_parameters():
    model = pretrained()
    model.get_layer("hidden").trainable = False
    module = KerasModule(model)
    assert [name for name, p in module.named_parameters() if not p.requires_grad] == NAMES[:2]


def test_parts_that_keras_names_itself_keep_their_name():
    names = []
    for _ in range(2):
        layer = layers.LSTM(3, name="memory")
        layer.build((None, 4, 2))
        names.append(list(KerasModule(layer).state_dict()))
    assert names[0] == names[1]
    assert names[0][0] == "memory.lstm_cell.kernel"
    attention = layers.MultiHeadAttention(2, 3, name="attention")
    attention.build((None, 4, 2), (None, 4, 2))
    assert "attention.query.kernel" in KerasModule(attention).state_dict()


def test_a_model_inside_a_model_is_named():
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="first")], name="inside")
    outer = keras.Sequential([keras.Input((3,)), inner, layers.Dense(1, name="last")])
    assert list(KerasModule(outer).state_dict())[:2] == ["inside.first.kernel", "inside.first.bias"]


# In training


def test_lightning_trains_it_and_keras_has_the_result():
    model = pretrained()
    module = KerasModule(model)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fit(Classifier(module, optimizer=partial(torch.optim.SGD, lr=0.1)))
    after = module.state_dict()
    same = [name for name, value in before.items() if torch.equal(value, after[name])]
    assert same == ["drop.seed_generator_state"]
    assert torch.equal(model.get_layer("hidden").kernel.value, after["hidden.kernel"])
    torch.testing.assert_close(module.eval()(images()), model(images(), training=False))


def test_gradients_are_those_of_the_same_network_in_torch():
    model = pretrained()
    chosen = [model.get_layer(name) for name in ("flatten", "hidden")]
    module = KerasModule(chosen)
    twin = nn.Linear(64, 6)
    with torch.no_grad():
        twin.weight.copy_(module.hidden.kernel.T)
        twin.bias.copy_(module.hidden.bias)
    module(images()).square().sum().backward()
    twin(images().flatten(1)).relu().square().sum().backward()
    torch.testing.assert_close(module.hidden.kernel.grad.T, twin.weight.grad)
    torch.testing.assert_close(module.hidden.bias.grad, twin.bias.grad)


@ends_frozen
def test_its_layers_can_be_thawed_one_by_one():
    body = KerasModule([pretrained().get_layer(name) for name in ("flatten", "hidden")])
    kept = body.hidden.kernel.clone()
    module = Classifier(nn.Sequential(body, nn.Linear(6, 10)))
    fit(module, GradualUnfreezing(["network.0.hidden"], at=[2]))
    assert torch.equal(body.hidden.kernel, kept)
    fit(module, GradualUnfreezing(["network.0.hidden"], at=[1]))
    assert not torch.equal(body.hidden.kernel, kept)


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    whole, first, rest = (Classifier(KerasModule(pretrained(rate=0.0))) for _ in range(3))
    fit(whole)
    fit(first, max_epochs=1).save_checkpoint(tmp_path / "one.ckpt")
    fit(rest, resume=tmp_path / "one.ckpt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[name]), name


def test_reuse_loads_its_layers_by_name():
    source, module = KerasModule(pretrained()), KerasModule(pretrained())
    with torch.no_grad():
        source.hidden.kernel.add_(1)
    assert reuse(module, source, layers=["hidden"]).loaded == ["hidden.kernel", "hidden.bias"]
    torch.testing.assert_close(module.hidden.kernel, source.hidden.kernel)
    x = images().flatten(1)
    torch.testing.assert_close(
        module._keras[0].get_layer("hidden")(x), source._keras[0].get_layer("hidden")(x)
    )


# Copies and conversions


def test_a_converted_module_computes_with_the_converted_weights():
    module = KerasModule([pretrained().get_layer(name) for name in ("flatten", "hidden")])
    before = module(images())
    assert module.double().hidden.kernel.dtype == torch.float64
    module.float()
    with torch.no_grad():
        module.hidden.kernel.mul_(2)
        module.hidden.bias.mul_(2)
    torch.testing.assert_close(module(images()), 2 * before)


def test_weights_that_are_assigned_are_those_that_compute():
    module = KerasModule(pretrained()).eval()
    zeros = {name: torch.zeros_like(value) for name, value in module.state_dict().items()}
    module.load_state_dict(zeros, assign=True)
    assert not module(images()).any()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("copies", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
def test_a_copy_is_equal_and_trains_apart(copies):
    module = KerasModule(pretrained()).eval()
    twin = copies(module)
    assert list(twin.state_dict()) == NAMES
    assert not twin.training
    torch.testing.assert_close(twin(images()), module(images()))
    kept = module(images())
    with torch.no_grad():
        twin.scores.bias.add_(1)
    torch.testing.assert_close(twin(images()), kept + 1)
    torch.testing.assert_close(module(images()), kept)


# Inputs in containers, names, and what torch does not see


def two_inputs():
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    together = layers.Concatenate(name="both")([a, b])
    return a, b, layers.Dense(4, name="scores")(together)


@pytest.mark.parametrize("kind", ["dict", "list", "several"])
def test_inputs_come_in_a_dictionary_or_a_list(kind):
    a, b, scores = two_inputs()
    model = keras.Model({"a": a, "b": b} if kind == "dict" else [a, b], scores)
    module, x, y = KerasModule(model), torch.rand(5, 3), torch.rand(5, 2)
    given = ({"a": x, "b": y},) if kind == "dict" else ([x, y],) if kind == "list" else (x, y)
    weights = module.scores.kernel, module.scores.bias
    torch.testing.assert_close(module(*given), torch.cat([x, y], dim=1) @ weights[0] + weights[1])
    assert signal(module, ([x, y] if kind == "several" else given[0], None))["(model)"].shape == (5, 4)


def test_a_layer_without_variables_takes_a_list_too():
    layer = layers.Add(name="sum")
    layer.build([(None, 2), (None, 2)])
    assert KerasModule(layer)([torch.ones(3, 2), torch.ones(3, 2)]).sum() == 12


def made_up():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((3,)), layers.Dense(4), layers.ReLU(), layers.Dense(5, name="mid"), layers.Dense(2)]
    )


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_layers_whose_names_keras_made_up_are_named_in_their_order():
    module = KerasModule(made_up(), names=["body", "head"])
    names = [f"{layer}.{variable}" for layer in ("body", "mid", "head") for variable in ("kernel", "bias")]
    assert list(module.state_dict()) == names == list(copy.deepcopy(module).state_dict())
    assert list(pickle.loads(pickle.dumps(module)).state_dict()) == names
    assert reuse(KerasModule(made_up(), names=["body", "head"]), module).loaded == names


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["body"], ValueError, r"KerasModule\(…, names=\['body', 'body_dense'\]\)"),
        (["a", "b", "c"], ValueError, "names holds 3 names, and there are 2 layers"),
        ("body", TypeError, r"got the string 'body'. Use \['body'\]"),
        (["mid", "head"], ValueError, "Two variables would be called mid.kernel"),
    ],
)
def test_names_must_fit(names, error, message):
    with pytest.raises(error, match=message):
        KerasModule(made_up(), names=names)


def test_signal_sees_one_layer_with_the_gradient_of_all_its_weights():
    network = nn.Sequential(KerasModule(pretrained()), nn.Linear(10, 2))
    batch = (images(8), torch.zeros(8, dtype=torch.long))
    report = signal(network, batch, nn.functional.cross_entropy)
    assert [(row.name, row.kind) for row in report] == [("0", "KerasModule"), ("1", "Linear")]
    assert report["0"].shape == (8, 10)
    assert report["0"].gradient_norm > 0


def test_folding_names_the_normalizations_that_are_keras_and_folds_the_others():
    network = nn.Sequential(KerasModule(pretrained()), nn.Linear(10, 2), nn.BatchNorm1d(2)).eval()
    assert str(plan_folding(network)) == (
        "2 -> 1\nnorm: is a BatchNormalization inside 0 (KerasModule), which is called as a whole"
    )
    with pytest.raises(ValueError, match=r"norm: is a BatchNormalization inside 0 \(KerasModule\)"):
        fold_batch_norm(network)
    folded = fold_batch_norm(network, images(), strict=False)
    torch.testing.assert_close(folded(images()), network(images()))


@pytest.mark.parametrize("beside", [False, True])
def test_mc_dropout_names_the_dropout_that_is_keras(beside):
    network = nn.Sequential(KerasModule(pretrained()), *([nn.Dropout(0.5)] if beside else []))
    with pytest.raises(
        ValueError, match=r"0 \(KerasModule\) has drop \(Dropout\) inside.*an nn.Dropout in its place"
    ):
        mc_dropout(network, images())
    pure = nn.Sequential(KerasModule(pretrained(rate=0.0)), *([nn.Dropout(0.5)] if beside else []))
    if beside:
        assert (mc_dropout(pure, images(), seed=0).std > 0).any()
    else:
        with pytest.raises(ValueError, match="Sequential has no dropout module with a rate above 0"):
            mc_dropout(pure, images())


def test_freezing_names_the_normalizations_that_are_keras():
    model = Classifier(KerasModule(pretrained()))
    with pytest.raises(
        MisconfigurationException, match=r"norm in network \(KerasModule\). Set trainable = False"
    ):
        fit(model, FreezeBatchNorm())


# Refusals


@pytest.mark.parametrize("name", [None, "dense", "dense_7"])
def test_a_name_that_keras_could_have_made_up_is_refused(name):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name=name)])
    with pytest.raises(ValueError, match=r"Dense\('dense.*Give it another one, such as name='body_dense'"):
        KerasModule(model)


def test_a_layer_without_variables_needs_no_name():
    model = keras.Sequential([keras.Input((3,)), layers.ReLU(), layers.Dense(2, name="scores")])
    assert len(KerasModule(model).state_dict()) == 2


def test_an_unbuilt_model_or_layer_is_refused_with_the_way_to_build_it():
    with pytest.raises(ValueError, match=r"hidden is not built.*keras\.Input\(shape\).*build\(\(None"):
        KerasModule([layers.Dense(2, name="hidden")])
    with pytest.raises(ValueError, match="is not built"):
        KerasModule(keras.Sequential([layers.Dense(2, name="hidden")], name="net"))


def test_two_layers_of_one_name_are_refused():
    pair = [layers.Dense(3, name="same") for _ in range(2)]
    for layer in pair:
        layer.build((None, 3))
    with pytest.raises(ValueError, match=r"Two variables would be called same\.kernel"):
        KerasModule(pair)


def test_what_is_no_keras_layer_is_refused():
    with pytest.raises(TypeError, match="got Linear"):
        KerasModule(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="empty list"):
        KerasModule([])


def by_themselves():
    """Keras' layers in a module of torch's, which takes them for its own."""
    model = nn.Sequential(nn.Flatten(), *(pretrained().get_layer(name) for name in ("hidden", "scores")))
    model.requires_grad_(True)
    return model


@pytest.mark.parametrize("make", [lambda: KerasModule(pretrained()), by_themselves])
def test_pieces_that_go_by_units_say_that_those_of_keras_come_last(make):
    with pytest.raises(
        MisconfigurationException, match=r"last in those of Keras: network\..*exclude=\["
    ) as refused:
        fit(Classifier(make()), AdaptiveGradientClipping())
    assert str(refused.value).count("kernel") == 2
    assert "gamma" not in str(refused.value)
    with pytest.raises(MisconfigurationException, match="Keras' layers have a kernel_constraint for that"):
        fit(Classifier(make()), MaxNorm(1.0))
    clipping = AdaptiveGradientClipping(exclude=["network"])
    fit(Classifier(make()), clipping, max_epochs=1)
    assert (clipping.steps, clipping.clipped) == (4, 0)


def test_a_frozen_network_of_keras_is_no_obstacle_to_what_goes_by_units():
    body = KerasModule([pretrained().get_layer(name) for name in ("flatten", "hidden")]).requires_grad_(False)
    fit(Classifier(nn.Sequential(body, nn.Linear(6, 10))), AdaptiveGradientClipping(), max_epochs=1)


def test_another_backend_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r'Keras runs on jax.*os\.environ\["KERAS_BACKEND"\] = "torch"'):
        KerasModule(pretrained())


def test_without_keras_the_extra_is_named(run_program):
    program = (
        "import sys; sys.modules['keras'] = None\n"
        "from lightning_modules import KerasModule\n"
        "try: KerasModule([])\n"
        "except ImportError as error: print(error)"
    )
    assert "pip install 'lightning-modules[keras]'" in run_program(program).stdout
