"""Layers of a Keras 3 model, on its torch backend, as an nn.Module.

With KERAS_BACKEND=torch a Keras layer is a `torch.nn.Module`. But `train()` and `eval()` do nothing to it: dropout and
batch normalization ask for `training=`. Statistics and the seeds of dropout are Parameters. And in `state_dict()`
variables have names such as `sequential_1/dense_3/kernel`, which count how many models this process has made before.
`KerasModule` puts that right.

```python
import os
os.environ["KERAS_BACKEND"] = "torch"  # before the first import
import keras

model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(100, activation="relu", name="hidden"), …])
model.fit(…)
network = nn.Sequential(KerasModule([model.get_layer("hidden")]), nn.Linear(100, 2))
```

Chollet and others, "Keras". https://keras.io/keras_3/
"""

import copy
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from torch import nn

from lightning_modules.gradients.nested import tensors_in
from lightning_modules.unseen_layers import HidesLayers, UnseenLayer

# What Keras' layers call the rate at which they drop.
_RATES = ("rate", "dropout", "recurrent_dropout", "_dropout")


class KerasModule(HidesLayers):
    """A Keras model, or some of its layers one after the other, to be trained by torch.

    `train()` and `eval()` are passed on as `training=`. What Keras trains is a parameter; what it does not, such as the
    statistics of batch normalization and the seeds of dropout, is a buffer, so that no optimizer ever moves it and
    a checkpoint has it. Both have the names that you gave the layers: `hidden.kernel`. Variables are shared with
    the Keras model, not copied: what is trained here is trained there. A layer with `trainable = False` gives
    parameters with `requires_grad=False`.

    On torch, Keras' dropout leaves its seed alone and draws from torch's generator: `torch.manual_seed` decides.

    Its layers are Keras', and torch does not see them: `signal` takes it as one layer, `fold_batch_norm` and
    `mc_dropout` say what inside it they can do nothing with.

    Args:
        model: A built Keras model or layer, or a list of layers, called in this order.
        names: Names for the layers whose own Keras has made up, `dense_3`, in their order.

    Raises:
        ImportError: If Keras is not installed.
        RuntimeError: If Keras does not run on torch.
        TypeError: If something is not a Keras layer, or `names` is a string.
        ValueError: If a layer is not built; if one with variables has a name that Keras made up, and `names` gives it no
            other; if `names` are too many; or if two have the same.
    """

    def __init__(self, model: Any, names: Sequence[str] = ()) -> None:
        super().__init__()
        keras = _keras()
        layers = list(model) if isinstance(model, Sequence) else [model]
        if not layers:
            raise ValueError("KerasModule got an empty list. Name at least one layer.")
        for layer in layers:
            if not isinstance(layer, keras.layers.Layer):
                raise TypeError(f"KerasModule takes Keras layers and models, got {type(layer).__name__}.")
            _check_built(layer)
        # In a tuple, for a Keras layer is a Module, and would be registered with the names that it has itself.
        self._keras = tuple(layers)
        self._one = not isinstance(model, Sequence)
        if isinstance(names, str):
            raise TypeError(f"names must be a list of names, got the string {names!r}. Use [{names!r}].")
        self._names = tuple(names)
        self._variables: list[tuple[nn.Module, str, Any]] = []
        for name, variable, is_weight in _named_variables(layers, keras, _Names(self._names)):
            self._register(name, variable, is_weight)

    def forward(self, *inputs: Any, **arguments: Any) -> Any:
        """Call the model, or the layers in turn, with `training=` as this module's mode is.

        Args:
            *inputs: What the model takes, or the first of the layers: tensors, or lists or dictionaries of them. Several
                inputs are handed on as a list.
            **arguments: What else a single model or layer takes, such as `mask=`.
        """
        import keras

        outputs: Any = inputs[0] if len(inputs) == 1 else list(inputs)
        held = (getattr(module, name) for module, name, _ in self._variables)
        first = next(itertools.chain(held, tensors_in(outputs)), None)
        self._link()
        # Keras would move every input to the device that it has chosen for itself.
        with keras.device(str(first.device)) if first is not None else nullcontext():
            for layer in self._keras:
                outputs = layer(outputs, training=self.training, **arguments)
        return outputs

    def extra_repr(self) -> str:
        """The layers' names."""
        return ", ".join(layer.name for layer in self._keras)

    def unseen_layers(self) -> list[UnseenLayer]:
        """The Keras layers inside."""
        keras = _keras()
        return [
            UnseenLayer(
                str(inner.name),
                type(inner).__name__,
                isinstance(inner, keras.layers.BatchNormalization),
                any(_is_rate(getattr(inner, name, None)) for name in _RATES),
            )
            for layer in self._keras
            for inner in _with_inner(layer)
        ]

    def _register(self, name: str, variable: Any, is_weight: bool) -> None:
        *path, last = name.split(".")
        place: nn.Module = self
        for part in path:
            if part not in place._modules:
                place.add_module(part, nn.Module())
            place = place.get_submodule(part)
        if is_weight:
            place.register_parameter(last, variable._value)
        else:
            # A Parameter would be unfrozen by whoever unfreezes all. This tensor shares its memory.
            place.register_buffer(last, variable._value.detach())
        self._variables.append((place, last, variable))

    def _link(self) -> None:
        """Let Keras compute with the tensors that this module has: a conversion or an assignment makes others."""
        for place, name, variable in self._variables:
            variable._value = getattr(place, name)

    def _apply(self, fn: Any, recurse: bool = True) -> "KerasModule":
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._link()
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "KerasModule":
        self._link()
        with warnings.catch_warnings():
            # Keras copies by saving, and its arrays are not quite what NumPy 2 wants.
            warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
            layers = [copy.deepcopy(layer) for layer in self._keras]
        twin = KerasModule(layers[0] if self._one else layers, self._names)
        for own, copied in zip(self.parameters(), twin.parameters(), strict=True):
            copied.requires_grad_(own.requires_grad)
            copied.data = own.detach().clone()
        for statistic, its_copy in zip(self.buffers(), twin.buffers(), strict=True):
            its_copy.data = statistic.detach().clone()
        for part, its_twin in zip(self.modules(), twin.modules(), strict=True):
            its_twin.training = part.training
        memo[id(self)] = twin
        return twin

    def __reduce__(self) -> Any:
        return _rebuild, (list(self._keras), self._one, self.training, self._names)


