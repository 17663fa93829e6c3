"""A LightningDataModule whose images fit into memory: what `Digits` and `FashionMNIST` have in common.

Pixels are kept as bytes and become floats batch by batch: (pixel - μ) / σ, where μ and σ are the mean and the
standard deviation of all pixels of the training images, one number each.
"""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar, NamedTuple

import pytorch_lightning as pl
import torch
from torch import Tensor

from lightning_modules.data.batches import InMemoryBatches
from lightning_modules.data.splits import Split, balanced_order, with_wrong_labels
from lightning_modules.either_lightning import refuse_lightning
from lightning_modules.settings import settings


class Pixels(NamedTuple):
    """Images as bytes, shape (n, 1, height, width), and their labels, int64, shape (n,)."""

    images: Tensor
    labels: Tensor


class PixelSplits(NamedTuple):
    """What `read` returns."""

    train: Pixels
    validation: Pixels
    test: Pixels


class InMemoryImages(pl.LightningDataModule, ABC):
    """Base of the data modules. To bring your own images, set the four class variables and write `read`.

    Args:
        batch_size: Images per training batch (and per process).
        evaluation_batch_size: Images per batch of validation, testing and prediction. It has no effect on the
            results, and large ones are several times faster than training's.
        train_size: Train on this many images only: a class-balanced draw, in which a smaller one is
            contained. None is all.
        standardize: Subtract the training images' mean and divide by their standard deviation. If False,
            pixels are numbers from 0 to 1.
        label_noise: The fraction, from 0 to 1, of training labels to be replaced by a wrong one.
        drop_last: Leave out an epoch's last training batch if it is smaller than the others. Batch
            normalization needs it where a single image would be left over.
        seed: Decides the order of training, the draw of `train_size` and the wrong labels. It does not move
            images between training, validation and test.

    Attributes:
        num_classes: How many classes there are.
        image_shape: The shape of an image: (1, height, width).
        class_names: What each class shows, in the order of the class numbers.
        brightest: The pixel value that stands for 1.

    Raises:
        ValueError: If an argument is out of its range.
    """

    num_classes: ClassVar[int]
    image_shape: ClassVar[tuple[int, int, int]]
    class_names: ClassVar[tuple[str, ...]]
    brightest: ClassVar[int]

    def __init__(
        self,
        batch_size: int = 32,
        train_size: int | None = None,
        standardize: bool = True,
        label_noise: float = 0.0,
        drop_last: bool = False,
        seed: int = 42,
        evaluation_batch_size: int = 500,
    ) -> None:
        super().__init__()
        for name, size in (("batch_size", batch_size), ("evaluation_batch_size", evaluation_batch_size)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}.")
        if train_size is not None and train_size < 1:
            raise ValueError(
                f"train_size must be at least 1, got {train_size}. For all images, leave it out."
            )
        if not 0 <= label_noise <= 1:
            raise ValueError(f"label_noise is a fraction from 0 to 1, got {label_noise}.")
        if seed < 0:
            raise ValueError(f"seed must not be negative, got {seed}.")
        self.save_hyperparameters()
        self.batch_size = batch_size
        self.train_size = train_size
        self.standardize = standardize
        self.label_noise = label_noise
        self.drop_last = drop_last
        self.seed = seed
        self.evaluation_batch_size = evaluation_batch_size
        self._pixels: PixelSplits | None = None
        self._splits: dict[str, Split] = {}

    __repr__ = settings

    def __str__(self) -> str:
        return repr(self)  # Lightning's would make all loaders, and know no other kind than torch's

    @property
    def trainer(self) -> pl.Trainer | None:
        """The Trainer whose data this is, once there is one."""
        return self._trainer

    @trainer.setter
    def trainer(self, trainer: pl.Trainer | None) -> None:
        refuse_lightning(trainer)
        self._trainer = trainer

    @abstractmethod
    def read(self) -> PixelSplits:
        """Return all images as bytes, already divided."""

    def setup(self, stage: str | None = None) -> None:
        """Read the images once, draw `train_size` of them, and mislabel what `label_noise` asks for."""
        if self._pixels is not None:
            return
        pixels = self.read()
        train = pixels.train
        if self.train_size is not None:
            if self.train_size > len(train.labels):
                raise ValueError(
                    f"train_size={self.train_size:,} is more than the {len(train.labels):,} training images "
                    f"of {type(self).__name__}."
                )
            chosen = balanced_order(train.labels, self.seed)[: self.train_size].sort().values
            train = Pixels(train.images[chosen], train.labels[chosen])
        if self.label_noise > 0:
            train = train._replace(
                labels=with_wrong_labels(train.labels, self.label_noise, self.num_classes, self.seed)
            )
        self._pixels = pixels._replace(train=train)

    @property
    def mean(self) -> float:
        """What is subtracted from a pixel between 0 and 1; 0 if `standardize` is False."""
        return self._shift_and_scale[0] / self.brightest

    @property
    def std(self) -> float:
        """What the difference is divided by; 1 if `standardize` is False."""
        return self._shift_and_scale[1] / self.brightest

    @property
    def train(self) -> Split:
        """The training images, in the order of the file, with the labels that they train with."""
        return self._split("train")

    @property
    def validation(self) -> Split:
        """The validation images; they are scaled by the training images' mean and deviation."""
        return self._split("validation")

    @property
    def test(self) -> Split:
        """The test images, scaled likewise."""
        return self._split("test")

    def train_dataloader(self) -> InMemoryBatches:
        """Shuffled anew in each epoch, or never if the Trainer is asked to overfit some batches."""
        overfitting = getattr(self.trainer, "overfit_batches", 0) > 0
        pixels = self._read_pixels().train
        return self._batches(pixels, self.batch_size, shuffle=not overfitting, drop_last=self.drop_last)

    def val_dataloader(self) -> InMemoryBatches:
        """In the order of the file."""
        return self._batches(self._read_pixels().validation, self.evaluation_batch_size)

    def test_dataloader(self) -> InMemoryBatches:
        """In the order of the file."""
        return self._batches(self._read_pixels().test, self.evaluation_batch_size)

    def predict_dataloader(self) -> InMemoryBatches:
        """The test images."""
        return self.test_dataloader()

    def _batches(
        self, pixels: Pixels, batch_size: int, shuffle: bool = False, drop_last: bool = False
    ) -> InMemoryBatches:
        processes = self.trainer.distributed_sampler_kwargs if self.trainer is not None else None
        return InMemoryBatches(
            *pixels,
            batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            seed=self.seed,
            rank=processes["rank"] if processes else 0,
            world_size=processes["num_replicas"] if processes else 1,
            transform=self._to_float,
        )

    def _read_pixels(self) -> PixelSplits:
        if self._pixels is None:
            self.prepare_data()
            self.setup()
        assert self._pixels is not None
        return self._pixels

    def _split(self, name: str) -> Split:
        if name not in self._splits:
            images, labels = getattr(self._read_pixels(), name)
            self._splits[name] = Split(self._to_float(images), labels)
        return self._splits[name]

    @cached_property
    def _shift_and_scale(self) -> tuple[float, float]:
        """What a byte is reduced and divided by. Finding it takes longer than reading, so not before need."""
        return (
            _mean_and_std(self._read_pixels().train.images)
            if self.standardize
            else (0.0, float(self.brightest))
        )

    def _to_float(self, pixels: Tensor) -> Tensor:
        shift, scale = self._shift_and_scale
        return pixels.to(torch.float32).sub_(shift).div_(scale)


def _mean_and_std(pixels: Tensor) -> tuple[float, float]:
    """Mean and (population) standard deviation of bytes, exactly, by counting how often each value occurs."""
    counts = pixels.flatten().bincount(minlength=256).double()
    values = torch.arange(256, dtype=torch.float64)
    mean = (counts @ values) / counts.sum()
    variance = (counts @ (values - mean).square()) / counts.sum()
    # Images of one gray value have nothing to divide by.
    return mean.item(), variance.sqrt().item() or 1.0
