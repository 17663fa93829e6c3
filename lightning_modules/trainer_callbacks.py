"""A Trainer's callbacks, for type checkers too."""

import pytorch_lightning as pl


def listed(callbacks: pl.Callback | list[pl.Callback] | None) -> list[pl.Callback]:
    """A Trainer's argument: none, one, or a list of them.

    >>> listed(None), len(listed(pl.Callback()))
    ([], 1)
    """
    return [callbacks] if isinstance(callbacks, pl.Callback) else list(callbacks or [])


def callbacks_of(trainer: pl.Trainer) -> list[pl.Callback]:
    """The Trainer's own list: what is put into it is called.

    >>> len(callbacks_of(pl.Trainer(logger=False, enable_checkpointing=False, callbacks=[pl.Callback()]))) > 0
    True
    """
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set by a connector, unseen by mypy
    return callbacks