def _rebuild(layers: list[Any], one: bool, training: bool, names: Sequence[str] = ()) -> KerasModule:
    return KerasModule(layers[0] if one else layers, names).train(training)


def _keras() -> Any:
    try:
        import keras
    except ImportError as error:
        raise ImportError("KerasModule needs Keras: pip install 'lightning-modules[keras]'") from error
    backend = keras.backend.backend()
    if backend != "torch":
        raise RuntimeError(
            f'Keras runs on {backend}, and KerasModule needs torch. Set os.environ["KERAS_BACKEND"] = "torch" before '
            "the first import of keras, or in the shell, and start again."
        )
    return keras


def _check_built(layer: Any) -> None:
    unbuilt = [inner.name for inner in _with_inner(layer) if not inner.built]
    if unbuilt:
        raise ValueError(
            f"{', '.join(unbuilt)} is not built, so it has no variables yet. Begin the model with keras.Input(shape), "
            "call it once with a batch, or call build((None, …))."
        )


def _with_inner(layer: Any) -> Iterator[Any]:
    yield layer
    yield from layer._flatten_layers(include_self=False, recursive=True)


class _Names:
    """Names of layers: those that they have, and those that were given instead of what Keras has made up."""

    def __init__(self, given: Sequence[str]) -> None:
        self._given = given
        self._made_up: dict[int, str] = {}

    def of(self, layer: Any, is_chosen: bool) -> str:
        """What Keras calls the parts of a layer of its own, such as lstm_cell_1, is stripped of its count."""
        stem = re.sub(r"_\d+$", "", layer.name)
        if stem.replace("_", "") != type(layer).__name__.replace("_", "").lower():
            return str(layer.name)
        if not is_chosen:
            return stem
        if id(layer) not in self._made_up:
            if len(self._made_up) == len(self._given):
                raise ValueError(
                    f"{type(layer).__name__}({layer.name!r}) has a name of the kind that Keras makes up, and which "
                    "counts the layers that a process has made before: a checkpoint would not fit the next one. Give it "
                    f"another one, such as name={'body_' + stem!r}; or, where the model is made already, name all such "
                    f"layers in their order: KerasModule(…, names={[*self._given, 'body_' + stem]})."
                )
            self._made_up[id(layer)] = self._given[len(self._made_up)]
        return self._made_up[id(layer)]

    def check_used(self) -> None:
        """Refuse names that no layer took."""
        if len(self._made_up) < len(self._given):
            raise ValueError(
                f"names holds {len(self._given)} names, and there are {len(self._made_up)} layers with variables whose "
                "name Keras has made up. Those that you named yourself keep their names."
            )


def _named_variables(layers: Iterable[Any], keras: Any, names: _Names) -> Iterator[tuple[str, Any, bool]]:
    """Variables with the names of the layers that they are in, and whether they are weights."""
    seen: set[int] = set()
    taken: set[str] = set()
    for layer in layers:
        for path, variable, is_weight in _within(layer, (), keras, names, is_named=False):
            if id(variable) in seen:
                continue  # of a layer that is used twice
            seen.add(id(variable))
            name = ".".join(_clean(part) for part in (*path, variable.name))
            if name in taken:
                raise ValueError(
                    f"Two variables would be called {name}. Give each layer a name of its own, with name=."
                )
            taken.add(name)
            yield name, variable, is_weight
    names.check_used()


def _within(
    layer: Any, path: tuple[str, ...], keras: Any, names: _Names, is_named: bool
) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """The variables of a layer and of those inside it; the outermost model's own name says nothing."""
    if not layer.variables:
        return
    is_model = isinstance(layer, keras.Model)
    if is_named or not is_model:
        path = (*path, names.of(layer, is_chosen=not path or is_named))
    inner = list(layer._flatten_layers(include_self=False, recursive=False))
    below = {id(variable) for child in inner for variable in child.variables}
    for variable in layer.variables:
        if id(variable) not in below:
            # Keras keeps two lists; `variable.trainable` is False for a frozen weight too.
            yield path, variable, any(variable is weight for weight in layer._trainable_variables)
    for child in inner:
        yield from _within(child, path, keras, names, is_named=is_model)


def _is_rate(value: Any) -> bool:
    return isinstance(value, int | float) and value > 0


def _clean(name: str) -> str:
    return re.sub(r"\W", "_", name)
