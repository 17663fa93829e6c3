"""An MLP that a recipe builds, for the command line and its YAML files, where a network is made before its module."""

from collections.abc import Callable, Sequence

from torch import nn

from lightning_modules.networks import MLP
from lightning_modules.recipes.defaults import Name
from lightning_modules.recipes.recipe import Parts, depth_of
from lightning_modules.recipes.recipe import recipe as take
from lightning_modules.regularization.dropout import add_dropout


class RecipeMLP(MLP):
    """Dense layers as a recipe says, or as you do. In Python, `Recipe.network` is the same with more choice.

    >>> RecipeMLP([64, 30, 10], recipe="self-normalizing", dropout=0.05)
    RecipeMLP(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=64, out_features=30, bias=True)
      (2): Sequential(
        (0): SELU()
        (1): AlphaDropout(p=0.05, inplace=False)
      )
      (3): Linear(in_features=30, out_features=10, bias=True)
    )

    Args:
        widths: As for `MLP`: inputs, units of each hidden layer, outputs. They say whether it is shallow or deep.
        activation: As for `MLP`. None is the recipe's, and without one `nn.ReLU`.
        normalization: As for `MLP`. None is the recipe's, and without one none; for none in spite of the recipe,
            `nn.Identity`.
        dropout: The probability of dropping a number after each activation: alpha dropout after SELU, else plain.
        recipe: "default" or "self-normalizing"; its initializer draws the weights. None leaves torch's.

    Raises:
        ValueError: If there is no such recipe, if its parts and yours undo each other, or as for `MLP`.
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: Callable[[], nn.Module] | None = None,
        normalization: Callable[[int], nn.Module] | None = None,
        dropout: float = 0.0,
        recipe: Name | None = None,
    ) -> None:
        parts: Parts = {}
        if activation is not None:
            parts["activation"] = activation
        if normalization is not None:
            parts["normalization"] = normalization
        if recipe is None:
            super().__init__(widths, activation or nn.ReLU, normalization)
        else:
            chosen = take(recipe, depth_of(widths), **parts)
            super().__init__(widths, chosen.activation.make, chosen.normalization.make)
            if chosen.initializer.make is not None:
                chosen.initializer.make(self)
        if dropout:
            add_dropout(self, dropout)
