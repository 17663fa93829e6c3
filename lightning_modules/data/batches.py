"""Batches from tensors in memory: one indexing operation a batch instead of one call per item.

A `DataLoader` over a `TensorDataset` fetches item after item and stacks them again, which takes several times
as long. Here the epoch's order is drawn once, and each batch is a single `index_select`.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import SequentialSampler

Batch = tuple[Tensor, Tensor]


class ShuffledOrder:
    """The order of n items in a given epoch, drawn from (seed, epoch) and nothing else.

    So the third epoch is the same whether the first two were run in this process, in another one, or not at
    all. Lightning calls `set_epoch` because a loader has this object as its `sampler`.

    >>> order = ShuffledOrder(4, seed=0)
    >>> sorted(order.draw().tolist())
    [0, 1, 2, 3]
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length = length
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that is drawn next."""
        self.epoch = epoch

    def draw(self) -> Tensor:
        """Return the epoch's order: positions, shape (length,)."""
        # Not seed + epoch: seed 1 would then repeat, one epoch late, what seed 0 did.
        mixed = int(np.random.SeedSequence((self.seed, self.epoch)).generate_state(1, np.uint64)[0] >> 1)
        return torch.randperm(self.length, generator=torch.Generator().manual_seed(mixed))


class FileOrder(SequentialSampler):
    """The order of n items as they are, the same in every epoch.

    It knows the epoch, as `ShuffledOrder` does, because the place that a checkpoint remembers is one of its epoch. It
    is a `SequentialSampler` because Lightning wants one when it is to overfit some batches.

    >>> FileOrder(3).draw().tolist()
    [0, 1, 2]
    """

    def __init__(self, length: int) -> None:
        super().__init__(range(length))
        self.length = length
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Remember the epoch that is drawn next."""
        self.epoch = epoch

    def draw(self) -> Tensor:
        """Return the epoch's order: positions, shape (length,)."""
        return torch.arange(self.length)


class InMemoryBatches:
    """Iterate over (inputs, labels) in batches. Lightning takes it wherever it takes a `DataLoader`.

    Under a distributed strategy each of `world_size` processes makes one with its own `rank`. When shuffling,
    the shares are disjoint and equally long; the up to `world_size - 1` items left over are others in each
    epoch. Without shuffling, every item is in exactly one share, and a batch may be larger by one.

    Iterating again without a Trainer goes on to the next epoch's order; under a Trainer, Lightning sets the
    epoch. A checkpoint in the middle of an epoch remembers the place.

    >>> batches = InMemoryBatches(torch.arange(5.0), torch.arange(5), batch_size=2)
    >>> [labels.tolist() for _, labels in batches]
    [[0, 1], [2, 3], [4]]

    Args:
        inputs: Tensor of shape (n, ...).
        labels: Tensor of shape (n, ...), in the same order.
        batch_size: Items per batch and process. The last batch may be smaller.
        shuffle: Draw a new order in every epoch.
        drop_last: Leave out the last batch if it is smaller than the others.
        seed: The orders' seed; without shuffling it has no effect.
        rank: This process's number, from 0.
        world_size: The number of processes.
        transform: Applied to each batch of inputs, for instance to turn bytes into floats.

    Attributes:
        sampler: Says the order. Lightning tells it the epoch.
        batch_sampler: None; Lightning looks for it in everything that has a `sampler`.

    Raises:
        ValueError: If lengths differ, if a number is out of its range, or if there would be no batch at all.
    """

    batch_sampler = None

    def __init__(
        self,
        inputs: Tensor,
        labels: Tensor,
        batch_size: int,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        transform: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if len(inputs) != len(labels):
            raise ValueError(f"Every input needs a label, got {len(inputs)} inputs and {len(labels)} labels.")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
        if not 0 <= rank < world_size:
            raise ValueError(
                f"rank must be in 0 ... world_size - 1, got rank {rank} of world_size {world_size}."
            )
        if len(inputs) < world_size:
            raise ValueError(
                f"{len(inputs)} items cannot be shared by {world_size} processes. "
                "Use more data (train_size?) or fewer processes."
            )
        if drop_last and len(inputs) // world_size < batch_size:
            raise ValueError(
                f"drop_last=True leaves nothing: {len(inputs) // world_size} items are less than one batch of "
                f"{batch_size}. Use a smaller batch_size, or drop_last=False."
            )
        self.inputs = inputs
        self.labels = labels
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.rank = rank
        self.world_size = world_size
        self.transform = transform
        self.sampler: ShuffledOrder | FileOrder = (
            ShuffledOrder(len(inputs), seed) if shuffle else FileOrder(len(inputs))
        )
        self._handed_out = 0
        self._resume: dict[str, int] | None = None

    def __len__(self) -> int:
        """The number of batches, the same in every process."""
        share = len(self.labels) // self.world_size
        return share // self.batch_size if self.drop_last else -(-share // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        # Lightning makes the iterator before it sets the epoch, so nothing may be drawn before the first batch.
        share = self._share()
        first = self._first_batch()
        for index, chosen in enumerate(self._cut(share)):
            if index < first:
                continue
            self._handed_out = index + 1
            inputs = self.inputs.index_select(0, chosen)
            yield (
                (inputs if self.transform is None else self.transform(inputs)),
                self.labels.index_select(0, chosen),
            )
        self.sampler.set_epoch(self.sampler.epoch + 1)
        self._handed_out = 0

    def _share(self) -> Tensor:
        order = self.sampler.draw()
        if isinstance(self.sampler, ShuffledOrder):
            order = order[: len(order) - len(order) % self.world_size]
        return order[self.rank :: self.world_size]

    def _cut(self, share: Tensor) -> Sequence[Tensor]:
        if self.drop_last:
            share = share[: len(self) * self.batch_size]
        batches = share.split(self.batch_size)
        # This process may have one item more than another, and just there a batch begin. It goes into the others, for
        # processes that make different numbers of batches wait for each other forever.
        return batches if len(batches) == len(self) else share.tensor_split(len(self))

    def _first_batch(self) -> int:
        resume, self._resume = self._resume, None
        if resume is None or resume["epoch"] != self.sampler.epoch:
            return 0
        return resume["batches"]

    def state_dict(self) -> dict[str, int]:
        """Where this epoch stands, for a checkpoint: its number and the batches handed out."""
        return {"epoch": self.sampler.epoch, "batches": self._handed_out}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Begin the next iteration where the state says, provided that it is of the same epoch."""
        self.sampler.set_epoch(state_dict["epoch"])
        self._resume = dict(state_dict)
