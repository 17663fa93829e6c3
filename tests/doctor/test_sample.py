"""lightning_modules.doctor.sample and .items: is there anything to learn, and was an item seen before?"""

import pytest
import torch

from lightning_modules.doctor.items import Items
from lightning_modules.doctor.sample import Sample


def learnable(inputs, targets, classes):
    sample = Sample()
    sample.add(inputs, targets, classes)
    return sample.learnable()


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_line_is_learned_and_noise_is_not():
    inputs = normal(300, 5)
    assert learnable(inputs, inputs @ normal(5, 1, seed=1), False).skill > 0.98
    nothing = learnable(inputs, normal(300, 1, seed=2), False)
    assert nothing.skill < 2 * nothing.error


@pytest.mark.parametrize("classes", [2, 4])
def test_classes_in_clusters_are_learned_and_shuffled_ones_are_not(classes):
    labels = torch.arange(400) % classes
    inputs = 4 * normal(classes, 6)[labels] + normal(400, 6, seed=1)
    assert learnable(inputs, labels, True).skill > 0.9
    shuffled = labels[torch.randperm(400, generator=torch.Generator().manual_seed(2))]
    nothing = learnable(inputs, shuffled, True)
    assert nothing.skill < 4 * nothing.error


def test_what_no_line_can_tell_the_neighbors_can():
    inputs = normal(500, 2)
    assert learnable(inputs, (inputs[:, 0] * inputs[:, 1] > 0).long(), True).skill > 0.7


def test_an_item_that_was_drawn_twice_does_not_answer_for_itself():
    inputs, targets = normal(60, 3), torch.arange(60) % 2
    doubled = learnable(torch.cat([inputs] * 4), torch.cat([targets] * 4), True)
    assert doubled.skill < 0.5


def test_scale_does_not_matter_nor_do_constant_features():
    inputs, weights = normal(200, 4), normal(4, 1, seed=1)
    scaled = torch.cat([1e4 * inputs, torch.full((200, 2), 7.0)], dim=1)
    assert learnable(scaled, inputs @ weights * 1e6, False).skill == pytest.approx(
        learnable(inputs, inputs @ weights, False).skill, abs=1e-3
    )


def test_a_few_items_say_nothing():
    assert learnable(normal(20, 3), torch.arange(20) % 2, True).skill != 1
    assert torch.tensor(learnable(normal(20, 3), torch.arange(20) % 2, True).skill).isnan()


def test_items_are_known_again_in_another_batch_and_others_are_not():
    inputs, items = normal(50, 3, 8), Items()
    items.train(inputs[:30], first_epoch=True)
    items.validate(inputs[[5, 40, 12, 41]])
    assert (items.shared, items.validated, items.repeated) == (2, 4, 0.0)


def test_repetition_is_counted_in_the_first_epoch_alone():
    inputs, items = normal(10, 4), Items()
    items.train(torch.cat([inputs, inputs[:5]]), first_epoch=True)
    items.train(inputs, first_epoch=False)
    assert items.repeated == pytest.approx(5 / 15)
    assert items.known == 10
