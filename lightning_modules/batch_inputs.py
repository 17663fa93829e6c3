"""The inputs of a batch, for modules that do not look at its labels."""

from typing import Any


def inputs_of(batch: Any) -> Any:
    """A batch is inputs, or a tuple or list that begins with them.

    >>> inputs_of(("inputs", "labels"))
    'inputs'

    Args:
        batch: What a loader gives.

    Raises:
        TypeError: If it is a dictionary, or an empty tuple or list.
    """
    if isinstance(batch, tuple | list) and batch:
        return batch[0]
    if isinstance(batch, tuple | list | dict):
        held = f"a dict of {', '.join(map(str, batch))}" if isinstance(batch, dict) else "nothing"
        raise TypeError(
            f"A batch is inputs, or a tuple or list that begins with them, got {held}. Let the loader's collate_fn say "
            "which are the inputs."
        )
    return batch
