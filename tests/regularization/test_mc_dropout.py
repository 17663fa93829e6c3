"""lightning_modules.regularization.mc_dropout and what it is made of."""

import inspect
import math
from collections.abc import Sequence
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn

from lightning_modules import (
    MLP,
    Classifier,
    Digits,
    MCDropout,
    MCPrediction,
    add_dropout,
    mc_dropout,
    quiet_trainer,
)
from lightning_modules.regularization import mc_dropout as module
from lightning_modules.regularization.mc_dropout import dropout_on
from lightning_modules.regularization.mc_dropout_prediction import Tally
from lightning_modules.regularization.mc_dropout_probe import probe


class Coin(nn.Module):
    """Logits (x, 0) or (0, 0) with equal chance: dropout of a single number, undone in scale."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs):
        dropped = self.dropout(inputs) / 2
        return torch.cat([dropped, torch.zeros_like(dropped)], dim=1)


def network(kind=nn.Dropout):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), kind(0.5),
        nn.Linear(16, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3),
    )  # fmt: skip


def same(one, other):
    return torch.equal(one.mean, other.mean) and torch.equal(one.std, other.std)


# By hand


def test_one_who_is_sure_each_time_and_disagrees_with_himself():
    tally = Tally(probabilities=True)
    tally.add(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))  # (passes, items, classes)
    prediction = tally.prediction()
    assert prediction.mean.tolist() == [[0.5, 0.5]]
    assert prediction.std.tolist() == [pytest.approx([math.sqrt(0.5)] * 2)]
    assert prediction.entropy.item() == pytest.approx(math.log(2))
    assert prediction.mutual_information.item() == pytest.approx(
        math.log(2)
    )  # all of the doubt is disagreement


def test_one_who_doubts_each_time_in_the_same_way():
    tally = Tally(probabilities=True)
    tally.add(torch.full((4, 1, 2), 0.5))
    prediction = tally.prediction()
    assert prediction.entropy.item() == pytest.approx(math.log(2))
    assert prediction.mutual_information.item() == 0
    assert prediction.std.tolist() == [[0, 0]]


def test_passes_that_arrive_in_parts_are_counted_as_if_at_once():
    torch.manual_seed(0)
    passes = (100 + torch.randn(17, 3, 4, dtype=torch.float64)).softmax(dim=2)
    tally = Tally(probabilities=True, keep=True)
    for part in passes.split([1, 5, 5, 6]):
        tally.add(part)
    prediction = tally.prediction()
    assert torch.allclose(prediction.mean, passes.mean(dim=0))
    assert torch.allclose(prediction.std, passes.std(dim=0))
    single = torch.special.entr(passes).sum(dim=2).mean(dim=0)
    entropy = torch.special.entr(passes.mean(dim=0)).sum(dim=1)
    assert torch.allclose(prediction.mutual_information, entropy - single)
    assert torch.equal(prediction.samples, passes)


def test_a_coin_that_can_be_computed():
    logit = math.log(3)  # probabilities ¾, ¼ or ½, ½, with equal chance
    prediction = mc_dropout(Coin(), torch.full((200, 1), logit), samples=400, seed=0)
    assert prediction.mean.mean(dim=0).tolist() == pytest.approx([0.625, 0.375], abs=0.002)
    assert prediction.std.mean().item() == pytest.approx(0.125, abs=0.001)
    single = (math.log(2) + 0.75 * math.log(4 / 3) + 0.25 * math.log(4)) / 2
    entropy = -0.625 * math.log(0.625) - 0.375 * math.log(0.375)
    assert prediction.entropy.mean().item() == pytest.approx(entropy, abs=0.002)
    assert prediction.mutual_information.mean().item() == pytest.approx(entropy - single, abs=0.001)


def test_under_mixed_precision_the_statistics_are_those_of_float32():
    model, inputs = network(), torch.randn(4, 5)
    with torch.autocast("cpu", torch.bfloat16):
        prediction = mc_dropout(model, inputs, samples=50, seed=0)
    expected = mc_dropout(model, inputs, samples=50, seed=0)
    assert prediction.mean.dtype == prediction.mutual_information.dtype == torch.float32
    assert torch.allclose(prediction.mean, expected.mean, atol=0.01)
    assert torch.allclose(prediction.mean.sum(dim=1), torch.ones(4), atol=1e-6)


# Against a loop


def test_repeats_in_one_batch_are_distributed_as_passes_one_by_one():
    model, inputs = network().eval(), torch.randn(4, 5)
    ours = mc_dropout(model, inputs, samples=4000, seed=0)
    torch.manual_seed(1)
    with dropout_on(model), torch.no_grad():
        loop = torch.stack([model(inputs).softmax(dim=1) for _ in range(4000)])
    assert torch.allclose(ours.mean, loop.mean(dim=0), atol=0.01)
    assert torch.allclose(ours.std, loop.std(dim=0), atol=0.01)


def test_each_row_has_masks_of_its_own():
    prediction = mc_dropout(Coin(), torch.full((50, 1), 2.0), samples=10, seed=0, keep_samples=True)
    rows = prediction.samples[:, :, 0]
    assert not (rows == rows[0]).all()
    assert not (rows == rows[:, :1]).all()


@pytest.mark.parametrize("samples", [2, 7, 100])
@pytest.mark.parametrize("items", [1, 3, 300, 1500])
def test_there_are_as_many_samples_as_asked_for(samples, items):
    prediction = mc_dropout(Coin(), torch.full((items, 1), 2.0), samples=samples, keep_samples=True)
    assert prediction.samples.shape == (samples, items, 2)
    assert prediction.mean.shape == (items, 2)


def test_values_have_a_mean_and_a_spread_and_no_entropy():
    model = nn.Sequential(nn.Dropout(0.5))
    prediction = mc_dropout(model, torch.ones(1000, 1), samples=200, outputs="values", seed=0)
    assert prediction.mean.mean().item() == pytest.approx(1, abs=0.01)
    assert prediction.std.mean().item() == pytest.approx(1, abs=0.01)  # 0 or 2
    assert prediction.entropy is None
    assert prediction.mutual_information is None


def test_probabilities_are_taken_as_they_are():
    model = nn.Sequential(network(), nn.Softmax(dim=1))
    inputs = torch.randn(4, 5)
    by_model = mc_dropout(model, inputs, outputs="probabilities", seed=0)
    by_us = mc_dropout(model[0], inputs, seed=0)
    assert torch.allclose(by_model.mean, by_us.mean)


def test_classes_stand_in_dimension_one():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Dropout2d(0.5))
    prediction = mc_dropout(model, torch.randn(2, 1, 6, 6), samples=5)
    assert torch.allclose(prediction.mean.sum(dim=1), torch.ones(2, 4, 4))
    assert prediction.entropy.shape == (2, 4, 4)


# Modes


@pytest.mark.parametrize("training", [True, False])
def test_dropout_alone_is_switched_on_and_all_modes_are_restored(training):
    model = network().train(training)
    model[1].eval()  # a frozen normalization
    seen = []
    hook = model.register_forward_pre_hook(lambda *_: seen.append([m.training for m in model.modules()]))
    before = [m.training for m in model.modules()]
    statistics = model[1].running_mean.clone()
    mc_dropout(model, torch.randn(8, 5))
    assert all(modes == [isinstance(m, nn.Dropout) for m in model.modules()] for modes in seen)
    assert [m.training for m in model.modules()] == before
    assert torch.equal(model[1].running_mean, statistics)
    hook.remove()


@pytest.mark.parametrize(
    "kind", [nn.Dropout, nn.AlphaDropout, nn.FeatureAlphaDropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d]
)
def test_every_kind_of_dropout_is_switched_on(kind):
    shape = {nn.Dropout1d: (2, 6, 4), nn.Dropout2d: (2, 6, 4, 4), nn.Dropout3d: (2, 6, 4, 4, 4)}.get(
        kind, (2, 6)
    )
    prediction = mc_dropout(nn.Sequential(kind(0.5)), torch.ones(shape), outputs="values", seed=0)
    assert prediction.std.min() > 0


def test_the_modes_are_restored_after_an_error():
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = network()

        def forward(self, inputs):
            self.body(inputs)
            if len(inputs) > 1:
                raise RuntimeError("for this test")
            return self.body(inputs)

    model = Fails()
    shortcut = torch.backends.mha.get_fastpath_enabled()
    with pytest.raises(RuntimeError, match="for this test"):
        mc_dropout(model, torch.randn(8, 5))
    assert all(m.training for m in model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert torch.backends.mha.get_fastpath_enabled() == shortcut


def test_batch_normalization_does_not_see_the_batch():
    model = network()
    alone = mc_dropout(model, torch.ones(1, 5), samples=3000, seed=0)
    others = torch.cat([torch.ones(1, 5), 100 * torch.randn(7, 5)])
    assert torch.allclose(alone.mean[0], mc_dropout(model, others, samples=3000, seed=1).mean[0], atol=0.02)


def test_attention_without_dropout_of_its_own_does_not_take_the_shortcut_around_the_modules():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, batch_first=True).eval()
    layer.self_attn.dropout = 0.0
    prediction = mc_dropout(layer, torch.randn(3, 4, 8), samples=10, outputs="values")
    assert prediction.std.min() > 0


# Random numbers


def test_a_seed_gives_the_same_result_and_leaves_torchs_random_numbers_alone():
    model, inputs = network(), torch.randn(40, 5)
    torch.manual_seed(3)
    first = mc_dropout(model, inputs, seed=7)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.rand(1) == drawn
    assert same(first, mc_dropout(model, inputs, seed=7))
    assert not same(first, mc_dropout(model, inputs, seed=8))


def test_without_a_seed_torchs_random_numbers_are_drawn_on():
    model, inputs = network(), torch.randn(4, 5)
    torch.manual_seed(3)
    first, second = mc_dropout(model, inputs), mc_dropout(model, inputs)
    torch.manual_seed(3)
    assert same(first, mc_dropout(model, inputs))
    assert not same(first, second)


# Memory


class Rows(nn.Module):
    """Counts the rows that it is given; each makes 1,000 numbers three times over."""

    def __init__(self):
        super().__init__()
        self.widen = nn.Linear(4, 1000)
        self.dropout = nn.Dropout(0.5)
        self.out = nn.Linear(1000, 3)
        self.rows = []

    def forward(self, inputs):
        self.rows.append(len(inputs))
        return self.out(self.dropout(self.widen(inputs)))


def test_an_items_memory_is_that_of_the_tensors_alive_at_one_time():
    model = Rows()
    with dropout_on(model), torch.no_grad():
        seen = probe(model, torch.ones(1, 4))
    # The item; the wide layer's output, the mask and their product.
    assert seen.bytes_per_item == 4 * 4 + 3 * 4000


def test_memory_that_is_given_back_is_not_counted_twice():
    deep = nn.Sequential(*[nn.Linear(100, 100) for _ in range(20)], nn.Dropout(0.5))
    with dropout_on(deep), torch.no_grad():
        assert probe(deep, torch.ones(1, 100)).bytes_per_item == 400 + 3 * 400


@pytest.mark.parametrize("rows", [1, 10, 77])
def test_no_pass_takes_more_than_the_memory_allowed(rows):
    model, inputs = Rows(), torch.ones(25, 4)
    each = 16 + 12000 + 4 * 12
    prediction = mc_dropout(model, inputs, samples=30, memory=rows * each + 1, keep_samples=True)
    assert max(model.rows) <= rows
    assert sum(model.rows) == 1 + 30 * 25  # the first row is the look at the model
    assert prediction.samples.shape == (30, 25, 3)


def test_a_processor_is_not_given_more_rows_than_it_is_fastest_with():
    model = Rows()
    mc_dropout(model, torch.ones(256, 4), samples=100, memory=2**40)
    assert set(model.rows[1:]) == {4 * 256}
    model.rows.clear()
    mc_dropout(model, torch.ones(1, 4), samples=100)
    assert model.rows[1:] == [100]


def test_a_model_that_writes_into_its_inputs_gets_fresh_ones(monkeypatch):
    monkeypatch.setattr(module, "_ROWS_ON_CPU", 10)
    model = nn.Sequential(nn.Dropout(0.5, inplace=True))
    inputs = torch.ones(5, 3)
    prediction = mc_dropout(model, inputs, samples=50, outputs="values", keep_samples=True)
    assert set(prediction.samples.unique().tolist()) == {0, 2}
    assert inputs.eq(1).all()


# In a Trainer


def test_it_predicts_in_a_trainer_which_forces_evaluation():
    torch.manual_seed(0)
    mlp = MLP([64, 32, 10], normalization=nn.BatchNorm1d)
    add_dropout(mlp, 0.3)
    classifier, data = Classifier(mlp), Digits(batch_size=100)
    trainer = quiet_trainer(max_epochs=2)
    trainer.fit(classifier, data)
    model = MCDropout(classifier, samples=20, seed=5)
    predictions = quiet_trainer().predict(model, data.test_dataloader())
    joined = MCPrediction.cat(predictions)
    assert joined.mean.shape == (len(data.test.labels), 10)
    assert joined.std.mean() > 0.01
    assert joined.samples is None
    again = MCPrediction.cat(quiet_trainer().predict(model, data.test_dataloader()))
    assert same(joined, again)
    accuracy = (joined.mean.argmax(dim=1) == data.test.labels).float().mean()
    assert accuracy > 0.4


def test_batches_with_and_without_labels_and_plain_calls_are_predicted():
    model = MCDropout(network(), samples=5, seed=0)
    inputs = torch.randn(4, 5)
    called = model(inputs)
    assert same(called, model.predict_step(inputs, 0))
    assert same(called, model.predict_step((inputs, torch.zeros(4)), 0))
    assert not same(called, model.predict_step(inputs, 1))


# Refusals


class Functional(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.inner = Inner(drop)

    def forward(self, inputs):
        return self.inner(self.dropout(inputs))


class Inner(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.drop = drop

    def forward(self, inputs):
        return self.drop(inputs, self.training)


FUNCTIONS = {
    "dropout": lambda x, training: F.dropout(x, 0.5, training),
    "dropout1d": lambda x, training: F.dropout1d(x, 0.5, training=training),
    "alpha_dropout": lambda x, training: F.alpha_dropout(x, training=training),
    "scaled_dot_product_attention": lambda x, training: F.scaled_dot_product_attention(
        *(x[:, None],) * 3, dropout_p=0.5
    ).flatten(1, 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_dropout_that_is_called_as_a_function_is_refused_by_name(name):
    model = Functional(FUNCTIONS[name]).eval()
    with pytest.raises(ValueError, match=rf"inner \(Inner\) calls {name} as a function"):
        mc_dropout(model, torch.randn(2, 3, 4) if "1d" in name or "dot" in name else torch.randn(2, 4))
    assert not any(m._forward_hooks for m in model.modules())


def test_a_function_that_drops_nothing_is_no_dropout():
    mc_dropout(Functional(lambda x, training: F.dropout(x, 0.0, training)), torch.randn(2, 3))


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        (nn.LSTM(4, 4, num_layers=2, dropout=0.2), r"1 \(LSTM\) has dropout=0.2 inside"),
        (nn.MultiheadAttention(4, 2, dropout=0.1), r"1 \(MultiheadAttention\) has dropout=0.1 inside"),
    ],
)
def test_dropout_inside_another_module_is_refused_by_name(inside, name):
    with pytest.raises(ValueError, match=name):
        mc_dropout(nn.Sequential(nn.Dropout(0.5), inside), torch.randn(2, 4))


def test_a_model_without_dropout_is_refused():
    for model in (nn.Linear(4, 3), nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.0))):
        with pytest.raises(ValueError, match="has no dropout module with a rate above 0"):
            mc_dropout(model, torch.randn(2, 4))


def test_a_model_that_calls_none_of_its_dropout_modules_is_refused():
    class Forgets(nn.Linear):
        def __init__(self):
            super().__init__(4, 3)
            self.dropout = nn.Dropout(0.5)

    with pytest.raises(ValueError, match="Forgets calls none of its dropout modules"):
        mc_dropout(Forgets(), torch.randn(2, 4))


def test_bad_arguments_are_refused():
    model = network()
    with pytest.raises(ValueError, match="at least 2 samples to see a spread, got 1"):
        mc_dropout(model, torch.randn(2, 5), samples=1)
    with pytest.raises(ValueError, match=r"outputs must be .* got 'scores'"):
        MCDropout(model, outputs="scores")
    with pytest.raises(TypeError, match="got list"):
        mc_dropout(model, [1.0])
    with pytest.raises(ValueError, match="no inputs"):
        mc_dropout(model, torch.zeros(0, 5))
    with pytest.raises(
        ValueError, match=r"over a single item takes [\d,]+ bytes and may take 100. Raise memory"
    ):
        mc_dropout(model, torch.zeros(1, 5), memory=100)
    with pytest.raises(ValueError, match="no predictions to join"):
        MCPrediction.cat([])
    with pytest.raises(ValueError, match="no predictions"):
        MCPrediction.cat(None)  # Trainer.predict(return_predictions=False)
    one = MCPrediction(torch.zeros(2), torch.zeros(2))
    with pytest.raises(TypeError, match=r"got a list among them. Of several loaders, join each one's"):
        MCPrediction.cat([[one, one], [one]])


def test_what_trainer_predict_promises_is_taken_by_a_type_checker_too():
    taken = set(get_args(get_type_hints(MCPrediction.cat)["predictions"]))
    promised = get_args(inspect.signature(pl.Trainer.predict).return_annotation)
    assert taken == {Sequence[Any], type(None)}
    assert {get_origin(kind) or kind for kind in promised} == {list, type(None)}


def test_outputs_that_are_not_what_they_are_said_to_be_are_refused():
    with pytest.raises(ValueError, match=r'are probabilities already. Use outputs="probabilities"'):
        mc_dropout(nn.Sequential(network(), nn.Softmax(dim=1)), torch.randn(2, 5))
    with pytest.raises(ValueError, match=r'do not sum to 1 over the classes. Use outputs="logits"'):
        mc_dropout(network(), torch.randn(2, 5), outputs="probabilities")
    with pytest.raises(ValueError, match=r"at least two classes, got shape \(1, 1\)"):
        mc_dropout(nn.Sequential(nn.Dropout(0.5)), torch.ones(2, 1))


def test_the_items_must_stand_in_dimension_zero():
    class Transposed(nn.Module):
        def __init__(self):
            super().__init__()
            self.dropout = nn.Dropout(0.5)

        def forward(self, inputs):
            return self.dropout(inputs).transpose(0, 1)

    with pytest.raises(ValueError, match=r"one output for each input, got shape \(4, 1\) for 1 input"):
        mc_dropout(Transposed(), torch.randn(3, 4))


def test_outputs_must_be_a_tensor():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.dropout = nn.Dropout(0.5)

        def forward(self, inputs):
            return self.dropout(inputs), inputs

    with pytest.raises(TypeError, match="must return a tensor, got tuple"):
        mc_dropout(Pair(), torch.randn(3, 4))


# Networks of other kinds


class OnlyFunction(nn.Module):
    def __init__(self, rate=0.5):
        super().__init__()
        self.layer, self.rate = nn.Linear(4, 3), rate

    def forward(self, x):
        return nn.functional.dropout(self.layer(x), self.rate, self.training)


def test_dropout_as_a_function_alone_is_told_as_such():
    with pytest.raises(ValueError, match=r"OnlyFunction calls dropout as a function.*Make it an nn.Dropout"):
        mc_dropout(OnlyFunction(), torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"0 \(OnlyFunction\) calls dropout as a function"):
        mc_dropout(nn.Sequential(OnlyFunction()), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="OnlyFunction has no dropout module with a rate above 0"):
        mc_dropout(OnlyFunction(rate=0.0), torch.zeros(2, 4))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
@pytest.mark.parametrize("inside", [False, True])
def test_a_compiled_network_that_has_run_without_dropout_gives_the_same_prediction(inside):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)).eval()
    x = torch.randn(6, 4)
    expected = mc_dropout(network, x, samples=20, seed=0)
    if inside:
        network[2] = torch.compile(network[2], backend="eager")
        model = network
    else:
        model = torch.compile(network, backend="eager")
    with torch.no_grad():
        model(x)
    prediction = mc_dropout(model, x, samples=20, seed=0)
    assert torch.equal(prediction.mean, expected.mean)
    assert (prediction.std > 0).all()
    assert not any(module.training for module in network.modules())


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_a_compiled_network_without_dropout_is_named_as_it_was_written():
    with pytest.raises(ValueError, match="Linear has no dropout module"):
        mc_dropout(torch.compile(nn.Linear(4, 3), backend="eager"), torch.zeros(2, 4))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_scripted_dropout_is_told_by_name():
    scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)))
    with pytest.raises(
        ValueError, match=r"a scripted module has 0\.1 \(Dropout\) inside, which cannot be switched on"
    ):
        mc_dropout(nn.Sequential(scripted), torch.zeros(2, 4))
