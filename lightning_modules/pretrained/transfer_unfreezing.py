"""Gradual unfreezing: let the layers of a pretrained network train from the top down, each at a rate of its own.

A new head sends large, aimless gradients into the layers below it. So these are frozen at first, and
thawed one after the other, from the head down. The deeper a layer lies, the more general is what it has learned, and
the smaller its learning rate: with the factor f, the k-th layer below the head trains at

    η_k = η f^k        f = 1/2.6 in the paper

Howard, Ruder, "Universal Language Model Fine-tuning for Text Classification", ACL 2018, sections 3.2 and 3.3.
https://arxiv.org/abs/1801.06146
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.strategies import SingleDeviceStrategy
from pytorch_lightning.utilities import rank_zero_info, rank_zero_warn
from torch import Tensor, nn

from lightning_modules.best_weights import BestWeights, refuse_other_weights
from lightning_modules.gradients.batch_norm import FreezeBatchNorm
from lightning_modules.life_cycle import LifeCycle, refuse_shards
from lightning_modules.module_names import refuse_string
from lightning_modules.optimizers.stepping import stepping
from lightning_modules.pretrained.transfer_layers import Layer, layers_of
from lightning_modules.pretrained.transfer_rates import LayerRates
from lightning_modules.pretrained.transfer_stopping import HeldStopping, never_thawed
from lightning_modules.schedules.run import run_length
from lightning_modules.settings import settings
from lightning_modules.table import aligned
from lightning_modules.trial_run import is_trial
from lightning_modules.wildcards import has_wildcards


class GradualUnfreezing(LifeCycle):
    """Freeze layers, thaw them from the top down, and train each at a rate of its own.

    A layer that is not named, such as the head, trains from the beginning at the full rate. Batch
    normalizations of the named layers are held in evaluation mode, see `FreezeBatchNorm`.

    It works with any optimizer but LBFGS, one that wraps another too, and with any schedule, because the optimizer's
    groups stay as `configure_optimizers` made them: it must be given all parameters, those too that are frozen at first.
    A rate that is read from these groups is the head's; `table()` has that of each layer. A resumed run goes on with the
    layers thawed that were.

    An `EarlyStopping` that watches the same `monitor` waits: while layers are frozen, what stalls thaws the next one, and
    only when all train may it stop, after its patience. With `restore_best` a layer that thaws because of a stall finds
    the best weights so far, rather than those of the stall.

    On one device, frozen layers get no gradients, so that the backward pass ends above them. Under DDP, which must know
    from the beginning what trains, they get gradients that are dropped.

    >>> unfreezing = GradualUnfreezing(["network.3", "network.1"], at=[1, 3], factor=0.5)
    >>> unfreezing.factors
    [0.5, 0.25]

    Args:
        layers: Names of submodules, from the top down, such as `["network.3", "network.1"]`; or lists of names, each
            thawed together. A parameter that is in no submodule, such as the positions of a vision transformer, is
            named by itself. `*`, `?` and `[…]` match within a part of a name, as in file names: `["blocks.*"]` is
            every block that has something to train, from the last to the first, `[["blocks.*"]]` all together.
        at: For each layer the epoch, from 0, in which it begins to train. None is `1, 2, 3, …`, one layer an epoch.
        monitor: Instead, the logged name of a metric: whenever it has not improved for `patience` epochs, the next
            layer begins to train.
        mode: Whether the metric is better when it is smaller, "min", or larger, "max".
        patience: After how many epochs without improvement in a row.
        min_delta: By how much the metric has to improve on its best.
        factor: What the k-th layer's rate is multiplied by: `factor ** k`, where k is 1 for the first; or, as a list,
            each layer's own multiple.
        train_batch_norm: Let batch normalizations follow the batches again as soon as their layer is thawed. If
            False they keep the statistics that they came with. Scale and shift are thawed in either case.
        restore_best: Where `monitor` thaws a layer, first put back the weights and buffers as they were at the end of
            the epoch in which the metric was best. The optimizer keeps its momentum. They are a second
            copy of the model, in checkpoints too.

    Attributes:
        thawed: How many of the layers train.
        factors: What each layer's rate is multiplied by; with wildcards, known when training has started.

    Raises:
        TypeError: If `layers` is a string.
        ValueError: If an argument is out of its range, if `at` and `monitor` are both given, or if `restore_best` is,
            without `monitor`.
        MisconfigurationException: When training starts, if a name is unknown or matches nothing, a layer has nothing to
            train, a parameter is in no optimizer, or nothing would train; if wildcards match more or fewer layers than
            `at` or `factor` is for; or if the optimizer or strategy is one that this cannot work with.

    Warns:
        UserWarning: When training starts, if the run is too short for a layer to thaw; when it ends, if it was stopped
            before.
    """

    def __init__(
        self,
        layers: Sequence[str | Sequence[str]],
        at: Sequence[int] | None = None,
        monitor: str | None = None,
        mode: Literal["min", "max"] = "min",
        patience: int = 1,
        min_delta: float = 0.0,
        factor: float | Sequence[float] = 1 / 2.6,
        train_batch_norm: bool = False,
        restore_best: bool = False,
    ) -> None:
        refuse_string("layers", layers)
        if not layers:
            raise ValueError("layers names nothing to thaw. Leave the callback out to train everything.")
        if at is not None and monitor is not None:
            raise ValueError(f"Layers are thawed at={list(at)} or when {monitor!r} stalls: give one of them.")
        if mode not in ("min", "max"):
            raise ValueError(f'mode must be "min" or "max", got {mode!r}.')
        if patience < 1:
            raise ValueError(f"patience must be at least 1 epoch, got {patience}.")
        if min_delta < 0:
            raise ValueError(f"min_delta must not be negative, got {min_delta}.")
        if restore_best and monitor is None:
            raise ValueError(
                "restore_best needs a metric to say which weights were best: give monitor=, or leave it out."
            )
        if at is not None and (list(at) != sorted(at) or min(at, default=0) < 0):
            raise ValueError(
                "at needs an epoch for each layer, none before 0 and none before that of the layer above it, "
                f"got {list(at)}."
            )
        self.factor = factor if isinstance(factor, int | float) else list(factor)
        if not all(times > 0 for times in ([factor] if isinstance(factor, int | float) else factor)):
            raise ValueError(f"factor must be positive, got {self.factor}.")
        self.layers = [names if isinstance(names, str) else list(names) for names in layers]
        self.at = None if at is None else list(at)
        self.factors: list[float] = []
        if not any(isinstance(names, str) and has_wildcards(names) for names in layers):
            self._count([str(names) for names in layers])
        self.monitor = monitor
        self.mode = mode
        self.patience = patience
        self.min_delta = min_delta
        self.train_batch_norm = train_batch_norm
        self.restore_best = restore_best
        self._layers: list[Layer] = []
        self._rates: list[LayerRates] = []
        self._trainer: pl.Trainer | None = None
        self._last_table: str | None = None
        self._seen: Tensor | None = None
        self._never = 0
        self._stopping = HeldStopping()
        self.forget()

    __repr__ = settings

    def forget(self) -> None:
        """Freeze everything again, as each training from the beginning does."""
        self.thawed = 0
        self._best = math.inf if self.mode == "min" else -math.inf
        self._stalled = 0
        self._best_weights = BestWeights()

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse strategies that this cannot work with."""
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            refuse_shards(self, trainer, "parameters")
            if self.restore_best:
                refuse_other_weights(
                    trainer,
                    "GradualUnfreezing(restore_best=True)",
                    "Leave restore_best or the other callback out.",
                )

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Freeze what is not to train yet."""
        # A search for the learning rate has begun a training before this one.
        self.release()
        # Optimizers are made by now, from parameters that could all be trained, and so is DDP.
        self._trainer = trainer
        self._seen = None
        layers = layers_of(trainer, pl_module, self.layers)
        try:
            self._count([layer.label for layer in layers])
        except ValueError as error:
            raise MisconfigurationException(str(error)) from None
        for layer, factor in zip(layers, self.factors, strict=True):
            layer.factor = factor
        self._layers = layers
        factors = {id(p): layer for layer in self._layers for p in layer.parameters}
        self._rates = [
            LayerRates(one, lambda p: factors[id(p)].step_factor if id(p) in factors else 1.0)
            for optimizer in trainer.optimizers
            for one in stepping(optimizer)
        ]
        drops = not isinstance(trainer.strategy, SingleDeviceStrategy)
        for layer in self._layers:
            layer.freeze(drops)
            if layer.norms:
                layer.holding = FreezeBatchNorm(layer.norms)
                layer.holding.on_train_start(trainer, pl_module)
        self._thaw(trainer, pl_module, max(self.thawed, self._due(trainer.current_epoch)))
        self._check_something_trains(trainer)
        self._never = never_thawed(
            trainer, self.monitor, self._due_at, self.patience, self.thawed, len(self._layers)
        )
        if self._never and not is_trial(trainer):
            rank_zero_warn(self._will_not_thaw(trainer))
        self._stopping.hold(trainer, self.monitor)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Thaw what is due in this epoch, and say what trains."""
        if self.thawed == len(self._layers):
            self._stopping.release()
        epoch = 0 if is_trial(trainer) else trainer.current_epoch
        self._thaw(trainer, pl_module, max(self.thawed, self._due(epoch)))
        self._seen = trainer.callback_metrics.get(self.monitor) if self.monitor is not None else None
        rank_zero_info(f"Epoch {trainer.current_epoch}:\n{self.table()}")

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Drop the gradients that only DDP needed."""
        for layer in self._layers:
            if layer.drops:
                for parameter in layer.parameters:
                    parameter.grad = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Hold frozen batch normalizations: their modes, in compiled graphs too, and their statistics."""
        for layer in self._layers:
            if layer.holding is not None:
                layer.holding.on_train_batch_start(trainer, pl_module, batch, batch_idx)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say so if training was stopped before all layers had thawed."""
        frozen = self._layers[self.thawed :]
        if frozen and trainer.should_stop and not self._never and not is_trial(trainer):
            names = "; ".join(layer.label for layer in frozen)
            rank_zero_warn(
                f"Training was stopped in epoch {trainer.current_epoch - 1}, before GradualUnfreezing had thawed "
                f"{names}. Thaw earlier, or stop later: EarlyStopping waits for layers that thaw by its own metric, "
                "monitor=..."
            )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look whether the metric has stalled."""
        if self.monitor is None or is_trial(trainer):
            return
        value = trainer.callback_metrics.get(self.monitor)
        if value is None:
            every = trainer.check_val_every_n_epoch
            if every is None or trainer.val_check_batch is None:
                return  # nobody can know
            if (trainer.current_epoch + 1) % every:
                return  # nothing has been validated yet
            raise MisconfigurationException(
                f"GradualUnfreezing(monitor={self.monitor!r}) found no such metric; there is "
                f"{', '.join(sorted(trainer.callback_metrics)) or 'none'}."
            )
        if value is self._seen:
            return  # it was not logged in this epoch
        # Processes that see different values would thaw at different times, and their weights part.
        current = float(trainer.strategy.reduce(value.detach().float().clone(), reduce_op="mean"))
        ahead = self._best - current if self.mode == "min" else current - self._best
        if ahead > self.min_delta:
            self._best, self._stalled = current, 0
            if self.restore_best and self.thawed < len(self._layers):
                self._best_weights.keep(pl_module)
            return
        self._stalled += 1
        if self._stalled >= self.patience and self.thawed < len(self._layers):
            self._stalled = 0
            self._best_weights.restore(pl_module)
            self._thaw(trainer, pl_module, self.thawed + 1)
            if self.thawed == len(self._layers):
                self._best_weights = BestWeights()

    def release(self) -> None:
        """Give the model and the optimizers back as they were."""
        if self._layers:
            self._last_table = self.table()
        self._stopping.release()
        for rates in self._rates:
            rates.remove()
        for layer in self._layers:
            layer.thaw()
            if layer.holding is not None:
                layer.holding.release()
        self._layers, self._rates, self._trainer, self._seen = [], [], None, None

    def table(self) -> str:
        """What trains, and at what rate, as a table; after training, as it was at its end.

        Raises:
            RuntimeError: If training has not started.
        """
        if self._trainer is None and self._last_table is not None:
            return self._last_table
        if self._trainer is None:
            raise RuntimeError(
                "What trains is known once training has started. Call table() in a hook, or after."
            )
        rows: list[tuple[str, ...]] = [("layer", "parameters", "trains", "factor", "rate")]
        named = {id(p) for layer in self._layers for p in layer.parameters}
        groups = [group for optimizer in self._trainer.optimizers for group in optimizer.param_groups]
        rest = [p for group in groups for p in group["params"] if id(p) not in named and p.requires_grad]
        rows.append(_row("all others", rest, "yes", 1.0, groups))
        for index, layer in enumerate(self._layers):
            frozen = f"from epoch {self._due_at[index]}" if self.monitor is None else "no"
            trains = "yes" if index < self.thawed else frozen
            rows.append(_row(layer.label, layer.parameters, trains, layer.factor, groups))
        return aligned(rows, left=(0, 2))

    def state_dict(self) -> dict[str, Any]:
        """How many layers are thawed, how the metric stands, and the best weights if they are to be restored."""
        state = {"thawed": self.thawed, "best": self._best, "stalled": self._stalled}
        return state | ({"weights": self._best_weights.state} if self._best_weights.state else {})

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on from this `state`."""
        self.thawed = state["thawed"]
        self._best = state["best"]
        self._stalled = state["stalled"]
        self._best_weights.state = state.get("weights", {})

    def _count(self, layers: Sequence[str]) -> None:
        """See whether `at` and `factor` are for so many layers, and when and how fast each is to train."""
        count = len(layers)
        self._due_at = list(range(1, count + 1)) if self.at is None else self.at
        if len(self._due_at) != count:
            raise ValueError(
                f"at needs an epoch for each of the {count} layers, {', '.join(layers)}: got {self.at}."
            )
        factor = self.factor
        self.factors = (
            [float(times) for times in factor]
            if isinstance(factor, list)
            else [float(factor ** (place + 1)) for place in range(count)]
        )
        if len(self.factors) != count:
            raise ValueError(
                f"factor needs one for each of the {count} layers, {', '.join(layers)}: got {factor}."
            )

    def _will_not_thaw(self, trainer: pl.Trainer) -> str:
        late = range(len(self._layers) - self._never, len(self._layers))
        names = "; ".join(self._layers[index].label for index in late)
        epochs = run_length(trainer, "epoch")
        if self.monitor is None:
            places = ", ".join(str(self._due_at[index]) for index in late)
            return (
                f"GradualUnfreezing will never thaw {names}: due in epoch {places}, and of the run's {epochs} epochs the "
                f"last is epoch {(epochs or 0) - 1}. Lower at=, or train longer."
            )
        return (
            f"GradualUnfreezing will never thaw {names} in time to train: even if {self.monitor} stalls from the first, "
            f"the run's {epochs} epochs are too few with patience={self.patience}. Lower the patience, or train longer."
        )

    def _due(self, epoch: int) -> int:
        return 0 if self.monitor is not None else sum(at <= epoch for at in self._due_at)

    def _thaw(self, trainer: pl.Trainer, pl_module: pl.LightningModule, count: int) -> None:
        for layer in self._layers[:count]:
            layer.thaw()
            if layer.holding is not None and self.train_batch_norm:
                layer.holding.release()
                layer.holding = None
        self.thawed = count

    def _check_something_trains(self, trainer: pl.Trainer) -> None:
        if self.thawed:
            return
        named = {id(p) for layer in self._layers for p in layer.parameters}
        groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
        if not any(p.requires_grad and id(p) not in named for group in groups for p in group["params"]):
            raise MisconfigurationException(
                "Nothing would train in the first epoch: every parameter belongs to a frozen layer. Leave the head out "
                "of layers, or thaw the first of them at=[0, …]."
            )


def _row(
    name: str,
    parameters: Sequence[nn.Parameter],
    trains: str,
    factor: float,
    groups: Sequence[dict[str, Any]],
) -> tuple[str, ...]:
    members = {id(parameter) for parameter in parameters}
    rates = {float(group["lr"]) for group in groups if any(id(p) in members for p in group["params"])}
    rate = ", ".join(f"{rate * factor:.3g}" for rate in sorted(rates))
    count = sum(parameter.numel() for parameter in parameters)
    return (name, f"{count:,}", trains, f"{factor:.3g}", rate if trains == "yes" else "0")
