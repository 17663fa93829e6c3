"""Is there anything to learn? Simple methods on a few of the items that training has drawn.

Ridge regression and the nearest neighbor answer for each item of the sample from all others. What they get is what a
network should get at the least, and where they get nothing, targets may not be the inputs' own.
"""

import math

import torch
from torch import Tensor

from lightning_modules.doctor.record import Learnable

_ITEMS = 512
_FEATURES = 400
_TOKENS = 2000
_RIDGES = (0.01, 0.1, 1.0, 10.0)
_NEIGHBOURS = 5


class Sample:
    """Items of the first batches, up to a number of them; inputs and targets as the loss got them."""

    def __init__(self) -> None:
        self._inputs: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._classes = False
        self.items = 0

    def is_full(self) -> bool:
        """Whether there are enough."""
        return self.items >= _ITEMS

    @torch.no_grad()
    def add(self, inputs: Tensor, target: Tensor, classes: bool) -> None:
        """Copy what is needed of one batch.

        Args:
            inputs: Shape (n, ...).
            target: Shape (n, ...).
            classes: Whether targets are class numbers.
        """
        if inputs.ndim < 2 or target.ndim < 1 or len(inputs) != len(target) or self.is_full():
            return
        target = target.reshape(len(target), -1)
        if classes and target.shape[1] > 1:
            return
        room = _ITEMS - self.items
        features = _features(inputs[:room])
        if self._inputs and self._inputs[0].shape[1:] != features.shape[1:]:
            return
        self._inputs.append(features)
        self._targets.append(target[:room, :64].double().cpu().clone())
        self._classes = classes
        self.items += len(features)

    @torch.no_grad()
    def learnable(self) -> Learnable:
        """What ridge regression and nearest neighbors get."""
        if self.items < 40:
            return Learnable(self.items)
        inputs, targets = torch.cat(self._inputs), torch.cat(self._targets)
        good = inputs.isfinite().all(1) & targets.isfinite().all(1) & _is_first(inputs)
        inputs, targets = inputs[good], targets[good]
        if len(inputs) < 40:
            return Learnable(len(inputs))
        std = inputs.std(0)
        inputs = (inputs - inputs.mean(0)) / torch.where(std > 0, std, torch.ones_like(std))
        inputs = inputs[:, std > 1e-12]
        if inputs.shape[1] == 0:
            return Learnable(len(inputs), 0.0, 0.0)
        if self._classes or _few_values(targets):
            return _classes(inputs, targets[:, 0])
        if targets.shape[1] > 1 and bool((targets.sum(1) == 1).all()) and bool((targets >= 0).all()):
            return _classes(inputs, targets.argmax(1).double())
        return _numbers(inputs, targets)


def _is_first(inputs: Tensor) -> Tensor:
    """Where an item is not the same as an earlier one, which would know its answer."""
    _, places = torch.unique(inputs, dim=0, return_inverse=True)
    first = torch.full((int(places.max()) + 1,), len(places))
    first.scatter_reduce_(0, places, torch.arange(len(places)), "amin")
    return first[places] == torch.arange(len(places))


def _few_values(targets: Tensor) -> bool:
    return targets.shape[1] == 1 and len(targets.unique()) == 2


def _features(inputs: Tensor) -> Tensor:
    if not inputs.is_floating_point():
        flat = inputs.reshape(len(inputs), -1).long()
        if flat.numel() and flat.shape[1] > 1 and flat.min() >= 0 and flat.max() < _TOKENS:
            counts = torch.zeros(len(flat), _TOKENS, dtype=torch.float64, device=flat.device)
            counts.scatter_add_(1, flat, torch.ones_like(flat, dtype=torch.float64))
            both = torch.cat([flat.double(), counts], dim=1)
            return both.cpu()
        return flat.double().cpu()
    flat = inputs.reshape(len(inputs), -1)
    if flat.shape[1] > _FEATURES:
        flat = flat[:, :: -(-flat.shape[1] // _FEATURES)]
    return flat.double().cpu()


def _hat_matrices(inputs: Tensor) -> list[Tensor]:
    """Of ridge regression with a constant, for some strengths; what each item's answer is made of."""
    values, vectors = torch.linalg.eigh(inputs @ inputs.T / inputs.shape[1])
    n = len(inputs)
    values = values.clamp_min(0)
    return [(vectors * (values / (values + ridge * n / 100))) @ vectors.T + 1 / n for ridge in _RIDGES]


def _left_out(inputs: Tensor, targets: Tensor) -> list[Tensor]:
    """What each method says of each item from all the others."""
    answers = []
    mean = targets.mean(0)
    for hat in _hat_matrices(inputs):
        own = hat.diagonal().unsqueeze(1).clamp_max(0.999)
        fitted = hat @ targets
        answers.append((fitted - own * targets) / (1 - own))
    distances = torch.cdist(inputs, inputs).fill_diagonal_(math.inf)
    nearest = distances.topk(min(_NEIGHBOURS, len(inputs) - 1), largest=False).indices
    near = targets[nearest].mean(1)
    answers += [near, targets[nearest[:, 0]] * 0.999 + near * 0.001, (near + mean) / 2]
    return answers


def _classes(inputs: Tensor, labels: Tensor) -> Learnable:
    values, places = labels.unique(return_inverse=True)
    if len(values) < 2:
        return Learnable(len(labels), math.nan, math.nan)
    one_hot = torch.nn.functional.one_hot(places, len(values)).double()
    share = float(one_hot.mean(0).max())
    n = len(labels)
    best = max(float((answer.argmax(1) == places).double().mean()) for answer in _left_out(inputs, one_hot))
    error = math.sqrt(max(share * (1 - share), 1e-6) / n)
    return Learnable(n, (best - share) / max(1 - share, 1e-6), error / max(1 - share, 1e-6))


def _numbers(inputs: Tensor, targets: Tensor) -> Learnable:
    std = targets.std(0)
    targets = ((targets - targets.mean(0)) / torch.where(std > 0, std, torch.ones_like(std)))[:, std > 0]
    if targets.shape[1] == 0:
        return Learnable(len(inputs), math.nan, math.nan)
    n = len(targets)
    best = max(1 - float((answer - targets).square().mean()) for answer in _left_out(inputs, targets))
    return Learnable(n, best, 1 / math.sqrt(n))
