"""lightning_modules.pretrained.auxiliary."""

import pytest
import torch
from torch import nn
from unfreezing_runs import ends_frozen

from lightning_modules import (
    MLP,
    AuxiliaryTask,
    Classifier,
    Digits,
    GradualUnfreezing,
    History,
    quiet_trainer,
    reuse,
    rotations,
)


def convolutional():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )


def fit(model, *callbacks, resume=None, size=64, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 2, "callbacks": list(callbacks)} | arguments))
    trainer.fit(model, Digits(train_size=size, batch_size=32), ckpt_path=resume)
    return trainer


# Labels


def test_each_image_is_turned_four_times():
    images = torch.arange(8.0).view(2, 1, 2, 2)
    turned, quarters = rotations(images)
    assert turned.shape == (8, 1, 2, 2)
    assert quarters.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert turned[0, 0].tolist() == [[0, 1], [2, 3]]
    assert turned[2, 0].tolist() == [[1, 3], [0, 2]]
    assert turned[4, 0].tolist() == [[3, 2], [1, 0]]
    assert turned[6, 0].tolist() == [[2, 0], [3, 1]]


def test_turning_back_gives_the_image():
    images = torch.rand(3, 2, 5, 5)
    turned, quarters = rotations(images)
    back = torch.stack(
        [image.rot90(-int(k), dims=(-2, -1)) for image, k in zip(turned, quarters, strict=True)]
    )
    assert torch.equal(back, images.repeat(4, 1, 1, 1))


@pytest.mark.parametrize("shape", [(2, 1, 4, 5), (2, 4, 4)])
def test_images_that_are_not_square_are_refused(shape):
    with pytest.raises(ValueError, match="square images"):
        rotations(torch.rand(shape))


# Training


def test_a_convolutional_body_learns_how_digits_are_turned():
    history = History()
    fit(AuxiliaryTask(convolutional(), nn.Linear(64, 4)), history, max_epochs=15, size=400)
    assert history["val/accuracy"][-1] > 0.6  # 0.25 by chance
    assert history["val/loss"][-1] < history["val/loss"][0]


def test_the_loss_is_the_cross_entropy_of_the_made_labels():
    task = AuxiliaryTask(MLP([64, 5]), nn.Linear(5, 4))
    logged = {}
    task.log = lambda name, value, **options: logged.update({name: value.item(), "n": options["batch_size"]})
    images = torch.rand(3, 1, 8, 8)
    turned, quarters = rotations(images)
    expected = nn.functional.cross_entropy(task(turned), quarters)
    torch.testing.assert_close(task.training_step([images, "labels that nobody looks at"], 0), expected)
    accuracy = (task(turned).argmax(1) == quarters).float().mean()
    assert logged == {"train/loss": expected.item(), "train/accuracy": accuracy.item(), "n": 12}


def test_any_function_makes_the_labels():
    def masked(images):
        return images.masked_fill(torch.rand_like(images) < 0.5, 0), images.flatten(1)

    history = History()
    task = AuxiliaryTask(MLP([64, 30]), nn.Linear(30, 64), masked, loss=nn.functional.mse_loss)
    fit(task, history, max_epochs=6)
    assert history["train/loss"][-1] < history["train/loss"][0]
    assert "train/accuracy" not in history.names


def test_a_function_that_makes_too_few_labels_is_refused():
    task = AuxiliaryTask(MLP([64, 5]), nn.Linear(5, 4), lambda images: (images, torch.zeros(1)))
    with pytest.raises(ValueError, match="32 inputs and 1 labels"):
        fit(task, limit_val_batches=0)


# Reuse


@ends_frozen
def test_the_body_is_reused_from_a_checkpoint_below_a_new_head(tmp_path):
    task = AuxiliaryTask(convolutional(), nn.Linear(64, 4))
    fit(task).save_checkpoint(tmp_path / "turned.ckpt")
    model = Classifier(nn.Sequential(convolutional(), nn.Linear(64, 10)))
    report = reuse(model, tmp_path / "turned.ckpt", layers={"body": "network.0"})
    assert report["network.0.1.running_mean"].status == "loaded"
    assert [row.source_name for row in report if row.status == "left out"] == ["head.weight", "head.bias"]
    assert torch.equal(model.network[0][3].weight, task.body[3].weight)
    kept = model.network[0][0].weight.clone()
    fit(model, GradualUnfreezing(["network.0.3", ["network.0.1", "network.0.0"]], at=[0, 9]))
    assert torch.equal(model.network[0][0].weight, kept)
    assert not torch.equal(model.network[0][3].weight, task.body[3].weight)


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    whole, first, rest = (AuxiliaryTask(convolutional(), nn.Linear(64, 4)) for _ in range(3))
    for task in (whole, first, rest):
        nn.init.zeros_(task.head.weight)
        nn.init.zeros_(task.head.bias)
    fit(whole)
    fit(first, max_epochs=1).save_checkpoint(tmp_path / "one.ckpt")
    fit(rest, resume=tmp_path / "one.ckpt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[name]), name


@pytest.mark.parametrize(
    ("labels", "loss", "has_accuracy"),
    [
        (torch.tensor([0, 1, 3]), nn.functional.cross_entropy, True),
        (
            torch.tensor([0.0, 1.0, 3.0]),
            lambda outputs, labels: (outputs[:, 0] - labels).square().mean(),
            False,
        ),
        (
            torch.zeros(3, 4, dtype=torch.int64),
            lambda outputs, labels: (outputs - labels).square().mean(),
            False,
        ),
    ],
)
def test_there_is_an_accuracy_where_labels_are_class_numbers_and_nowhere_else(labels, loss, has_accuracy):
    task = AuxiliaryTask(nn.Flatten(), nn.Linear(64, 4), lambda inputs: (inputs, labels), loss=loss)
    logged = []
    task.log = lambda name, value, **options: logged.append(name)
    task.training_step(torch.rand(3, 1, 8, 8), 0)
    assert logged == ["train/loss"] + ["train/accuracy"] * has_accuracy
