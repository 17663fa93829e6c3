r"""Deep ensembles: train a network several times, each from other initial weights, and predict with the mean.

With p_m the class probabilities of network m of M,

    p = 1/M Σ_m p_m

What each network is sure of and the others contradict is doubt that one alone does not show. The paper takes M = 5. Each
network is trained as if it were alone, on all of the data, from its own random numbers. The paper's adversarial examples,
and its networks for regression that return a variance as well, are left out.

Lakshminarayanan, Pritzel, Blundell, "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles", NeurIPS
2017. https://arxiv.org/abs/1612.01474
"""

from collections.abc import Sequence

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from lightning_modules.batch_inputs import inputs_of
from lightning_modules.modes import evaluating
from lightning_modules.regularization.mc_dropout_prediction import MCPrediction, Tally
from lightning_modules.regularization.predicted_outputs import (
    Outputs,
    check_kind,
    check_output,
    check_sums,
    in_float,
    shape_of,
)


def deep_ensemble(
    models: Sequence[nn.Module],
    inputs: Tensor,
    outputs: Outputs = "logits",
    rows: int = 1024,
    keep_samples: bool = False,
) -> MCPrediction:
    """Predict with each of several networks: their mean, how far they differ, and what kind of doubt that is.

    >>> models = [nn.Linear(4, 3) for _ in range(5)]
    >>> prediction = deep_ensemble(models, torch.ones(2, 4))
    >>> prediction.mean.shape, prediction.mutual_information.shape
    (torch.Size([2, 3]), torch.Size([2]))

    Args:
        models: At least two modules that map inputs of shape (n, ...) to a tensor of shape (n, classes, ...) or (n, ...).
            They predict in evaluation mode, and have their modes back afterwards.
        inputs: Shape (n, ...).
        outputs: What the models return: "logits", of which the softmax over dimension 1 is taken; "probabilities"
            over dimension 1; or "values", as in regression, which have no entropies.
        rows: How many items go through a network at a time.
        keep_samples: Also return what each network says.

    Raises:
        TypeError: If the inputs or a model's outputs are not tensors, or `models` is one module.
        ValueError: If there are fewer than two models, or one twice; if there are no inputs, or no row; if outputs are
            not what `outputs` says, not one for each input, or of other shapes than the first model's.
    """
    check_models(models)
    check_kind(outputs)
    if rows < 1:
        raise ValueError(f"rows must be at least 1, got {rows}.")
    if not isinstance(inputs, Tensor):
        raise TypeError(f"inputs must be a tensor of shape (n, ...), got {type(inputs).__name__}.")
    if not len(inputs):
        raise ValueError("There are no inputs to predict from.")
    first, *others = inputs.split(rows)
    # A few logits may happen to sum to 1; the largest part decides for all.
    parts = [_predict(models, first, outputs, keep_samples, check=True)]
    parts += [_predict(models, part, outputs, keep_samples) for part in others]
    return MCPrediction.cat(parts)


class DeepEnsemble(pl.LightningModule):
    """Trained networks that predict together, for `Trainer.predict` and for calls.

    >>> ensemble = DeepEnsemble([nn.Linear(4, 3) for _ in range(5)])
    >>> ensemble(torch.ones(2, 4)).std.shape
    torch.Size([2, 3])

    Args:
        models: At least two modules, such as trained LightningModules; see `deep_ensemble`.
        outputs: What they return: "logits", "probabilities" or "values".
        rows: How many items go through a network at a time.
        keep_samples: Also return what each network says.

    Raises:
        TypeError: If `models` is one module; when predicting, see `deep_ensemble`.
        ValueError: If there are fewer than two models, or one twice, or if `outputs` is unknown; when predicting, see
            `deep_ensemble`.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        outputs: Outputs = "logits",
        rows: int = 1024,
        keep_samples: bool = False,
    ) -> None:
        super().__init__()
        check_models(models)
        check_kind(outputs)
        self.models = nn.ModuleList(models)
        self.outputs: Outputs = outputs
        self.rows = rows
        self.keep_samples = keep_samples

    def forward(self, inputs: Tensor) -> MCPrediction:
        """Predict for `inputs` of shape (n, ...)."""
        return deep_ensemble(list(self.models), inputs, self.outputs, self.rows, self.keep_samples)

    def predict_step(
        self, batch: Tensor | Sequence[Tensor], batch_idx: int, dataloader_idx: int = 0
    ) -> MCPrediction:
        """Predict for inputs of shape (n, ...), with or without labels beside them."""
        prediction: MCPrediction = self(inputs_of(batch))
        return prediction


def check_models(models: Sequence[nn.Module]) -> None:
    """Refuse what is no ensemble.

    Args:
        models: What was given.

    Raises:
        TypeError: If it is one module.
        ValueError: If there are fewer than two, or one twice.
    """
    if isinstance(models, nn.Module) and not isinstance(models, nn.ModuleList):
        raise TypeError(f"models is a list of networks, got one: {type(models).__name__}.")
    if len(models) < 2:
        raise ValueError(f"An ensemble needs at least 2 models to see a spread, got {len(models)}.")
    first = {id(model): place for place, model in reversed(list(enumerate(models)))}
    for place, model in enumerate(models):
        if first[id(model)] != place:
            raise ValueError(
                f"models[{first[id(model)]}] and models[{place}] are the same object, which agrees with itself. Train "
                "each from initial weights of its own."
            )


def _predict(
    models: Sequence[nn.Module], inputs: Tensor, outputs: Outputs, keep: bool, check: bool = False
) -> MCPrediction:
    tally = Tally(probabilities=outputs != "values", keep=keep)
    expected = None
    for place, model in enumerate(models):
        with evaluating(model), torch.no_grad():
            output = model(inputs.clone())  # a module may write into its inputs
        check_output(output, len(inputs), outputs)
        expected = expected or shape_of(output)
        if shape_of(output) != expected:
            raise ValueError(f"models[0] returned {expected}, models[{place}] {shape_of(output)}.")
        output = in_float(output)
        if check and outputs != "values":
            check_sums(output, outputs)
        tally.add((output.softmax(dim=1) if outputs == "logits" else output).unsqueeze(0))
    return tally.prediction()
