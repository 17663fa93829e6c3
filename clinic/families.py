"""Data and architectures; each pair is a family. Thresholds come from the first part."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import torch
from torch import Tensor, nn

from clinic.case import Case
from lightning_modules import MLP, Digits, FashionMNIST, initialize

Data = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], int]
Family = tuple[
    Callable[[], Data], Callable[[Data], nn.Module], float, Callable[..., torch.optim.Optimizer], int
]
"""What reads the data and what builds the network, then the rate, the optimizer and how many epochs."""

SGD = partial(torch.optim.SGD, momentum=0.9)


def split(inputs: Tensor, targets: Tensor, classes: int, standardize: bool = True) -> Data:
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(1))
    inputs, targets = inputs[order], targets[order]
    cut = len(inputs) * 4 // 5
    if standardize:
        mean, std = inputs[:cut].mean(0), inputs[:cut].std(0)
        inputs = (inputs - mean) / std.clamp_min(1e-6)
    return (inputs[:cut], inputs[cut:]), (targets[:cut], targets[cut:]), classes


def digits() -> Data:
    data = Digits()
    return (
        (data.train.images, data.test.images),
        (data.train.labels, data.test.labels),
        10,
    )


def friedman(seed: int) -> Data:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(1000, 8, generator=generator)
    y = 10 * (math.pi * x[:, 0] * x[:, 1]).sin() + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = y + 0.7 * torch.randn(len(y), generator=generator)
    return split(x, ((y - y.mean()) / y.std()).unsqueeze(1), 1)


def table(name: str) -> Data:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    inputs = torch.tensor(bunch.data, dtype=torch.float32)
    if name == "diabetes":
        targets = torch.tensor(bunch.target, dtype=torch.float32)
        return split(inputs, ((targets - targets.mean()) / targets.std()).unsqueeze(1), 1)
    targets = torch.tensor(bunch.target)
    if name == "breast_cancer":
        return split(inputs, targets.float(), 1)
    return split(inputs, targets, int(targets.max()) + 1)


def blobs(seed: int, classes: int, features: int, noise: float) -> Data:
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(2 * classes, features, generator=generator)
    places = torch.randint(2 * classes, (1200,), generator=generator)
    inputs = centers[places] + noise * torch.randn(1200, features, generator=generator)
    labels = places % classes
    return split(inputs, labels.float() if classes == 2 else labels, 1 if classes == 2 else classes)


def moons(seed: int) -> Data:
    from sklearn.datasets import make_moons

    inputs, labels = make_moons(900, noise=0.15, random_state=seed)
    return split(torch.tensor(inputs).float(), torch.tensor(labels).float(), 1)


def waves(seed: int, classes: int = 4, length: int = 16) -> Data:
    """Sequences: which of several frequencies?"""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (700,), generator=generator)
    phase = 6.3 * torch.rand(700, 1, generator=generator)
    time = torch.arange(length).unsqueeze(0) / length
    x = (2 * math.pi * (labels.unsqueeze(1) + 1) * time + phase).sin()
    x = x + 0.3 * torch.randn(x.shape, generator=generator)
    return split(x.unsqueeze(2), labels, classes, standardize=False)


def sums(seed: int, length: int = 8) -> Data:
    """Sequences: what is the sum, with fading weights?"""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(600, length, 1, generator=generator)
    weights = 0.9 ** torch.arange(length).flip(0)
    y = (x[:, :, 0] * weights).sum(1).tanh() + 0.3 * x[:, -1, 0]
    return split(x, ((y - y.mean()) / y.std()).unsqueeze(1), 1, standardize=False)


def shapes(seed: int, classes: int = 5, size: int = 10) -> Data:
    """Images: which pattern, wherever it is?"""
    generator = torch.Generator().manual_seed(seed)
    patterns = (torch.rand(classes, 4, 4, generator=generator) > 0.5).float() * 2
    labels = torch.randint(classes, (1000,), generator=generator)
    images = 0.5 * torch.randn(1000, 1, size, size, generator=generator)
    places = torch.randint(size - 3, (1000, 2), generator=generator)
    for image, label, (row, column) in zip(images, labels.tolist(), places.tolist(), strict=True):
        image[0, row : row + 4, column : column + 4] += patterns[label]
    return split((images - images.mean()) / images.std(), labels, classes, standardize=False)


def tokens(seed: int, classes: int = 3, words: int = 40, length: int = 12) -> Data:
    """Sentences: which class do most words come from?"""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (900,), generator=generator)
    x = torch.randint(words, (900, length), generator=generator)
    own = torch.rand(900, length, generator=generator) < 0.4
    x = torch.where(own, (x // classes * classes + labels.unsqueeze(1)).clamp_max(words - 1), x)
    return split(x, labels, classes, standardize=False)


def rings(seed: int) -> Data:
    """Is an item in the inner or in the outer ring?"""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (800,), generator=generator)
    x = torch.randn(800, 4, generator=generator)
    radius = 1 + labels + 0.25 * torch.randn(800, generator=generator)
    return split(x / x.norm(dim=1, keepdim=True) * radius.unsqueeze(1), labels.float(), 1)


def hills(seed: int) -> Data:
    """How high is it at a place?"""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(700, 3, generator=generator)
    y = (1.5 * x[:, 0]).sin() + 0.7 * x[:, 1] * x[:, 2].tanh() + 0.1 * torch.randn(700, generator=generator)
    return split(x, ((y - y.mean()) / y.std()).unsqueeze(1), 1)


@cache
def clothes() -> Data:
    """A few images of Fashion-MNIST."""
    data = FashionMNIST(train_size=1200)
    data.setup("fit")
    images, labels = data.train.images, data.train.labels
    return (images[:900], images[900:]), (labels[:900], labels[900:]), 10


def stripes(seed: int, size: int = 12) -> Data:
    """Images: which way do the stripes go?"""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(4, (800,), generator=generator)
    angles = labels * math.pi / 4 + 0.15 * torch.randn(800, generator=generator)
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    across = angles.cos()[:, None, None] * row + angles.sin()[:, None, None] * column
    phases = 6.3 * torch.rand(800, 1, 1, generator=generator)
    images = (1.2 * across + phases).sin() + 0.5 * torch.randn(800, size, size, generator=generator)
    return split(images.unsqueeze(1), labels, 4, standardize=False)


def echoes(seed: int, length: int = 10) -> Data:
    """Sequences: how long after the first pulse does the second one come?"""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (700,), generator=generator)
    x = 0.2 * torch.randn(700, length, generator=generator)
    start = torch.randint(length - 6, (700,), generator=generator)
    items = torch.arange(700)
    x[items, start] += 2
    x[items, start + 2 * labels + 1] -= 2
    return split(x.unsqueeze(2), labels, 3, standardize=False)


def balance(seed: int, words: int = 30, length: int = 9) -> Data:
    """Sentences: are there more good words than bad ones?"""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(words, (800, length), generator=generator)
    return split(x, ((x < words // 2).float().mean(1) > 0.5).float(), 1, standardize=False)


def dense(
    data: Data, widths: list[int], activation: type[nn.Module] = nn.ReLU, norm: bool = False
) -> nn.Module:
    features, outputs = data[0][0][0].numel(), data[2]
    made = MLP([features, *widths, outputs], activation, nn.BatchNorm1d if norm else None)
    initialize(made)
    return made


def convolutional(data: Data, channels: int, norm: bool = False) -> nn.Module:
    layers: list[nn.Module] = []
    before, size = 1, data[0][0].shape[-1]
    for width in (channels, 2 * channels):
        layers += [
            nn.Conv2d(before, width, 3, padding=1),
            *([nn.BatchNorm2d(width)] if norm else []),
            nn.ReLU(),
        ]
        layers.append(nn.MaxPool2d(2))
        before = width
    side = size // 2 // 2
    made = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * side * side, data[2]))
    initialize(made)
    return made


class Recurrent(nn.Module):
    def __init__(self, kind: Callable[..., nn.RNNBase], hidden: int, outputs: int) -> None:
        super().__init__()
        self.body = kind(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(inputs)[0][:, -1])
        return out


class Attention(nn.Module):
    def __init__(self, words: int, length: int, width: int, outputs: int, layers: int = 1) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.places = nn.Parameter(0.02 * torch.randn(length, width))
        self.body = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.0, batch_first=True)
                for _ in range(layers)
            )
        )
        self.head = nn.Linear(width, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(self.words(inputs) + self.places).mean(1))
        return out


def families(part: str, seed: int) -> dict[str, Callable[[], Case]]:
    """By name, what makes a case that trains well."""
    adam = torch.optim.Adam
    first: dict[str, Family] = {
        "digits, dense": (digits, lambda d: dense(d, [64, 64]), 0.03, SGD, 5),
        "friedman, dense": (lambda: friedman(seed), lambda d: dense(d, [48, 48]), 0.01, SGD, 14),
        "moons, tanh": (lambda: moons(seed), lambda d: dense(d, [24, 24], nn.Tanh), 0.01, adam, 12),
        "digits, convolutional": (digits, lambda d: convolutional(d, 8, norm=True), 3e-3, adam, 3),
        "waves, recurrent": (lambda: waves(seed), lambda d: Recurrent(nn.GRU, 24, d[2]), 0.01, adam, 12),
        "wine, sigmoid": (lambda: table("wine"), lambda d: dense(d, [24], nn.Sigmoid), 0.02, adam, 40),
        "blobs, dense": (lambda: blobs(seed, 6, 12, 0.5), lambda d: dense(d, [40, 40, 40]), 2e-3, adam, 10),
        "tokens, attention": (lambda: tokens(seed), lambda d: Attention(40, 12, 16, d[2]), 3e-3, adam, 10),
    }
    second: dict[str, Family] = {
        "breast cancer, dense": (
            lambda: table("breast_cancer"),
            lambda d: dense(d, [32, 16]),
            3e-3,
            adam,
            14,
        ),
        "shapes, convolutional": (lambda: shapes(seed), lambda d: convolutional(d, 10), 3e-3, adam, 10),
        "diabetes, dense": (lambda: table("diabetes"), lambda d: dense(d, [32]), 3e-3, adam, 25),
        "sums, recurrent": (lambda: sums(seed), lambda d: Recurrent(nn.LSTM, 20, d[2]), 0.01, adam, 14),
        "blobs, deep": (
            lambda: blobs(seed + 50, 8, 20, 0.6),
            lambda d: dense(d, [48] * 4, nn.ELU, norm=True),
            0.02,
            SGD,
            10,
        ),
        "two blobs, dense": (
            lambda: blobs(seed + 90, 2, 10, 0.5),
            lambda d: dense(d, [40, 20]),
            0.02,
            SGD,
            14,
        ),
        "iris, tanh": (lambda: table("iris"), lambda d: dense(d, [16, 16], nn.Tanh), 0.02, SGD, 40),
        "sentences, attention": (
            lambda: tokens(seed + 30, 4, 60, 10),
            lambda d: Attention(60, 10, 24, d[2], 2),
            2e-3,
            adam,
            12,
        ),
    }
    third: dict[str, Family] = {
        "rings, dense": (lambda: rings(seed), lambda d: dense(d, [32, 32]), 5e-3, adam, 12),
        "hills, tanh": (lambda: hills(seed), lambda d: dense(d, [32, 32], nn.Tanh), 5e-3, adam, 16),
        "clothes, dense": (clothes, lambda d: dense(d, [64, 32], nn.GELU), 2e-3, torch.optim.AdamW, 8),
        "stripes, convolutional": (lambda: stripes(seed), lambda d: convolutional(d, 8), 0.02, SGD, 8),
        "echoes, recurrent": (lambda: echoes(seed), lambda d: Recurrent(nn.RNN, 20, d[2]), 5e-3, adam, 12),
        "balance, attention": (lambda: balance(seed), lambda d: Attention(30, 9, 16, 1), 3e-3, adam, 10),
    }
    chosen = {"first": first, "second": second, "third": third}[part]
    return {name: partial(_case, name, *parts) for name, parts in chosen.items()}


def _case(
    name: str,
    read: Callable[[], Data],
    build: Callable[[Data], nn.Module],
    rate: float,
    optimizer: Callable[..., torch.optim.Optimizer],
    epochs: int,
) -> Case:
    data = read()
    inputs, targets, classes = data
    task = (
        "classes" if not targets[0].is_floating_point() else "regression" if targets[0].ndim > 1 else "binary"
    )
    return Case(
        name,
        task,
        inputs,
        targets,
        partial(build, data),
        rate,
        optimizer,
        epochs,
        classes=classes,
        tokens=not inputs[0].is_floating_point(),
    )
