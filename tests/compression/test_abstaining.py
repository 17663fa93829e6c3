"""lightning_modules.compression.abstaining: answer where the doubt is small."""

import numpy as np
import pytest
import torch
from torch import nn

from lightning_modules import (
    MLP,
    Classifier,
    Digits,
    abstain,
    add_dropout,
    initialize,
    limit_of_doubt,
    mc_dropout,
    quiet_trainer,
    selective_accuracy,
)
from lightning_modules.compression.abstaining import ABSTAINED

CORRECT = torch.tensor([False, True, True, False, True])
DOUBT = torch.tensor([0.9, 0.1, 0.5, 0.3, 0.5])


def test_the_curve_can_be_read_off_the_items():
    curve = selective_accuracy(CORRECT, DOUBT)
    assert curve.limit.tolist() == pytest.approx([0.1, 0.3, 0.5, 0.9])
    assert curve.answered.tolist() == pytest.approx([1 / 5, 2 / 5, 4 / 5, 1])
    assert curve.accuracy.tolist() == pytest.approx([1, 1 / 2, 3 / 4, 3 / 5])


def test_items_of_the_same_doubt_are_answered_together_in_any_order():
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 1, 3]):
        curve = selective_accuracy(CORRECT[order], DOUBT[order])
        assert curve.accuracy.tolist() == pytest.approx([1, 1 / 2, 3 / 4, 3 / 5])


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_what_counting_gives(seed):
    random = np.random.default_rng(seed)
    doubt, correct = random.integers(0, 9, 200) / 8, random.random(200) < 0.7
    curve = selective_accuracy(torch.from_numpy(correct), torch.from_numpy(doubt))
    for limit, answered, accuracy in zip(*(part.tolist() for part in curve), strict=True):
        assert answered == pytest.approx((doubt <= limit).mean())
        assert accuracy == pytest.approx(correct[doubt <= limit].mean())


@pytest.mark.parametrize(("accuracy", "limit"), [(0.0, 0.9), (0.6, 0.9), (0.7, 0.5), (0.8, 0.1), (1.0, 0.1)])
def test_the_limit_gives_the_most_answers_at_the_accuracy(accuracy, limit):
    found = limit_of_doubt(CORRECT, DOUBT, accuracy)
    assert found == pytest.approx(limit)
    answered = found >= DOUBT
    assert CORRECT[answered].float().mean() >= accuracy - 1e-6


def test_beyond_the_limit_there_is_no_answer():
    limit = limit_of_doubt(CORRECT, DOUBT, 0.7)
    answers = abstain(torch.tensor([3, 1, 4, 1, 5]), DOUBT, limit)
    assert answers.tolist() == [ABSTAINED, 1, 4, 1, 5]
    assert abstain(torch.tensor([3]), torch.tensor([float("nan")]), 9.0).tolist() == [ABSTAINED]


def test_a_limit_chosen_on_some_images_holds_roughly_on_others():
    torch.manual_seed(0)
    network, data = MLP([64, 50, 50, 10]), Digits(train_size=200)
    initialize(network)
    add_dropout(network, 0.2)
    quiet_trainer(max_epochs=40).fit(Classifier(network), data)

    def asked(split):
        prediction = mc_dropout(network, split.images, samples=20, seed=0)
        return prediction.mean.argmax(1), prediction.entropy

    classes, doubt = asked(data.validation)
    limit = limit_of_doubt(classes == data.validation.labels, doubt, 0.98)
    classes, doubt = asked(data.test)
    right = classes == data.test.labels
    answered = abstain(classes, doubt, limit) != ABSTAINED
    assert 0.4 < answered.float().mean() < 1
    assert right[answered].float().mean() > max(0.95, right.float().mean())


def test_an_accuracy_out_of_reach_is_refused():
    with pytest.raises(ValueError, match=r"accuracy of 0.9; the highest is 0.5"):
        limit_of_doubt(torch.tensor([True, False]), torch.tensor([0.2, 0.1]), 0.9)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"one doubt for each item.*correct \(5,\) and doubt \(4,\)"):
        selective_accuracy(CORRECT, DOUBT[:4])
    with pytest.raises(ValueError, match="There are no items"):
        selective_accuracy(CORRECT[:0], DOUBT[:0])
    with pytest.raises(ValueError, match="1 of 5 doubts are NaN"):
        selective_accuracy(CORRECT, DOUBT.masked_fill(~CORRECT & (DOUBT > 0.5), float("nan")))
    with pytest.raises(ValueError, match="one doubt for each class"):
        abstain(torch.zeros(3, dtype=torch.int64), torch.zeros(2), 0.5)


def test_dropout_modules_are_not_needed_for_a_doubt():
    scores = nn.functional.one_hot(torch.tensor([0, 1, 2])).float()
    doubt = 1 - scores.softmax(1).max(1).values
    assert limit_of_doubt(torch.tensor([True] * 3), doubt, 1.0) == pytest.approx(doubt[0].item())
