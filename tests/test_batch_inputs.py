"""lightning_modules.batch_inputs: which part of a batch is the inputs, and batches of which that cannot be known."""

import pytest
import torch
from torch import nn

from lightning_modules import AuxiliaryTask, MCDropout, StackedAutoencoder, quiet_trainer
from lightning_modules.batch_inputs import inputs_of


class Batches:
    """A loader of one batch that is a dictionary."""

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([{"image": torch.zeros(2, 4)}])


@pytest.mark.parametrize("batch", [torch.ones(2), (torch.ones(2), torch.zeros(2)), [torch.ones(2)]])
def test_inputs_are_the_batch_or_what_it_begins_with(batch):
    assert torch.equal(inputs_of(batch), torch.ones(2))


@pytest.mark.parametrize(
    ("batch", "held"), [({"image": 1, "label": 2}, "a dict of image, label"), ((), "nothing")]
)
def test_a_batch_that_begins_with_nothing_is_refused(batch, held):
    with pytest.raises(TypeError, match=f"got {held}. Let the loader's collate_fn say"):
        inputs_of(batch)


@pytest.mark.parametrize(
    "module",
    [
        AuxiliaryTask(nn.Identity(), nn.Linear(4, 4)),
        StackedAutoencoder.dense((4,), [2]),
    ],
)
def test_modules_without_labels_name_a_batch_that_they_cannot_read(module):
    with pytest.raises(TypeError, match="got a dict of image"):
        quiet_trainer(max_epochs=2).fit(module, Batches(), Batches())


def test_mc_dropout_names_a_batch_that_it_cannot_read():
    with pytest.raises(TypeError, match="got a dict of image"):
        quiet_trainer().predict(MCDropout(nn.Dropout(0.5)), Batches())
