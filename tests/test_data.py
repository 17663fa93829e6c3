"""lightning_modules.data: what images come, in which batches and order. Its files: test_fashion_mnist.py."""

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_modules import MLP, Classifier, Digits, InMemoryBatches, InMemoryImages, quiet_trainer
from lightning_modules.data.batches import ShuffledOrder
from lightning_modules.data.images import Pixels, PixelSplits
from lightning_modules.data.splits import balanced_order, with_wrong_labels


class FourGreys(InMemoryImages):
    """Four training images of 1 x 2 pixels: small enough for arithmetic in the head."""

    num_classes = 2
    image_shape = (1, 1, 2)
    class_names = ("dark", "light")
    brightest = 10

    def read(self):
        images = torch.tensor([[1, 1], [1, 1], [3, 3], [3, 3]], dtype=torch.uint8).view(4, 1, 1, 2)
        pixels = Pixels(images, torch.tensor([0, 0, 1, 1]))
        return PixelSplits(pixels, pixels, pixels)


def labels_of(batches):
    return [labels.tolist() for _, labels in batches]


# Images


def test_standardized_pixels_have_mean_zero_and_deviation_one():
    # Pixels 1 and 3: mean 2, deviation 1.
    assert FourGreys().train.images.flatten().tolist() == [-1, -1, -1, -1, 1, 1, 1, 1]
    assert (FourGreys().mean, FourGreys().std) == (0.2, 0.1)


def test_without_standardizing_pixels_are_fractions_of_the_brightest():
    assert FourGreys(standardize=False).train.images.flatten()[::4].tolist() == pytest.approx([0.1, 0.3])
    assert (FourGreys(standardize=False).mean, FourGreys(standardize=False).std) == (0, 1)


def test_the_digits_agree_with_scikit_learn():
    from sklearn.datasets import load_digits

    def rows(images, labels):
        """Each image with its label behind its pixels, in an order that depends on nothing else."""
        return torch.cat([images.flatten(1), labels.float().unsqueeze(1)], dim=1).unique(dim=0)

    digits, theirs = Digits(standardize=False), load_digits()
    splits = (digits.train, digits.validation, digits.test)
    images = torch.cat([split.images for split in splits])
    labels = torch.cat([split.labels for split in splits])
    assert images.shape == (1797, *digits.image_shape)
    expected = torch.from_numpy(theirs.images / 16).float()
    assert torch.equal(rows(images, labels), rows(expected, torch.from_numpy(theirs.target)))


