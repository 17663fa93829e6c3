"""lightning_modules.schedules.rate_history."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from lightning_modules import MLP, Classifier, Digits, ExponentialDecay, OneCycle, RateHistory, quiet_trainer


def fit(optimizer, schedule=None, interval="step", **settings):
    rates = RateHistory()
    model = Classifier(MLP([64, 10]), optimizer, schedule, interval=interval)
    settings = {"max_epochs": 2, "limit_val_batches": 0, "callbacks": [rates]} | settings
    quiet_trainer(**settings).fit(model, Digits(train_size=96))  # 3 batches an epoch
    return rates


def test_it_is_the_rate_that_the_step_used():
    # In on_train_batch_end of the third batch the rate is already the next epoch's.
    halve = partial(ExponentialDecay, scale=1, ratio=0.5)
    assert fit(partial(torch.optim.SGD, lr=0.8), halve, "epoch").rate() == [0.8] * 3 + [0.4] * 3


@pytest.mark.parametrize(("accumulate", "steps"), [(1, 6), (2, 4)])
def test_there_is_one_for_each_step_of_the_optimizer(accumulate, steps):
    sgd = partial(torch.optim.SGD, lr=0.8)
    assert len(fit(sgd, accumulate_grad_batches=accumulate).rate()) == steps


@pytest.mark.parametrize(
    "optimizer", [partial(torch.optim.SGD, momentum=0.9), torch.optim.AdamW, torch.optim.NAdam]
)
def test_momentum_or_the_first_beta(optimizer):
    momentum = fit(partial(optimizer, lr=0.1), partial(OneCycle, rise=0.5)).momentum()
    assert momentum == pytest.approx([0.95, 0.90, 0.85, 0.85 + 0.1 * 0.25, 0.85 + 0.1 * 0.75, 0.95])


def test_an_optimizer_without_momentum_says_so():
    with pytest.raises(KeyError, match="no momentum"):
        fit(partial(torch.optim.Adagrad, lr=0.1)).momentum()


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_each_optimizer_of_a_module_has_its_own():
    class Two(pl.LightningModule):
        automatic_optimization = False

        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def training_step(self, batch, batch_idx):
            for optimizer in self.optimizers()[batch_idx % 2 :]:
                optimizer.zero_grad()
                self.manual_backward(self.layer(torch.ones(1)).sum())
                optimizer.step()

        def configure_optimizers(self):
            return [torch.optim.SGD(self.parameters(), lr=lr) for lr in (0.1, 0.2)]

    rates = RateHistory()
    quiet_trainer(max_epochs=1, callbacks=[rates]).fit(Two(), DataLoader(torch.zeros(4)))
    assert (rates.rate(), rates.rate(optimizer=1)) == ([0.1] * 2, [0.2] * 4)
    assert RateHistory().rate() == RateHistory().momentum() == []
