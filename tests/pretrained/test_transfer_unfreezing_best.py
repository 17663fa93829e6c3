"""GradualUnfreezing(restore_best=True): a layer that thaws finds the best weights so far."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import ModelPruning
from torch import nn
from torch.optim import SGD
from unfreezing_runs import EPOCH, LAYERS, ends_frozen, fit, model

from lightning_modules import GradualUnfreezing
from lightning_modules.best_weights import BestWeights

UNFREEZING = partial(GradualUnfreezing, LAYERS, monitor="metric", restore_best=True)


class Ends(pl.Callback):
    """Logs these values, one an epoch, and keeps the state at each epoch's end, before and after what comes next."""

    def __init__(self, *values):
        self.values = values
        self.begins, self.ends = [], []

    def on_train_epoch_start(self, trainer, pl_module):
        self.begins.append(copied(pl_module))

    def on_train_epoch_end(self, trainer, pl_module):
        self.ends.append(copied(pl_module))
        pl_module.log("metric", self.values[trainer.current_epoch])


def copied(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_what_is_kept_is_a_copy_and_comes_back_with_the_buffers():
    norm, best = nn.BatchNorm1d(1), BestWeights()
    best.restore(norm)  # nothing yet
    norm.running_mean.fill_(3.0)
    best.keep(norm)
    norm.running_mean.fill_(5.0)
    norm.weight.data.fill_(7.0)
    best.restore(norm)
    assert (norm.running_mean.item(), norm.weight.item()) == (3.0, 1.0)


def test_each_thaw_begins_with_the_weights_of_the_best_epoch():
    ends = Ends(3.0, 2.0, 4.0, 1.0, 1.5, 1.5)
    fit(model(), ends, UNFREEZING(), max_epochs=6)
    assert same(ends.begins[3], ends.ends[1])  # of 3, 2 and 4 the best was the second
    assert same(ends.begins[5], ends.ends[3])
    for epoch in (1, 2, 4):
        assert same(ends.begins[epoch], ends.ends[epoch - 1])
    assert not same(ends.ends[1], ends.ends[2])


@ends_frozen
def test_only_if_it_is_asked_for():
    ends = Ends(1.0, 2.0, 3.0, 4.0)
    unfreezing = GradualUnfreezing(LAYERS, monitor="metric")
    fit(model(), ends, unfreezing, max_epochs=4)
    assert unfreezing.thawed == 2
    for epoch in range(3):
        assert same(ends.begins[epoch + 1], ends.ends[epoch])
    assert "weights" not in unfreezing.state_dict()


def test_a_metric_that_never_was_a_number_has_no_best_to_go_back_to():
    ends = Ends(*[float("nan")] * 4)
    fit(model(), ends, UNFREEZING(), max_epochs=4)
    assert same(ends.begins[1], ends.ends[0])


def test_when_all_is_thawed_nothing_is_kept_any_more():
    unfreezing = UNFREEZING()
    fit(model(), Ends(1.0, 2.0, 2.0, 0.5), unfreezing, max_epochs=4)
    assert unfreezing.thawed == 2
    assert "weights" not in unfreezing.state_dict()


def test_what_was_best_is_forgotten_by_a_fresh_training():
    unfreezing = UNFREEZING()
    with pytest.warns(UserWarning, match="never thaw"):
        fit(model(), Ends(1.0), unfreezing, max_epochs=1)
    assert unfreezing.state_dict()["weights"].keys() == model().state_dict().keys()
    ends = Ends(*[float("nan")] * 4)
    fit(model(), ends, unfreezing, max_epochs=4)
    assert same(ends.begins[1], ends.ends[0])


@pytest.mark.parametrize("step", [EPOCH + 2, 2 * EPOCH + 1])
def test_a_resumed_run_goes_back_to_the_weights_of_before(tmp_path, step):
    class Save(pl.Callback):
        def on_train_batch_end(self, trainer, *args):
            if trainer.global_step == step:
                trainer.save_checkpoint(tmp_path / "middle.ckpt")

    def run(*others, resume=None):
        module = model(partial(SGD, lr=0.1, momentum=0.9))
        fit(module, Ends(1.0, 2.0, 3.0, 4.0), UNFREEZING(patience=2), *others, max_epochs=4, resume=resume)
        return module.state_dict()

    with pytest.warns(UserWarning, match="never thaw"):
        whole = run(Save())
    with pytest.warns(UserWarning, match="never thaw"):
        assert same(whole, run(resume=tmp_path / "middle.ckpt"))
    assert torch.load(tmp_path / "middle.ckpt", weights_only=True)["callbacks"]["GradualUnfreezing"][
        "weights"
    ]


def test_beside_a_callback_that_decides_what_weights_training_ends_with_nothing_is_restored():
    pruning = ModelPruning("l1_unstructured", amount=0.2)
    with pytest.raises(
        MisconfigurationException, match=r"ModelPruning ends .* Leave restore_best or the other"
    ):
        fit(model(), pruning, UNFREEZING())
    fit(model(), pruning, GradualUnfreezing(LAYERS, at=[0, 0]), max_epochs=1)
