"""Pretraining on an auxiliary task: learn from labels that cost nothing, and reuse the layers.

A task whose labels follow from the inputs themselves needs no one to label them. Which way is this photograph turned?
Who cannot see what is in it cannot tell:

    loss = − log p(k | image turned by k · 90°),    k = 0, 1, 2, 3

The body that has learned it is then reused, below a new head, for the task that has few labels.

Gidaris, Singh, Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018.
https://arxiv.org/abs/1803.07728
"""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.cli import OptimizerCallable
from torch import Tensor, nn

from lightning_modules.batch_inputs import inputs_of
from lightning_modules.pretrained.fused_adam import adam

MakeLabels = Callable[[Tensor], tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], Tensor]


def rotations(images: Tensor) -> tuple[Tensor, Tensor]:
    """Each image in all four positions, and which one that is.

    ```python
    >>> turned, quarters = rotations(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    >>> turned[1].tolist(), quarters.tolist()  # a quarter turn, anticlockwise
    ([[[2.0, 4.0], [1.0, 3.0]]], [0, 1, 2, 3])

    ```

    Args:
        images: Square images, shape (n, channels, height, width).

    Returns:
        Images of shape (4n, channels, height, width): first all of them upright, then all turned by 90°, and so on; and
        the number of quarter turns, int64, shape (4n,).

    Raises:
        ValueError: If the images are not square, for then a quarter turn would show in their shape.
    """
    if images.ndim != 4 or images.shape[-1] != images.shape[-2]:
        raise ValueError(
            f"rotations needs square images of shape (n, channels, size, size), got {tuple(images.shape)}. "
            "Crop them, or make labels in another way."
        )
    turned = torch.cat([images.rot90(quarters, dims=(-2, -1)) for quarters in range(4)])
    return turned, torch.arange(4, device=images.device).repeat_interleave(len(images))


class AuxiliaryTask(pl.LightningModule):
    """Train a body and a head on a task whose labels are made from the inputs.

    A batch is inputs, or a tuple or list that begins with them; other labels are not looked at. Logged per epoch are
    `train/loss` and `val/loss`, and `train/accuracy` and `val/accuracy` where labels are class numbers.

    Afterwards `body` is what you gave, trained: put it below a new head, or copy it, from a checkpoint too, with
    `reuse(model, task, layers={"body": "network.0"})`.

    ```python
    >>> body = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.Flatten())
    >>> task = AuxiliaryTask(body, head=nn.Linear(4 * 3 * 3, 4))
    >>> task(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 4])

    ```

    Any function that makes inputs and labels of inputs will do. Here the right half of each item is to be told
    from the left one:

    ```python
    >>> def halves(inputs):
    ...     left, right = inputs.chunk(2, dim=-1)
    ...     return left, right
    >>> task = AuxiliaryTask(nn.Linear(3, 8), nn.Linear(8, 3), halves, loss=nn.functional.mse_loss)

    ```

    Args:
        body: The layers to be reused. Convolutional or not, whatever takes the inputs.
        head: Maps what the body gives to what the loss takes: for `rotations`, 4 scores per image.
        make_labels: Called with a batch of inputs; returns inputs and labels, of which there may be more.
        optimizer: Called with all parameters.
        loss: Called with the head's outputs and the labels.

    Raises:
        TypeError: In training, if a batch is a dictionary.
        ValueError: In training, if the function makes as many labels as there are not inputs.
    """

    def __init__(
        self,
        body: nn.Module,
        head: nn.Module,
        make_labels: MakeLabels = rotations,
        optimizer: OptimizerCallable = adam,
        loss: Loss = nn.functional.cross_entropy,
    ) -> None:
        super().__init__()
        self.body = body
        self.head = head
        self.make_labels = make_labels
        self.optimizer = optimizer
        self.loss = loss

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the head's outputs for a batch of `inputs`, labels aside."""
        outputs: Tensor = self.head(self.body(inputs))
        return outputs

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Make labels, and return the loss."""
        return self._measure("train", batch)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Make labels, and measure."""
        self._measure("val", batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Call `optimizer` with all parameters."""
        return self.optimizer(self.parameters())

    def _measure(self, stage: str, batch: Any) -> Tensor:
        with torch.no_grad():
            inputs, labels = self.make_labels(inputs_of(batch))
        if len(inputs) != len(labels):
            raise ValueError(
                f"make_labels must return a label for each input, got {len(inputs)} inputs and {len(labels)} labels."
            )
        outputs = self(inputs)
        loss = self.loss(outputs, labels)
        values = {"loss": loss}
        if labels.ndim == 1 and not labels.is_floating_point():
            values["accuracy"] = (outputs.argmax(dim=-1) == labels).float().mean()
        for name, value in values.items():
            self.log(
                f"{stage}/{name}",
                value,
                on_step=False,
                on_epoch=True,
                batch_size=len(inputs),
                prog_bar=True,
                sync_dist=True,
            )
        return loss