def test_digits_are_standardized_by_the_training_images_alone():
    digits, plain = Digits(), Digits(standardize=False)
    mean, std = plain.train.images.double().mean(), plain.train.images.double().std(correction=0)
    assert (digits.mean, digits.std) == pytest.approx((mean.item(), std.item()), rel=1e-6)
    expected = (plain.test.images - mean) / std
    assert torch.allclose(digits.test.images, expected.float(), atol=1e-5)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_class_of_digits_has_its_share_in_every_split(split):
    labels = getattr(Digits(), split).labels
    counts = labels.bincount(minlength=10)
    everything = torch.tensor([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    assert (counts - everything * len(labels) / 1797).abs().max() <= 1


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_seed_does_not_move_images_between_training_and_test(split):
    assert torch.equal(getattr(Digits(seed=0), split).images, getattr(Digits(seed=1), split).images)


def test_images_and_batches_are_the_same_numbers():
    digits = Digits(evaluation_batch_size=100)
    batches = torch.cat([images for images, _ in digits.val_dataloader()])
    assert torch.equal(batches, digits.validation.images)


def test_images_of_a_single_gray_are_not_divided_by_zero():
    class Gray(FourGreys):
        def read(self):
            pixels = Pixels(torch.full((2, 1, 1, 2), 3, dtype=torch.uint8), torch.tensor([0, 1]))
            return PixelSplits(pixels, pixels, pixels)

    assert Gray().train.images.abs().max() == 0


# Fewer images, wrong labels


def test_twenty_images_of_ten_classes_are_two_of_each():
    assert Digits(train_size=20).train.labels.bincount().tolist() == [2] * 10


def test_a_smaller_draw_is_contained_in_a_larger_one():
    few = Digits(train_size=20, standardize=False).train.images
    more = Digits(train_size=200, standardize=False).train.images
    assert all((more == image).flatten(1).all(1).any() for image in few)


def test_drawing_all_images_changes_nothing():
    assert torch.equal(Digits(train_size=1257).train.images, Digits().train.images)


def test_another_seed_draws_other_images():
    first, second = Digits(train_size=20, seed=0), Digits(train_size=20, seed=1)
    assert not torch.equal(first.train.images, second.train.images)


def test_a_draw_standardizes_by_itself():
    assert Digits(train_size=20).train.images.mean().abs() < 1e-6


@given(counts=st.lists(st.integers(1, 40), min_size=1, max_size=6), seed=st.integers(0, 2**31))
@settings(max_examples=50)
def test_every_beginning_of_a_balanced_order_is_fair(counts, seed):
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    order = balanced_order(labels, seed)
    assert order.sort().values.tolist() == list(range(len(labels)))
    for size in range(1, len(labels) + 1):
        fair = torch.tensor(counts) * size / len(labels)
        assert (labels[order[:size]].bincount(minlength=len(counts)) - fair).abs().max() <= len(counts) / 2


@given(
    count=st.integers(1, 60), fraction=st.floats(0, 1), num_classes=st.integers(2, 9), seed=st.integers(0, 99)
)
@settings(max_examples=50)
def test_exactly_that_fraction_of_labels_is_wrong_and_still_a_class(count, fraction, num_classes, seed):
    labels = torch.arange(count) % num_classes
    noisy = with_wrong_labels(labels, fraction, num_classes, seed)
    assert int((noisy != labels).sum()) == round(fraction * count)
    assert set(noisy.tolist()) <= set(range(num_classes))
    assert torch.equal(noisy, with_wrong_labels(labels, fraction, num_classes, seed))


def test_label_noise_touches_the_training_labels_only():
    clean, noisy = Digits(), Digits(label_noise=0.2)
    assert int((clean.train.labels != noisy.train.labels).sum()) == 251  # 0.2 * 1257 = 251.4
    assert torch.equal(clean.validation.labels, noisy.validation.labels)
    assert torch.equal(clean.test.labels, noisy.test.labels)


def test_training_batches_carry_the_wrong_labels():
    digits = Digits(label_noise=0.5)
    seen = sorted(label for labels in labels_of(digits.train_dataloader()) for label in labels)
    assert seen == sorted(digits.train.labels.tolist())
    assert seen != sorted(Digits().train.labels.tolist())


# Batches


def test_batches_come_in_order_and_the_last_may_be_smaller():
    batches = InMemoryBatches(torch.arange(5.0), torch.arange(5), batch_size=2)
    assert labels_of(batches) == [[0, 1], [2, 3], [4]]
    assert len(batches) == 3


def test_drop_last_leaves_out_the_smaller_batch():
    batches = InMemoryBatches(torch.arange(5.0), torch.arange(5), batch_size=2, drop_last=True)
    assert labels_of(batches) == [[0, 1], [2, 3]]
    assert len(batches) == 2


def test_shuffling_keeps_inputs_and_labels_together():
    batches = InMemoryBatches(torch.arange(50.0), torch.arange(50), batch_size=7, shuffle=True)
    for inputs, labels in batches:
        assert torch.equal(inputs, labels.float())


def test_an_epoch_is_every_item_once_and_the_next_is_in_another_order():
    batches = InMemoryBatches(torch.arange(50.0), torch.arange(50), batch_size=7, shuffle=True)
    first, second = ([label for labels in labels_of(batches) for label in labels] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second


def test_an_epochs_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        shuffled = ShuffledOrder(20, seed)
        shuffled.set_epoch(epoch)
        torch.rand(3)
        return shuffled.draw().tolist()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in range(4) for epoch in range(4)}) == 16


def test_a_loader_goes_on_where_its_state_says():
    def loader():
        return InMemoryBatches(torch.arange(10.0), torch.arange(10), batch_size=3, shuffle=True, seed=5)

    whole = labels_of(loader())
    stopped = loader()
    iterator = iter(stopped)
    next(iterator), next(iterator)
    resumed = loader()
    resumed.load_state_dict(stopped.state_dict())
    assert labels_of(resumed) == whole[2:]
    assert len(labels_of(resumed)) == 4  # the epoch after it is whole again


@given(
    count=st.integers(1, 50),
    batch_size=st.integers(1, 12),
    world_size=st.integers(1, 4),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
)
@settings(max_examples=200)
def test_processes_share_fairly(count, batch_size, world_size, shuffle, drop_last):
    if count < world_size or (drop_last and count // world_size < batch_size):
        return
    shares = [
        InMemoryBatches(
            torch.arange(count),
            torch.arange(count),
            batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            rank=rank,
            world_size=world_size,
        )
        for rank in range(world_size)
    ]
    batches = [labels_of(share) for share in shares]
    # As many batches as every process believes there are, or a distributed run would hang.
    assert {len(b) for b in batches} == {len(shares[0])} == {len(share) for share in shares}
    one_more = not shuffle and count % world_size > 0
    assert all(1 <= len(batch) <= batch_size + one_more for b in batches for batch in b)
    seen = [label for b in batches for batch in b for label in batch]
    assert len(seen) == len(set(seen))
    if not shuffle and not drop_last:
        assert len(seen) == count
    if shuffle:
        assert len({sum(map(len, b)) for b in batches}) == 1


# In a Trainer


class Recorder(pl.Callback):
    """The labels that a run trained on, batch by batch."""

    def __init__(self):
        self.batches = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.batches.append((trainer.current_epoch, batch[1].tolist()))


class SaveOnce(pl.Callback):
    """Save a checkpoint to `path` in the hook `hook`, the first time that `step` steps were made by then."""

    def __init__(self, path, hook, step):
        self.path, self.step = path, step
        setattr(self, hook, self.save)

    def save(self, trainer, *_):
        if trainer.global_step == self.step and not self.path.exists():
            trainer.save_checkpoint(self.path)


def fit(data, epochs, callbacks=(), resume=None, **trainer_arguments):
    torch.manual_seed(0)
    model, recorder = Classifier(MLP([64, 8, 10])), Recorder()
    trainer = quiet_trainer(max_epochs=epochs, callbacks=[recorder, *callbacks], **trainer_arguments)
    trainer.fit(model, data, ckpt_path=resume)
    return model, recorder.batches


def small():
    return Digits(batch_size=16, train_size=70)


def test_a_trainer_trains_each_epoch_in_a_new_order():
    _, batches = fit(small(), epochs=2)
    assert len(batches) == 10  # 2 * ceil(70 / 16)
    assert batches[0][1] != batches[5][1]


def test_two_runs_with_the_same_seed_see_the_same_batches():
    assert fit(small(), epochs=2)[1] == fit(small(), epochs=2)[1]


# An epoch has five steps.
@pytest.mark.parametrize(
    ("hook", "step"),
    [("on_train_batch_end", step) for step in (3, 5, 7, 10)]
    + [("on_validation_end", step) for step in (5, 10)]
    + [("on_train_epoch_end", step) for step in (5, 10)],
)
def test_a_resumed_run_trains_on_what_the_other_would_have(tmp_path, hook, step):
    path = tmp_path / "checkpoint.ckpt"
    uninterrupted, batches = fit(small(), epochs=3, callbacks=[SaveOnce(path, hook, step)])
    resumed, rest = fit(small(), epochs=3, resume=path)
    assert rest == batches[step:]
    for name, value in uninterrupted.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_a_resumed_run_that_overfits_one_batch_goes_on_with_that_batch(tmp_path):
    path = tmp_path / "checkpoint.ckpt"
    save = SaveOnce(path, "on_train_epoch_end", 1)
    _, batches = fit(small(), epochs=3, callbacks=[save], overfit_batches=1)
    _, rest = fit(small(), epochs=3, resume=path, overfit_batches=1)
    assert rest == batches[1:]


def test_overfitting_one_batch_is_always_the_same_batch():
    _, batches = fit(small(), epochs=3, overfit_batches=1)
    assert batches[0][1] == batches[1][1] == batches[2][1]


def test_every_test_image_is_predicted_once():
    probabilities = quiet_trainer().predict(Classifier(MLP([64, 10])), Digits())
    assert torch.cat(probabilities).shape == (360, 10)


def test_two_processes_train_on_disjoint_halves_and_evaluate_everything_once(tmp_path, run_program):
    run_program(
        """
        import os, sys
        import pytorch_lightning as pl
        import torch
        from lightning_modules import MLP, Classifier, Digits, quiet_trainer

        class Record(pl.Callback):
            def __init__(self):
                self.seen = {"train": [], "val": []}
            def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
                self.seen["train"].append((trainer.current_epoch, batch[0].flatten(1)))
            def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
                self.seen["val"].append(batch[0].flatten(1))
            def on_fit_end(self, trainer, pl_module):
                accuracy = trainer.callback_metrics["val/accuracy"]
                loss = trainer.callback_metrics["val/loss"]
                state = {k: v for k, v in pl_module.network.state_dict().items()}
                torch.save((self.seen, accuracy, loss, state), f"{sys.argv[1]}/{trainer.global_rank}.pt")

        if __name__ == "__main__":
            torch.manual_seed(0)
            trainer = quiet_trainer(
                max_epochs=2, strategy="ddp_fork", devices=2, num_sanity_val_steps=0, callbacks=[Record()]
            )
            trainer.fit(Classifier(MLP([64, 8, 10])), Digits(batch_size=32, train_size=101, evaluation_batch_size=32))
        """
    )
    (first, accuracy, loss, state), (second, other_accuracy, other_loss, other_state) = (
        torch.load(tmp_path / f"{rank}.pt") for rank in range(2)
    )
    for epoch in range(2):
        mine, theirs = (
            torch.cat([images for number, images in seen["train"] if number == epoch])
            for seen in (first, second)
        )
        assert len(mine) == len(theirs) == 50  # 101 images; one is left out
        assert len(torch.cat([mine, theirs]).unique(dim=0)) == 100
    validated = torch.cat(
        [*first["val"][: len(first["val"]) // 2], *second["val"][: len(second["val"]) // 2]]
    )
    assert len(validated) == len(validated.unique(dim=0)) == 180
    assert all(torch.equal(state[name], other_state[name]) for name in state)

    model = Classifier(MLP([64, 8, 10]))
    model.network.load_state_dict(state)
    alone = quiet_trainer().validate(model, Digits(batch_size=32, train_size=101))[0]
    assert accuracy == other_accuracy == pytest.approx(alone["val/accuracy"])
    assert loss == other_loss == pytest.approx(alone["val/loss"], rel=1e-5)


# Refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"evaluation_batch_size": 0}, "evaluation_batch_size must be at least 1, got 0"),
        ({"train_size": 0}, "train_size must be at least 1, got 0"),
        ({"label_noise": 1.5}, "fraction from 0 to 1, got 1.5"),
        ({"label_noise": -0.1}, "fraction from 0 to 1, got -0.1"),
        ({"seed": -1}, "seed must not be negative, got -1"),
    ],
)
def test_a_data_module_refuses_nonsense_when_it_is_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        Digits(**arguments)


def test_more_images_than_there_are_cannot_be_drawn():
    with pytest.raises(ValueError, match="train_size=2,000 is more than the 1,257 training images of Digits"):
        Digits(train_size=2000).setup()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": torch.arange(4)}, "got 5 inputs and 4 labels"),
        ({"batch_size": 0}, "at least 1, got 0"),
        ({"rank": 2, "world_size": 2}, "got rank 2 of world_size 2"),
        ({"rank": 0, "world_size": 6}, "5 items cannot be shared by 6 processes"),
        ({"batch_size": 6, "drop_last": True}, "5 items are less than one batch of 6"),
    ],
)
def test_batches_refuse_nonsense(arguments, message):
    valid = {"inputs": torch.arange(5.0), "labels": torch.arange(5), "batch_size": 2}
    with pytest.raises(ValueError, match=message):
        InMemoryBatches(**(valid | arguments))
