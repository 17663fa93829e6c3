"""Unsupervised pretraining: learn layers from inputs alone, one after the other, then all together.

An autoencoder maps an input x to a code h and back, and learns to lose as little as possible on the way:

    h = E(x),    x' = D(h),    loss = |x' − x|² / numbers in x

In a stack, each layer learns to encode the codes of the layer below it, which by then stays as it is: h₀ = x,
h_k = E_k(h_{k−1}). So every layer learns close to its own target, even where no gradient would come through all of them.
Afterwards all of them are trained together, x' = D₁(… D_n(E_n(… E₁(x)))). The encoder E₁ … E_n is then the body of a
network that needs few labels.

A denoising autoencoder gets its input damaged and must give back the undamaged one. It cannot just copy, and
learns how the numbers of an input depend on each other.

Hinton, Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 313 (2006).
https://www.cs.toronto.edu/~hinton/science.pdf
Bengio, Lamblin, Popovici, Larochelle, "Greedy Layer-Wise Training of Deep Networks", NIPS 2006.
https://proceedings.neurips.cc/paper/2006/hash/5da713a690c067105aeb2fae32403405-Abstract.html
Vincent, Larochelle, Lajoie, Bengio, Manzagol, "Stacked Denoising Autoencoders", JMLR 11 (2010).
https://jmlr.org/papers/v11/vincent10a.html
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.cli import OptimizerCallable
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor, nn

from lightning_modules.batch_inputs import inputs_of
from lightning_modules.modes import evaluating
from lightning_modules.pretrained.fused_adam import adam
from lightning_modules.trial_run import is_trial

Loss = Callable[[Tensor, Tensor], Tensor]


class MaskingNoise(nn.Module):
    """In training, set a random fraction of the numbers to another value; in evaluation, nothing.

    ```python
    >>> _ = torch.manual_seed(0)
    >>> damaged = MaskingNoise(0.25)(torch.ones(1000))
    >>> sorted(damaged.unique().tolist()), 0.2 < (damaged == 0).float().mean().item() < 0.3
    ([0.0, 1.0], True)

    ```

    Args:
        fraction: How likely a number is to be hidden. The paper uses 0.1 to 0.5.
        value: What stands in its place; for standardized images that is best the background's value.

    Raises:
        ValueError: If the fraction is not between 0 and 1.
    """

    def __init__(self, fraction: float = 0.25, value: float = 0.0) -> None:
        super().__init__()
        if not 0 < fraction < 1:
            raise ValueError(
                f"fraction must be between 0 and 1, got {fraction}. For no noise, leave the module out."
            )
        self.fraction = fraction
        self.value = value

    def forward(self, inputs: Tensor) -> Tensor:
        """Return a damaged copy of `inputs`, of the same shape."""
        if not self.training:
            return inputs
        return inputs.masked_fill(torch.rand_like(inputs) < self.fraction, self.value)


class GaussianNoise(nn.Module):
    """In training, add normal noise; in evaluation, nothing.

    ```python
    >>> GaussianNoise(0.5).eval()(torch.ones(2))
    tensor([1., 1.])

    ```

    Args:
        std: The noise's standard deviation, in the inputs' units.

    Raises:
        ValueError: If it is not positive.
    """

    def __init__(self, std: float = 0.3) -> None:
        super().__init__()
        if std <= 0:
            raise ValueError(f"std must be positive, got {std}. For no noise, leave the module out.")
        self.std = std

    def forward(self, inputs: Tensor) -> Tensor:
        """Return a damaged copy of `inputs`, of the same shape."""
        return inputs + self.std * torch.randn_like(inputs) if self.training else inputs


class StackedAutoencoder(pl.LightningModule):
    """Layers that learn, one after the other, to encode what the layer below gives, and then all together.

    The first `epochs_per_layer` epochs train the first layer, the next ones the second, and so on; all epochs that
    are left train the whole. So a run of `max_epochs` has `max_epochs - epochs_per_layer * layers` for the whole, and
    a resumed run goes on in its phase. While an upper layer learns, those below stay as they are, in
    evaluation mode.

    Logged per epoch are the losses of what is being trained: `train/layer_1`, `train/layer_2`, …, `train/whole`, and
    `val/…` likewise, undamaged. A batch is inputs, or a tuple or list that begins with them; labels are not looked at.

    Afterwards `encoder` is an `nn.Sequential` of the layers, to be built into any network.

    ```python
    >>> autoencoder = StackedAutoencoder.dense((1, 8, 8), [30, 20], noise=MaskingNoise(0.25))
    >>> images = torch.zeros(5, 1, 8, 8)
    >>> autoencoder(images).shape, autoencoder.reconstruct(images).shape
    (torch.Size([5, 20]), torch.Size([5, 1, 8, 8]))
    >>> classifier = nn.Sequential(autoencoder.encoder, nn.Linear(20, 10))

    ```

    Args:
        encoders: The layers, from the inputs up: each one maps the codes of the one before it to its own. Dense,
            convolutional, or whatever else.
        decoders: For each of them, in the same order, what maps its codes back.
        noise: Damages what the layer in training gets, as `MaskingNoise` does. None makes a plain autoencoder.
        epochs_per_layer: How many epochs each layer trains alone: one number for all, or one for each. With 0 the whole
            is trained from the beginning.
        optimizer: Called with all parameters. Those of layers that are not in training stay as they are.
        loss: Called with the reconstruction and the target, of the same shape.

    Attributes:
        encoder: The layers, from the inputs up.
        decoder: The way back, from the codes down: `decoders` in reverse.

    Raises:
        ValueError: If the numbers of encoders, decoders and epochs differ or one is negative; in training, if a
            decoder does not give back the shape that its encoder got.
    """

    def __init__(
        self,
        encoders: Sequence[nn.Module],
        decoders: Sequence[nn.Module],
        noise: nn.Module | None = None,
        epochs_per_layer: int | Sequence[int] = 1,
        optimizer: OptimizerCallable = adam,
        loss: Loss = nn.functional.mse_loss,
    ) -> None:
        super().__init__()
        if not encoders or len(encoders) != len(decoders):
            raise ValueError(
                f"Each layer needs an encoder and a decoder, got {len(encoders)} encoders and {len(decoders)} decoders."
            )
        epochs = (
            [epochs_per_layer] * len(encoders)
            if isinstance(epochs_per_layer, int)
            else list(epochs_per_layer)
        )
        if len(epochs) != len(encoders) or min(epochs) < 0:
            raise ValueError(
                f"epochs_per_layer must be 0 or more for each of the {len(encoders)} layers, got {epochs}."
            )
        self.encoder = nn.Sequential(*encoders)
        # The way back begins at the top.
        self.decoder = nn.Sequential(*reversed(decoders))
        self.noise = noise
        self.epochs_per_layer = epochs
        self.optimizer = optimizer
        self.loss = loss

    @classmethod
    def dense(
        cls,
        shape: Sequence[int],
        widths: Sequence[int],
        activation: Callable[[], nn.Module] = nn.ReLU,
        **arguments: Any,
    ) -> "StackedAutoencoder":
        """A stack of dense layers.

        Each decoder ends with the activation whose outputs it gives back, and the lowest, which gives back inputs,
        with none.

        Args:
            shape: The shape of an input, without the batch.
            widths: Units of each layer.
            activation: Called once for each layer.
            **arguments: What `StackedAutoencoder` takes.

        Raises:
            ValueError: If there are no widths, or one is not positive.
        """
        if not widths or min(widths) < 1:
            raise ValueError(
                f"widths must name at least one layer, each of 1 unit or more, got {list(widths)}."
            )
        sizes = [math.prod(shape), *widths]
        encoders = [nn.Sequential(nn.Linear(below, above), activation()) for below, above in pairwise(sizes)]
        decoders = [nn.Sequential(nn.Linear(above, below), activation()) for below, above in pairwise(sizes)]
        encoders[0].insert(0, nn.Flatten())
        decoders[0][1] = nn.Unflatten(1, tuple(shape))
        return cls(encoders, decoders, **arguments)

    @property
    def layer(self) -> int | None:
        """Which layer is in training in this epoch, from 0 at the bottom; None is the whole."""
        left = self.current_epoch
        for index, epochs in enumerate(self.epochs_per_layer):
            if left < epochs:
                return index
            left -= epochs
        return None

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the codes of the uppermost layer for a batch of `inputs`."""
        codes: Tensor = self.encoder(inputs)
        return codes

    def reconstruct(self, inputs: Tensor, layers: int | None = None) -> Tensor:
        """Encode and decode; what comes back has the inputs' shape.

        Args:
            inputs: A batch.
            layers: How many layers up; None is all.
        """
        count = len(self.encoder) if layers is None else layers
        outputs: Tensor = self.decoder[len(self.encoder) - count :](self.encoder[:count](inputs))
        return outputs

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Return the loss of the layer in training, or of the whole."""
        loss = self._measure("train", batch)
        if self._trainer is not None and self.trainer.world_size > 1:  # `signal` asks without a Trainer
            # DDP waits for the gradients of all parameters, and must not get any for those that stay as they are.
            loss = loss + 0 * sum(p.sum() for p in self._idle())
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Measure the same without noise."""
        self._measure("val", batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Call `optimizer` with all parameters."""
        return self.optimizer(self.parameters())

    def on_fit_start(self) -> None:
        """Warn if some layer would not be trained."""
        greedy = sum(self.epochs_per_layer)
        limit = self.trainer.max_epochs
        if limit is not None and 0 <= limit < greedy and not is_trial(self.trainer):
            rank_zero_warn(
                f"{greedy} epochs train the layers one by one, and max_epochs={limit} ends before the last of them."
            )

    def on_after_backward(self) -> None:
        """Leave the layers that are not in training without gradients: so optimizers leave them alone."""
        for parameter in self._idle():
            parameter.grad = None

    def _idle(self) -> list[nn.Parameter]:
        if self.layer is None:
            return []
        trained = {*self.encoder[self.layer].parameters(), *self._decoder_of(self.layer).parameters()}
        return [parameter for parameter in self.parameters() if parameter not in trained]

    def _decoder_of(self, layer: int) -> nn.Module:
        return self.decoder[len(self.decoder) - 1 - layer]

    def _measure(self, stage: str, batch: Any) -> Tensor:
        inputs: Tensor = inputs_of(batch)
        layer = self.layer
        encode: nn.Module
        decode: nn.Module
        if layer is None:
            target, encode, decode, name = inputs, self.encoder, self.decoder, "whole"
        else:
            below = self.encoder[:layer]
            # The layers below stay as they are, statistics included, and hand on what they do without dropout.
            with torch.no_grad(), evaluating(below):
                target = below(inputs)
            encode, decode, name = self.encoder[layer], self._decoder_of(layer), f"layer_{layer + 1}"
        damaged = target if self.noise is None else self.noise(target)
        output = decode(encode(damaged))
        if output.shape != target.shape:
            raise ValueError(
                f"The decoder of {name} gives back shape {tuple(output.shape)} for {tuple(target.shape)}. "
                "After a convolution with a stride, ConvTranspose2d may need output_padding=1."
            )
        loss = self.loss(output, target)
        self.log(
            f"{stage}/{name}",
            loss,
            on_step=False,
            on_epoch=True,
            batch_size=len(inputs),
            prog_bar=True,
            sync_dist=True,
        )
        return loss
