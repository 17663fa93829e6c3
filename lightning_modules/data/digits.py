"""The digits that ship with scikit-learn: 1,797 images of 8 x 8 pixels. Nothing to download, seconds to train."""

from typing import ClassVar

import torch

from lightning_modules.data.images import InMemoryImages, Pixels, PixelSplits
from lightning_modules.data.splits import balanced_order

_TRAIN, _VALIDATION = 1257, 180  # 70% and 10%; the rest, 360 images, is the test


class Digits(InMemoryImages):
    """Handwritten digits, 1,257 to train, 180 to validate, 360 to test, every class in fair shares.

    >>> digits = Digits()
    >>> digits.train.images.shape, digits.validation.labels.shape, digits.test.labels.shape
    (torch.Size([1257, 1, 8, 8]), torch.Size([180]), torch.Size([360]))

    Takes the arguments of `InMemoryImages`.
    """

    num_classes: ClassVar[int] = 10
    image_shape: ClassVar[tuple[int, int, int]] = (1, 8, 8)
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")
    brightest: ClassVar[int] = 16

    def read(self) -> PixelSplits:
        """Load scikit-learn's copy and divide it."""
        from sklearn.datasets import load_digits

        bunch = load_digits()
        images = torch.from_numpy(bunch.images).to(torch.uint8).unsqueeze(1)
        labels = torch.from_numpy(bunch.target).to(torch.int64)
        # The file is sorted by writer, so it has to be mixed; with one seed, for all seeds share one test.
        train, validation, test = balanced_order(labels, seed=0).tensor_split((_TRAIN, _TRAIN + _VALIDATION))
        return PixelSplits(
            *(Pixels(images[chosen], labels[chosen]) for chosen in (train, validation, test)),
        )
