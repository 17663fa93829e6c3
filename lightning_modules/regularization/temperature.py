r"""Temperature scaling: divide all logits by one number, so that probabilities fit how often answers are right.

With z the logits of an item and y its class, the temperature T minimizes the negative log likelihood of N items that the
network was not trained on:

    p = softmax(z / T)        T = argmin −1/N Σ ln p_y

T > 1 makes a network less sure. The answers, and so the accuracy, stay the same. With β = 1 / T the loss is convex, and
at its minimum the logit of the right class is, on average, what the probabilities say it is:

    1/N Σ (Σ_c p_c z_c − z_y) = 0

which is solved by Newton's method, kept within bounds.

Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
https://arxiv.org/abs/1706.04599
"""

import math
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from lightning_modules.modes import evaluating
from lightning_modules.regularization.calibration import check_labels
from lightning_modules.regularization.predicted_outputs import check_output, check_sums, in_float

_STEPS = 100  # Newton's takes about ten, halving fifty


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature T that makes the labels most likely.

    >>> logits = torch.tensor([[2.0, 0.0]] * 4)  # a probability of 88% each time, and three of four are right
    >>> round(fit_temperature(logits, torch.tensor([0, 0, 0, 1])), 4)  # it is 3/4 where 2 / T = ln 3
    1.8205

    Args:
        logits: Of data that the network was not trained on, shape (n, classes, ...).
        labels: The right classes, integers of shape (n, ...).

    Raises:
        TypeError: If the labels are no integers.
        ValueError: If the shapes do not belong together, there are no items, or a label is no class; if a logit is not
            finite; if no temperature is best: each label is the likeliest class, so that the lower the better, or
            the logits say nothing of the labels, so that the higher the better.
    """
    check_labels(logits, labels)
    if not logits.isfinite().all():
        raise ValueError("A logit is not finite. Leave out such items, or look for what makes them so.")
    z = logits.detach().double().movedim(1, -1).flatten(0, -2)
    # Softmax is the same for all of an item's logits less one number.
    z = z - z.gather(1, labels.flatten().unsqueeze(1))
    if z.max() <= 0:
        raise ValueError(
            f"Each of the {len(z):,} labels is the likeliest class, and the lower the temperature, the better. Fit it on "
            "data on which the network errs now and then: validation data, and enough of it."
        )
    if z.mean() >= 0:
        raise ValueError(
            "The logits of the right classes are on average no higher than others: the network knows nothing of these "
            "labels, and the higher the temperature, the better. Look whether labels and classes belong together."
        )
    return 1 / _root(z)


class TemperatureScaling(nn.Module):
    """A network whose logits are divided by a temperature.

    >>> scaled = TemperatureScaling(nn.Identity(), temperature=2.0)
    >>> scaled(torch.tensor([[2.0, 0.0]]))
    tensor([[1., 0.]])

    Args:
        model: Any module that returns logits of shape (n, classes, ...).
        temperature: T.

    Attributes:
        temperature: T as a buffer, a tensor without dimensions: it is saved with the weights, and not trained.

    Raises:
        ValueError: If `temperature` is not positive and finite.
    """

    temperature: Tensor

    def __init__(self, model: nn.Module, temperature: float = 1.0) -> None:
        super().__init__()
        if not 0 < temperature < math.inf:
            raise ValueError(f"temperature must be positive and finite, got {temperature}.")
        self.model = model
        self.register_buffer("temperature", torch.tensor(float(temperature)))

    def forward(self, *inputs: Any, **keywords: Any) -> Tensor:
        """The logits that the model returns for `inputs` and `keywords`, divided."""
        logits: Tensor = self.model(*inputs, **keywords)
        return logits / self.temperature

    def extra_repr(self) -> str:
        """The temperature, for `print`."""
        return f"temperature={self.temperature.item():.4g}"


def temperature_scaling(model: nn.Module, batches: Iterable[Any]) -> TemperatureScaling:
    """Fit a network's temperature on validation data.

    ```python
    scaled = temperature_scaling(model, data.val_dataloader())
    probabilities = scaled(images).softmax(dim=1)
    ```

    The module around it predicts as the model does: `mc_dropout` and `deep_ensemble` take it.

    >>> data = [(torch.tensor([[2.0, 0.0]] * 4), torch.tensor([0, 0, 0, 1]))]
    >>> temperature_scaling(nn.Identity(), data).temperature
    tensor(1.8205)

    Args:
        model: Any module that maps inputs of shape (n, ...) to logits of shape (n, classes, ...), such as a trained
            LightningModule. It predicts in evaluation mode, and has its modes back afterwards.
        batches: Pairs of inputs and labels, of data that it was not trained on: a loader, or a list of pairs.

    Raises:
        TypeError: If a batch is no pair of tensors, the model returns no tensor, or a data module is given; if the labels
            are no integers.
        ValueError: If there are no batches; if the outputs are probabilities, or not one for each input; see
            `fit_temperature`.
    """
    if isinstance(batches, pl.LightningDataModule):
        raise TypeError(
            f"batches are those of a loader, got a data module. Call its setup, and give its loader: "
            f"{type(batches).__name__}.val_dataloader()."
        )
    device = next((parameter.device for parameter in model.parameters()), None)
    logits, labels = [], []
    with evaluating(model), torch.no_grad():
        for batch in batches:
            inputs, right = _pair(batch)
            moved = inputs if device is None else inputs.to(device)
            output = model(moved.clone())  # a module may write into its inputs
            check_output(output, len(right), "logits")
            logits.append(in_float(output).cpu())
            labels.append(right.cpu())
    if not logits:
        raise ValueError("There are no batches to fit a temperature on.")
    joined = torch.cat(logits)
    check_sums(joined, "logits")
    scaled = TemperatureScaling(model, fit_temperature(joined, torch.cat(labels)))
    scaled.training = model.training
    if device is not None:
        scaled.temperature = scaled.temperature.to(device)
    return scaled


def _pair(batch: Any) -> tuple[Tensor, Tensor]:
    is_pair = isinstance(batch, tuple | list) and len(batch) == 2
    if not is_pair or not all(isinstance(part, Tensor) for part in batch):
        kind = f"a {type(batch).__name__}" if not is_pair else "a pair of something else"
        raise TypeError(
            f"A batch is a pair (inputs, labels) of tensors, got {kind}. Let the loader's collate_fn make pairs; of a "
            "single pair, give a list: [(inputs, labels)]."
        )
    return batch[0], batch[1]


def _root(z: Tensor) -> float:
    """The β at which the mean of Σ_c p_c z_c is 0, where z_y is 0; that rises with β."""
    low, high, beta = 0.0, math.inf, 1.0
    for _ in range(_STEPS):
        p = (beta * z).softmax(dim=1)
        means = (p * z).sum(dim=1)
        value = means.mean().item()
        slope = ((p * z.square()).sum(dim=1) - means.square()).mean().item()
        low, high = (low, beta) if value > 0 else (beta, high)
        following = beta - value / slope if slope > 0 else math.nan
        if not low < following < high:
            following = 2 * beta if high == math.inf else (low + high) / 2
        if abs(following - beta) <= 1e-12 * beta:
            break
        beta = following
    return beta
