"""Fashion-MNIST: 70,000 images of clothes in ten classes, 28 x 28 pixels. `fashion_mnist_files` says where from."""

from typing import ClassVar

import torch

from lightning_modules.data import fashion_mnist_files
from lightning_modules.data.images import InMemoryImages, Pixels, PixelSplits

_TRAIN = 55_000


class FashionMNIST(InMemoryImages):
    """Clothes, 55,000 to train, 5,000 to validate (the last of the training file), 10,000 to test.

    Takes the arguments of `InMemoryImages`.

    Raises:
        FashionMNISTUnavailable: When the data is first needed, if the files are not here and cannot be downloaded.
        FashionMNISTDamaged: Then, if a file is cut, corrupt, or another one.
    """

    num_classes: ClassVar[int] = 10
    image_shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    brightest: ClassVar[int] = 255

    def prepare_data(self) -> None:
        """Download what is missing. Lightning calls it in one process only."""
        fashion_mnist_files.fetch()

    def read(self) -> PixelSplits:
        """Load the four files and divide the training one."""
        files = fashion_mnist_files.load()
        images, labels = files["train-images-idx3-ubyte"], files["train-labels-idx1-ubyte"].to(torch.int64)
        return PixelSplits(
            train=Pixels(images[:_TRAIN], labels[:_TRAIN]),
            validation=Pixels(images[_TRAIN:], labels[_TRAIN:]),
            test=Pixels(files["t10k-images-idx3-ubyte"], files["t10k-labels-idx1-ubyte"].to(torch.int64)),
        )
