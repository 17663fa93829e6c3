"""What docs/importing.md says of Lightning's weight averaging by itself."""

import pytest
import pytorch_lightning as pl
import torch
from fitting import EPOCHS, Fit, parameters
from pytorch_lightning.callbacks import EMAWeightAveraging, StochasticWeightAveraging
from torch import nn

from lightning_modules import History

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers:UserWarning", "ignore:.*isinstance:FutureWarning"
)


class Plain(pl.Callback):
    """Keeps the weights that training itself ends with, before any are put into their place."""

    def on_train_end(self, trainer, pl_module):
        self.weights = parameters(pl_module)


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("averaging", [EMAWeightAveraging, lambda: StochasticWeightAveraging(0.05, 1, 1)])
def test_one_that_has_been_used_gives_the_next_model_its_initial_weights(averaging):
    used, fit = averaging(), Fit("images")
    for is_new in (True, False):
        model = fit.new()
        initial = parameters(model)
        fit.train(model, used)
        assert same(initial, parameters(model)) != is_new


def test_averaging_that_never_begins_leaves_the_initial_weights():
    fit = Fit("images")
    model = fit.new()
    initial, plain = parameters(model), Plain()
    fit.train(model, plain, EMAWeightAveraging(update_starting_at_step=1000))
    assert not same(initial, plain.weights)
    assert same(initial, parameters(model))


@pytest.mark.parametrize("normalizes", [True, False])
def test_stochastic_averages_are_measured_and_saved_where_statistics_take_an_epoch_more(normalizes, tmp_path):
    fit, history = Fit("images", keep=tmp_path), History()
    model = fit.new()
    if not normalizes:
        model.body[1], model.body[4] = nn.Identity(), nn.Identity()
    fit.train(model, StochasticWeightAveraging(0.05, 1, 1), history)
    assert len(history.steps) == EPOCHS + normalizes
    averaged = parameters(model)
    saved = [torch.load(path, weights_only=True)["state_dict"] for path in sorted(tmp_path.iterdir())]
    assert [same(averaged, weights) for weights in saved] == [False] * EPOCHS + [True] * normalizes
