"""A LightningModule that trains any network to tell classes apart, with any optimizer and schedule."""

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from pytorch_lightning.utilities import rank_zero_warn
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.classification import MulticlassAccuracy

from lightning_modules.batch_inputs import inputs_of
from lightning_modules.recipes.conflicts import conflicts
from lightning_modules.recipes.defaults import Name
from lightning_modules.recipes.parts import ADAMW
from lightning_modules.recipes.recipe import Parts, Recipe, depth_of, schedule_of, with_parts
from lightning_modules.recipes.recipe import recipe as take
from lightning_modules.schedules.scheduled import Interval, scheduled
from lightning_modules.trainer_callbacks import callbacks_of


class Classifier(pl.LightningModule):
    """Cross entropy, accuracy, and whatever network, optimizer and schedule you give it.

    Logged once per epoch: `train/loss`, `train/accuracy`, `val/loss`, `val/accuracy`, `test/loss`,
    `test/accuracy`. Training values are means over the epoch while the weights move; they are not those of
    the final weights.

    A checkpoint holds the weights but not how the network is built, so building it is up to you:
    `Classifier.load_from_checkpoint(path, network=MLP([784, 300, 100, 10]))`.

    >>> from functools import partial
    >>> from lightning_modules import MLP
    >>> classifier = Classifier(MLP([64, 30, 10]), optimizer=partial(torch.optim.SGD, lr=0.1))
    >>> classifier(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 10])

    A recipe says optimizer, schedule and regularization for you; what you give beside it comes in place of its part.
    The network is yours, and is trained as it is: `Recipe.network` builds one as the recipe says.

    >>> from lightning_modules import recipe
    >>> chosen = recipe("default", depth="shallow")
    >>> Classifier(chosen.network([64, 30, 10]), recipe=chosen).recipe.optimizer.words
    'Nesterov'

    Args:
        network: Maps inputs of shape (n, ...) to one score (logit) per class, shape (n, classes).
        optimizer: Called with the parameters: a class, or `partial(torch.optim.SGD, lr=0.1, momentum=0.9)`. None is
            the recipe's, and without one torch's AdamW, fused.
        lr_scheduler: Called with the optimizer, likewise. It is told the run's length, and refused if it would
            not act in it; see `scheduled`. None is the recipe's, and without one leaves the rate alone.
        interval: Whether the schedule steps after each training step or each epoch. A recipe's knows it by itself.
        monitor: The logged name that a schedule such as `ReduceLROnPlateau` watches, once per epoch.
        recipe: "default", "self-normalizing", or what `recipe` returned. Its callbacks are added to the Trainer's,
            except for those of a class that the Trainer has already, or that is derived from one of them.

    Raises:
        ValueError: If `interval` is neither "step" nor "epoch"; if there is no such recipe, or its parts and yours
            undo each other; in training, if labels are not class numbers or do not fit the scores.
        MisconfigurationException: When training starts, if the schedule would not act in the run.

    Warns:
        UserWarning: If a recipe is given, and parts of the network undo each other; see `conflicts`.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: OptimizerCallable | None = None,
        lr_scheduler: LRSchedulerCallable | None = None,
        interval: Interval = "epoch",
        monitor: str = "val/loss",
        recipe: Name | Recipe | None = None,
    ) -> None:
        super().__init__()
        if interval not in ("step", "epoch"):
            raise ValueError(
                f'A schedule steps once per "step" or once per "epoch", got interval={interval!r}.'
            )
        # Callables and modules stay out: a checkpoint of tensors and plain values loads anywhere, and safely.
        self.save_hyperparameters("interval", "monitor")
        self.network = network
        self.recipe = _with_yours(recipe, network, optimizer, lr_scheduler, interval)
        self.optimizer = optimizer or (ADAMW if self.recipe is None else self.recipe.optimizer).make
        self.lr_scheduler = lr_scheduler
        self._has_own_schedule = lr_scheduler is not None
        self.interval: Interval = interval
        if self.recipe is not None and self.recipe.schedule is not None:
            self.lr_scheduler = self.recipe.schedule.make
            self.interval = self.recipe.schedule.interval
        self.monitor = monitor
        self._train_epoch = _Epoch()
        self._val_epoch = _Epoch()
        self._test_epoch = _Epoch()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's scores, shape (n, classes), for `inputs` of shape (n, ...)."""
        scores: Tensor = self.network(inputs)
        return scores

    def on_train_start(self) -> None:
        """Begin, in the middle of an epoch if a run is resumed there."""
        self._train_epoch.begin()

    def on_train_epoch_start(self) -> None:
        """Begin an epoch, of which a training that was interrupted may have left counts."""
        self._train_epoch.begin()

    def on_validation_epoch_start(self) -> None:
        """Begin to validate."""
        self._val_epoch.begin()

    def on_test_epoch_start(self) -> None:
        """Begin to test."""
        self._test_epoch.begin()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the cross entropy of a batch (inputs, labels), and count it with the accuracy."""
        return self._measure("train", batch, self._train_epoch)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Count cross entropy and accuracy."""
        self._measure("val", batch, self._val_epoch)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Count cross entropy and accuracy."""
        self._measure("test", batch, self._test_epoch)

    def predict_step(self, batch: Tensor | tuple[Tensor, ...] | list[Tensor], batch_idx: int) -> Tensor:
        """Return class probabilities, shape (n, classes), for inputs with or without labels beside them."""
        probabilities: Tensor = self(inputs_of(batch)).softmax(dim=-1)
        return probabilities

    def configure_callbacks(self) -> list[pl.Callback]:
        """Return the recipe's callbacks, but for those that the Trainer has from you."""
        if self.recipe is None:
            return []
        yours = {type(callback) for callback in callbacks_of(self.trainer)} - {pl.Callback}
        return [
            callback
            for callback in self.recipe.callbacks()
            if not any(issubclass(type(callback), kind) or issubclass(kind, type(callback)) for kind in yours)
        ]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Call `optimizer` with the parameters, and `lr_scheduler` with the result; size and check the schedule."""
        optimizer = self.optimizer(self.parameters())
        if self.lr_scheduler is None:
            return optimizer
        try:
            return scheduled(self.trainer, optimizer, self.lr_scheduler, self.interval, self.monitor)
        except MisconfigurationException as error:
            if self.recipe is None or self._has_own_schedule:
                raise
            raise MisconfigurationException(
                f"{error} The schedule is the recipe's: give another beside the recipe, lr_scheduler=partial(Plateau, "
                "patience=1); or train without one, recipe(..., schedule=None). To try a program out, fast_dev_run=True "
                "checks no schedule."
            ) from None

    def _measure(self, stage: str, batch: tuple[Tensor, Tensor], epoch: "_Epoch") -> Tensor:
        inputs, labels = batch
        scores = self(inputs)
        _check_labels(labels, scores)
        loss = _cross_entropy(scores, labels)
        epoch.loss.update(loss.detach(), len(labels))
        epoch.accuracy.update(scores, labels)
        if not epoch.is_logged:
            self.log(f"{stage}/loss", epoch.loss, on_step=False, on_epoch=True, prog_bar=True)
            self.log(f"{stage}/accuracy", epoch.accuracy, on_step=False, on_epoch=True, prog_bar=True)
            epoch.is_logged = True
        return loss


def _with_yours(
    recipe: Name | Recipe | None,
    network: nn.Module,
    optimizer: OptimizerCallable | None,
    lr_scheduler: LRSchedulerCallable | None,
    interval: Interval,
) -> Recipe | None:
    """The recipe, with the parts that were given beside it."""
    if recipe is None:
        return None
    parts: Parts = {}
    if optimizer is not None:
        parts["optimizer"] = optimizer
    if lr_scheduler is not None:
        parts["schedule"] = schedule_of(lr_scheduler, interval)
    for conflict in conflicts(network):
        rank_zero_warn(str(conflict))
    return with_parts(recipe if isinstance(recipe, Recipe) else take(recipe, depth_of(network)), **parts)


class _Epoch(nn.Module):
    """Mean loss and accuracy of an epoch, exact for batches of any size and any number of processes.

    Lightning computes and resets a metric at the end of each epoch in which it was logged at least once. Once is
    enough: `self.log` costs as much as a training step of a small network.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loss = _MeanLoss()
        # Its own checks would look at every label; _check_labels does what is cheap.
        self.accuracy = MulticlassAccuracy(average="micro", validate_args=False)
        self.is_logged = False

    def begin(self) -> None:
        """Count from zero, in tensors of the mode at hand: `validate` leaves some that `fit` could not add to."""
        self.loss.reset()
        self.accuracy.reset()
        self.is_logged = False


class _MeanLoss(Metric):
    """The mean over all items. torchmetrics' MeanMetric, unless it looks for NaN, forgets the weights (1.9)."""

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, loss: Tensor, count: int) -> None:
        self.total += loss * count
        self.count += count

    def compute(self) -> Tensor:
        return self.total / self.count


def _cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    try:
        return nn.functional.cross_entropy(scores, labels)
    except IndexError as error:  # on a CPU; looking at every label beforehand would cost each step
        classes = scores.shape[1]
        raise ValueError(
            f"The network has {classes} outputs, for classes 0 to {classes - 1}, but the labels go from "
            f"{labels.min()} to {labels.max()}. Give it as many outputs as there are classes."
        ) from error


def _check_labels(labels: Tensor, scores: Tensor) -> None:
    if labels.dtype != torch.int64:
        raise ValueError(
            f"Labels must be class numbers of dtype int64, got {labels.dtype}. Use labels.long()."
        )
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(
            "A batch of n items needs scores of shape (n, classes) and labels of shape (n,), "
            f"got scores {tuple(scores.shape)} and labels {tuple(labels.shape)}."
        )
