"""A classifier for runs without validation data."""

import pytorch_lightning as pl

from lightning_modules import Classifier


class TrainOnly(Classifier):
    """Has no validation step, which Lightning would miss the data for."""

    # As in a module that never defined one: that is how Lightning tells.
    validation_step = pl.LightningModule.validation_step  # type: ignore[assignment]  # the hook that is not there
