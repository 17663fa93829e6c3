r"""Monte Carlo dropout: leave dropout on when predicting, ask many times, and see how much the answers differ.

Each pass k of K draws new masks, which makes it another network; with p_k its class probabilities for an input,

    mean                  p = 1/K Σ_k p_k
    predictive entropy    H(p) = −Σ_c p_c ln p_c                the whole doubt
    mutual information    H(p) − 1/K Σ_k H(p_k)                 the part on which the networks disagree

No weight is trained anew: any network that was trained with dropout will do. Only its dropout modules are switched on.
`model.train()` would also switch batch normalization to the statistics of the batch, and make each
prediction depend on what else is in it.

K passes over n items are made as fewer passes over more rows, each item repeated, so that a processor is busy; every row
has masks of its own.

Gal, Ghahramani, "Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep Learning", ICML 2016.
https://arxiv.org/abs/1506.02142
Houlsby, Huszár, Ghahramani, Lengyel, "Bayesian Active Learning for Classification and Preference Learning", 2011
(mutual information). https://arxiv.org/abs/1112.5745
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from lightning_modules.batch_inputs import inputs_of
from lightning_modules.layer_weights import refuse_without_numbers
from lightning_modules.module_names import modules_by_name
from lightning_modules.regularization.mc_dropout_prediction import MCPrediction, Tally
from lightning_modules.regularization.mc_dropout_probe import probe
from lightning_modules.regularization.predicted_outputs import (
    Outputs,
    check_kind,
    check_output,
    check_sums,
    in_float,
)

# On a processor the time per row falls up to a few hundred rows, and rises again where the caches are full.
_ROWS_ON_CPU = 1024


@contextmanager
def dropout_on(model: nn.Module) -> Iterator[None]:
    """Within the block, all dropout modules of a model are in training mode and all others in evaluation mode.

    Afterwards, after an error too, each module is in the mode that it was in.

    >>> model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5))
    >>> with dropout_on(model):
    ...     [module.training for module in model]
    [False, True]
    >>> [module.training for module in model]
    [True, True]

    Args:
        model: Any module. Every kind of `torch.nn`'s dropout counts.
    """
    modes = {module: module.training for _, module in modules_by_name(model)}
    # Attention in evaluation mode has a shortcut that leaves out its dropout modules.
    shortcut = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for module, was_training in modes.items():
            if was_training != isinstance(module, _DropoutNd):
                module.training = not was_training
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(shortcut)
        for module, was_training in modes.items():
            if module.training != was_training:
                module.training = was_training


def mc_dropout(
    model: nn.Module,
    inputs: Tensor,
    samples: int = 100,
    outputs: Outputs = "logits",
    seed: int | None = None,
    memory: int = 2**28,
    keep_samples: bool = False,
) -> MCPrediction:
    """Predict with dropout on, `samples` times.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
    >>> prediction = mc_dropout(model, torch.zeros(5, 4), samples=50, seed=0)
    >>> prediction.mean.shape, prediction.entropy.shape
    (torch.Size([5, 3]), torch.Size([5]))

    Args:
        model: Any module that maps inputs of shape (n, ...) to a tensor of shape (n, classes, ...) or (n, ...). Its
            modes, and torch's random numbers if there is a seed, are the same afterwards.
        inputs: Shape (n, ...).
        samples: How many passes with dropout, K.
        outputs: What the model returns: "logits", of which the softmax over dimension 1 is taken; "probabilities"
            over dimension 1; or "values", as in regression, which have no entropies.
        seed: Makes the result the same each time, for the same inputs and memory. None draws on from torch's
            random numbers.
        memory: The most that the tensors of a pass may take, in bytes; the inputs and the result are not counted.
        keep_samples: Also return every pass.

    Raises:
        TypeError: If the inputs or the model's outputs are not tensors.
        ValueError: If there are fewer than two samples or no inputs; if the model has no dropout with a rate above 0,
            or calls dropout as a function, which evaluation mode switches off; if a layer has no values yet; if its
            outputs are not what `outputs` says, or not one for each input; if one item takes more than `memory`.
    """
    _check(samples, outputs)
    if not isinstance(inputs, Tensor):
        raise TypeError(f"inputs must be a tensor of shape (n, ...), got {type(inputs).__name__}.")
    if not len(inputs):
        raise ValueError("There are no inputs to predict from.")
    refuse_without_numbers(model)
    # Modules may write into their inputs, which a tensor of inference mode would not tell.
    generators = _own_random_numbers(inputs.device, seed is not None)
    with dropout_on(model), generators, torch.inference_mode(False), torch.no_grad():
        seen = probe(model, inputs[:1].clone())
        check_output(seen.output, 1, outputs)
        # The statistics of a pass take some more tensors of the output's size.
        needs = seen.bytes_per_item + 4 * seen.output.nbytes
        rows = memory // needs
        if rows < 1:
            raise ValueError(
                f"A pass over a single item takes {needs:,} bytes and may take {memory:,}. Raise memory."
            )
        if inputs.device.type == "cpu":
            rows = min(rows, _ROWS_ON_CPU)
        if seed is not None:
            torch.manual_seed(seed)
        parts = [_predict(model, part, samples, rows, outputs, keep_samples) for part in inputs.split(rows)]
    return MCPrediction.cat(parts)


class MCDropout(pl.LightningModule):
    """A trained network that predicts with dropout on, for `Trainer.predict` and for calls.

    `Trainer.predict` puts the whole model into evaluation mode; this switches the dropout modules on again, for the
    time of each batch.

    >>> network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
    >>> MCDropout(network, samples=20)(torch.zeros(5, 4)).std.shape
    torch.Size([5, 3])

    Args:
        model: Any module, such as a trained LightningModule, that maps inputs of shape (n, ...) to outputs.
        samples: How many passes with dropout.
        outputs: What the model returns: "logits", "probabilities" or "values"; see `mc_dropout`.
        seed: Makes predictions the same each time; batch i of `Trainer.predict` takes seed + i. None draws on from
            torch's random numbers.
        memory: The most that the tensors of a pass may take, in bytes.
        keep_samples: Also return every pass.

    Raises:
        TypeError: When predicting; see `mc_dropout`.
        ValueError: If there are fewer than two samples, or `outputs` is unknown; when predicting, see `mc_dropout`.
    """

    def __init__(
        self,
        model: nn.Module,
        samples: int = 100,
        outputs: Outputs = "logits",
        seed: int | None = 0,
        memory: int = 2**28,
        keep_samples: bool = False,
    ) -> None:
        super().__init__()
        _check(samples, outputs)
        self.model = model
        self.samples = samples
        self.outputs: Outputs = outputs
        self.seed = seed
        self.memory = memory
        self.keep_samples = keep_samples

    def forward(self, inputs: Tensor) -> MCPrediction:
        """Predict for `inputs` of shape (n, ...)."""
        return self._predict(inputs, self.seed)

    def predict_step(
        self, batch: Tensor | Sequence[Tensor], batch_idx: int, dataloader_idx: int = 0
    ) -> MCPrediction:
        """Predict for inputs of shape (n, ...), with or without labels beside them."""
        return self._predict(inputs_of(batch), None if self.seed is None else self.seed + batch_idx)

    def _predict(self, inputs: Tensor, seed: int | None) -> MCPrediction:
        return mc_dropout(
            self.model, inputs, self.samples, self.outputs, seed, self.memory, self.keep_samples
        )


def _predict(
    model: nn.Module, inputs: Tensor, samples: int, rows: int, outputs: Outputs, keep: bool
) -> MCPrediction:
    """Predict for few enough items that a pass over each of them once is within the limit of rows."""
    n = len(inputs)
    passes = math.ceil(samples / (rows // n))
    repeats = [samples // passes + (i < samples % passes) for i in range(passes)]
    tally = Tally(probabilities=outputs != "values", keep=keep)
    repeated, version = inputs, None
    for repeat in repeats:
        if version is None or len(repeated) != repeat * n or repeated._version != version:
            repeated = inputs.repeat(repeat, *(1,) * (inputs.ndim - 1))
            version = repeated._version
        output = model(repeated)
        check_output(output, repeat * n, outputs)
        output = in_float(output)
        if tally.count == 0 and outputs != "values":
            check_sums(output, outputs)
        if outputs == "logits":
            output = output.softmax(dim=1)
        tally.add(output.unflatten(0, (repeat, n)))
    return tally.prediction()


def _own_random_numbers(device: torch.device, wanted: bool) -> AbstractContextManager[None]:
    """Within the block, draw from generators that are put back afterwards, if wanted."""
    if device.type in ("cpu", "cuda"):  # torch.manual_seed also seeds every GPU that is in use
        devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
        return torch.random.fork_rng(devices, enabled=wanted)
    return torch.random.fork_rng([device], enabled=wanted, device_type=device.type)


def _check(samples: int, outputs: str) -> None:
    if samples < 2:
        raise ValueError(f"MC dropout needs at least 2 samples to see a spread, got {samples}.")
    check_kind(outputs)
