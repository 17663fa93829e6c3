"""lightning_modules.regularization.temperature: one number that makes probabilities honest."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lightning_modules import (
    MLP,
    Classifier,
    Digits,
    TemperatureScaling,
    calibration_error,
    deep_ensemble,
    fit_temperature,
    mc_dropout,
    quiet_trainer,
    temperature_scaling,
)

LOGITS, LABELS = torch.tensor([[2.0, 0.0]] * 4), torch.tensor([0, 0, 0, 1])


def nll(logits, labels, temperature):
    return F.cross_entropy(logits.double() / temperature, labels).item()


# The number


def test_the_temperature_makes_a_probability_what_it_comes_to():
    assert fit_temperature(LOGITS, LABELS) == pytest.approx(
        2 / math.log(3)
    )  # softmax is 3/4 where 2 / T = ln 3
    assert fit_temperature(100 * LOGITS, LABELS) == pytest.approx(200 / math.log(3))
    assert fit_temperature(LOGITS / 1000, LABELS) == pytest.approx(0.002 / math.log(3))


@settings(max_examples=40)
@given(st.integers(20, 200), st.integers(2, 8), st.floats(-3, 3), st.integers(0, 1000))
def test_no_temperature_near_it_makes_the_labels_likelier(items, classes, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(items, classes, generator=generator)
    labels = torch.multinomial(logits.softmax(dim=1), 1, generator=generator).squeeze(1)
    logits = 10**scale * logits
    if (logits.argmax(dim=1) == labels).all() or (
        logits.mean(dim=1) - logits[range(items), labels]
    ).mean() >= 0:
        return
    found = fit_temperature(logits, labels)
    for other in (0.9 * found, 0.999 * found, 1.001 * found, 1.1 * found):
        assert nll(logits, labels, found) < nll(logits, labels, other)


def test_classes_stand_in_dimension_one_of_pixels_too():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 4, 2, 2, generator=generator)
    labels = torch.multinomial(logits.movedim(1, -1).flatten(0, -2).softmax(1), 1, generator=generator)
    flat = fit_temperature(logits.movedim(1, -1).flatten(0, -2), labels.flatten())
    assert fit_temperature(logits, labels.view(3, 2, 2)) == pytest.approx(flat)


@pytest.mark.parametrize(
    ("logits", "labels", "error", "message"),
    [
        (
            LOGITS,
            torch.tensor([0, 0, 0, 0]),
            ValueError,
            "Each of the 4 labels is the likeliest class.*validation",
        ),
        (torch.zeros(4, 2), LABELS, ValueError, "Each of the 4 labels is the likeliest"),
        (LOGITS, 1 - LABELS, ValueError, "no higher than others.*labels and classes belong together"),
        (torch.tensor([[1.0, -math.inf]] * 4), LABELS, ValueError, "not finite"),
        (LOGITS, LABELS[:3], ValueError, r"shape \(4,\)"),
        (LOGITS, LABELS.float(), TypeError, "integers"),
        (LOGITS, LABELS - 1, ValueError, "got -1"),
    ],
)
def test_where_no_temperature_is_best_it_says_why(logits, labels, error, message):
    with pytest.raises(error, match=message):
        fit_temperature(logits, labels)


# The network


@pytest.fixture(scope="module")
def overfitted():
    torch.manual_seed(0)
    network = nn.Sequential(MLP([64, 60, 60, 10]), nn.Dropout(0.2))
    data = Digits(train_size=200, batch_size=20, label_noise=0.3)
    classifier = Classifier(network, partial(torch.optim.Adam, lr=0.01))
    quiet_trainer(max_epochs=30, limit_val_batches=0).fit(classifier, data)
    return classifier, data


def test_what_is_fitted_on_validation_data_is_better_calibrated_on_test_data(overfitted):
    classifier, data = overfitted
    scaled = temperature_scaling(classifier, data.val_dataloader())
    assert scaled.temperature > 1
    images, labels = data.test
    classifier.eval()
    with torch.no_grad():
        before, after = classifier(images), scaled(images)
    assert torch.equal(before.argmax(dim=1), after.argmax(dim=1))
    assert F.cross_entropy(after, labels) < F.cross_entropy(before, labels)
    errors = [calibration_error(logits.softmax(dim=1), labels).expected for logits in (before, after)]
    assert errors[1] < errors[0]


def test_the_network_is_asked_in_evaluation_mode_and_stays_as_it_is(overfitted):
    classifier, data = overfitted
    classifier.train()
    classifier.network[0].eval()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    scaled = temperature_scaling(classifier, data.val_dataloader())
    assert [classifier.training, classifier.network[0].training, scaled.training] == [True, False, True]
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    classifier.eval()
    assert not temperature_scaling(classifier, data.val_dataloader()).training
    with torch.no_grad():
        logits = classifier(data.validation.images)
    assert scaled.temperature.item() == pytest.approx(
        fit_temperature(logits, data.validation.labels), rel=1e-5
    )


def test_it_predicts_together_with_dropout_and_in_ensembles(overfitted):
    classifier, data = overfitted
    scaled = temperature_scaling(classifier, data.val_dataloader())
    images = data.test.images[:20]
    hotter = mc_dropout(scaled, images, samples=20, seed=0)
    assert hotter.entropy.mean() > mc_dropout(classifier, images, samples=20, seed=0).entropy.mean()
    assert deep_ensemble([scaled, classifier], images).mean.shape == (20, 10)


def test_the_temperature_is_saved_and_not_trained():
    scaled = TemperatureScaling(nn.Linear(2, 2), 2.5)
    assert [name for name, _ in scaled.named_parameters()] == ["model.weight", "model.bias"]
    other = TemperatureScaling(nn.Linear(2, 2))
    other.load_state_dict(scaled.state_dict())
    assert other.temperature == 2.5
    assert "temperature=2.5" in repr(scaled)
    assert scaled.half()(torch.zeros(1, 2).half()).dtype == torch.float16


def test_a_batch_that_the_network_writes_into_stays_as_it_is():
    inputs = torch.tensor([[2.0, -1.0]] * 4)
    scaled = temperature_scaling(nn.ReLU(inplace=True), [(inputs, LABELS)])
    assert scaled.temperature.item() == pytest.approx(2 / math.log(3))
    assert inputs.min() == -1


class Returns(nn.Module):
    """Returns something else than asked for."""

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, inputs):
        return self.output


@pytest.mark.parametrize(
    ("model", "batches", "error", "message"),
    [
        (nn.Identity(), [], ValueError, "no batches"),
        (nn.Identity(), [LOGITS], TypeError, "pair .* got a Tensor"),
        (
            nn.Identity(),
            (LOGITS, LABELS),
            TypeError,
            r"of a single pair, give a list: \[\(inputs, labels\)\]",
        ),
        (nn.Identity(), [{"inputs": LOGITS}], TypeError, "got a dict. Let the loader's collate_fn"),
        (nn.Identity(), [(LOGITS, "labels")], TypeError, "a pair of something else"),
        (nn.Softmax(dim=1), [(LOGITS, LABELS)], ValueError, "are probabilities already"),
        (Returns("logits"), [(LOGITS, LABELS)], TypeError, "must return a tensor, got str"),
        (Returns(LOGITS[:3]), [(LOGITS, LABELS)], ValueError, r"shape \(3, 2\) for 4 inputs"),
        (Returns(LOGITS[:, 0]), [(LOGITS, LABELS)], ValueError, "at least two classes"),
    ],
)
def test_what_is_no_validation_data_is_refused(model, batches, error, message):
    with pytest.raises(error, match=message):
        temperature_scaling(model, batches)
    assert model.training


def test_a_data_module_is_told_where_its_loader_is():
    with pytest.raises(TypeError, match=r"give its loader: Digits.val_dataloader\(\)"):
        temperature_scaling(nn.Identity(), Digits())


@pytest.mark.parametrize("temperature", [0, -1.0, math.inf, math.nan])
def test_a_temperature_is_positive_and_finite(temperature):
    with pytest.raises(ValueError, match=f"positive and finite, got {temperature}"):
        TemperatureScaling(nn.Identity(), temperature)
