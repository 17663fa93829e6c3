"""GradualUnfreezing of layers that are named by patterns."""

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import nn
from unfreezing_runs import EPOCH, LAYERS, Watch, both, ends_frozen, fit, model, sgd

from lightning_modules import Classifier, GradualUnfreezing


def moved(layers, **arguments):
    watch = Watch()
    fit(model(), GradualUnfreezing(layers, **arguments), watch)
    return watch.moved


def test_a_pattern_thaws_what_it_matches_from_the_top_down():
    # Not the activations between them, which have nothing to train.
    assert moved(["network.[1-4]"]) == moved(LAYERS) == [both(5), both(3, 5), both(1, 3, 5)]


def test_a_pattern_in_a_list_thaws_all_that_it_matches_together():
    assert moved([["network.[1-4]"]], at=[2]) == [both(5), both(5), both(1, 3, 5)]


def test_a_later_pattern_takes_what_is_left():
    assert moved(["network.3", "network.[0-4]"]) == [both(5), both(3, 5), both(1, 3, 5)]


def test_factors_and_epochs_are_those_of_the_layers_that_were_found():
    unfreezing = GradualUnfreezing(["network.[1-4]"], at=[0, 2], factor=0.5)
    assert unfreezing.factors == []
    watch = Watch(unfreezing)
    fit(model(), unfreezing, watch)
    assert unfreezing.factors == [0.5, 0.25]
    assert watch.moved == [both(3, 5), both(3, 5), both(1, 3, 5)]
    first = [line.split() for line in watch.tables[0].splitlines()[2:]]
    assert [row[0] for row in first] == LAYERS
    assert first[0][-1] == "0.05"
    assert first[1][2:5] == ["from", "epoch", "2"]


def test_a_list_is_called_in_the_table_as_it_was_given():
    unfreezing = GradualUnfreezing([["network.[1-4]"]])
    fit(model(), unfreezing)
    assert unfreezing.table().splitlines()[2].startswith("network.[1-4]  ")


class WithPositions(nn.Module):
    """A parameter in no submodule, as vision transformers have for positions."""

    def __init__(self):
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(64))
        self.body = nn.Linear(64, 6)
        self.head = nn.Linear(6, 10)

    def forward(self, x):
        return self.head(self.body(x.flatten(1) + self.positions))


@pytest.mark.parametrize("layers", [["body", "positions"], ["body", "pos*"], ["[bp]*"], ["[!h]*"]])
def test_a_parameter_that_is_in_no_submodule_is_named_by_itself(layers):
    watch = Watch(unfreezing := GradualUnfreezing([f"network.{name}" for name in layers]))
    torch.manual_seed(0)
    fit(Classifier(WithPositions(), optimizer=sgd), unfreezing, watch)
    head, body = ([f"network.{layer}.{kind}" for kind in ("bias", "weight")] for layer in ("head", "body"))
    assert watch.moved == [head, [*body, *head], sorted([*body, *head, "network.positions"])]
    assert watch.tables[0].splitlines()[3].split()[:3] == ["network.positions", "64", "from"]


@pytest.mark.parametrize(
    ("layers", "arguments", "message"),
    [
        (
            ["blocks.*"],
            {},
            r"no further submodule or parameter that 'blocks.\*' matches. Those with parameters are network\.1",
        ),
        (
            [*LAYERS, "network.[1-3]"],
            {"at": [1, 2, 3]},
            r"no further submodule or parameter that 'network.\[1-3\]'",
        ),
        (["network.[1-4]"], {"at": [1]}, r"each of the 2 layers, network.3, network.1: got \[1\]"),
        (
            ["network.[1-4]"],
            {"factor": [0.5] * 3},
            r"factor needs one for each of the 2 layers, network.3, net",
        ),
        (["network.*"], {}, r"Nothing would train in the first epoch.*Leave the head out"),
    ],
)
def test_patterns_that_do_not_fit_the_model_are_refused(layers, arguments, message):
    with pytest.raises(MisconfigurationException, match=message):
        fit(model(), GradualUnfreezing(layers, **arguments))


@ends_frozen
@pytest.mark.parametrize("lower", [["network"], ["network.*"]])
def test_a_normalization_follows_the_layer_that_it_belongs_to(lower):
    """A lower layer's name may hold it too: that does not keep it frozen once the upper one has thawed."""
    modes = []

    class Look(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, *args):
            modes.append([pl_module.network[place].training for place in (2, 5)])

    unfreezing = GradualUnfreezing([["network.4", "network.5"], lower], at=[0, 9], train_batch_norm=True)
    fit(model(normalization=nn.BatchNorm1d), unfreezing, Look(), max_epochs=1)
    assert modes == [[False, True]] * EPOCH
