"""lightning_modules.recipes.recipe: choices through a table, and trainings made from them."""

import re
import warnings
from functools import partial

import pytest
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import EarlyStopping
from torch import nn

from lightning_modules import (
    MLP,
    Classifier,
    CosineDecay,
    Digits,
    L2Penalty,
    OneCycle,
    Plateau,
    Recipe,
    RecipeMLP,
    RestoringEarlyStopping,
    initialize,
    quiet_trainer,
    recipe,
)
from lightning_modules.recipes.parts import (
    ADAMW,
    ALPHA_DROPOUT,
    EARLY_STOPPING,
    ONE_CYCLE,
    WEIGHT_DECAY,
    Regularizer,
)
from lightning_modules.recipes.recipe import depth_of, schedule_of

SGD = partial(torch.optim.SGD, lr=0.1)


def kinds(network):
    return [type(layer) for layer in network]


def fit(model, data=None, **arguments):
    trainer = quiet_trainer(**({"max_epochs": 8} | arguments))
    trainer.fit(model, data or Digits(train_size=64))
    return trainer


# Networks


def test_a_shallow_default_network_has_relus_a_deep_one_swish_and_batch_norm():
    assert kinds(recipe("default").network([8, 6, 4])) == [nn.Flatten, nn.Linear, nn.ReLU, nn.Linear]
    assert kinds(recipe("default", "deep").network([8, 6, 4])) == [
        nn.Flatten,
        nn.Linear,
        nn.BatchNorm1d,
        nn.SiLU,
        nn.Linear,
    ]


@pytest.mark.parametrize(("name", "variance"), [("default", 2 / 400), ("self-normalizing", 1 / 400)])
def test_a_network_is_initialized_as_the_table_says(name, variance):
    torch.manual_seed(0)
    layer = recipe(name).network([400, 300, 10])[1]
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.02)
    assert not layer.bias.any()


def test_without_an_initializer_the_weights_are_torchs():
    torch.manual_seed(0)
    mine = recipe("default", initializer=None).network([64, 30, 10])
    torch.manual_seed(0)
    theirs = MLP([64, 30, 10])
    assert all(map(torch.equal, mine.parameters(), theirs.parameters()))


def test_a_network_is_no_widths():
    with pytest.raises(
        TypeError, match=r"from widths such as .*, got a Linear. A network of your own is trained"
    ):
        recipe("default").network(nn.Linear(4, 2))


def test_making_a_recipe_draws_no_random_numbers():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    recipe("self-normalizing", regularization=[ALPHA_DROPOUT])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_alpha_dropout_follows_every_selu():
    network = recipe("self-normalizing", regularization=[ALPHA_DROPOUT]).network([8, 6, 5, 4])
    assert [str(kind) for kind in network.modules() if isinstance(kind, nn.AlphaDropout)] == [
        "AlphaDropout(p=0.1, inplace=False)"
    ] * 2


def test_more_than_five_hidden_layers_are_deep():
    assert depth_of([9] * 7) == depth_of(MLP([9] * 7)) == "shallow"
    assert depth_of([9] * 8) == depth_of(MLP([9] * 8)) == "deep"


def test_an_mlp_for_the_command_line_is_the_recipes_network():
    for name, widths in (("default", [9, 8, 7]), ("default", [9] * 9), ("self-normalizing", [9, 8, 7])):
        torch.manual_seed(0)
        mine = RecipeMLP(widths, recipe=name)
        torch.manual_seed(0)
        theirs = recipe(name, depth_of(widths)).network(widths)
        assert kinds(mine) == kinds(theirs)
        assert all(map(torch.equal, mine.parameters(), theirs.parameters()))


def test_that_mlps_parts_can_be_yours():
    assert kinds(RecipeMLP([9] * 8, recipe="default", activation=nn.ELU))[3] is nn.ELU
    assert kinds(RecipeMLP([9] * 8, recipe="default", normalization=nn.LayerNorm))[2] is nn.LayerNorm
    assert kinds(RecipeMLP([9, 9, 9], activation=nn.Tanh))[2] is nn.Tanh
    assert type(RecipeMLP([9, 9, 9], recipe="default", dropout=0.3)[2][1]) is nn.Dropout


# Replacing parts


def test_a_part_of_the_tables_or_your_own_takes_a_parts_place():
    chosen = recipe("default", optimizer=ADAMW, activation=nn.GELU, schedule=None, normalization=nn.LayerNorm)
    assert str(chosen).splitlines() == [
        "initializer: He",
        "activation: GELU",
        "normalization: LayerNorm",
        "regularization: early stopping",
        "optimizer: AdamW",
        "schedule: none",
    ]
    assert kinds(chosen.network([4, 3, 2]))[1:4] == [nn.Linear, nn.LayerNorm, nn.GELU]


def test_regularization_is_any_number_of_methods():
    chosen = recipe("default", regularization=[EARLY_STOPPING, WEIGHT_DECAY])
    assert [type(callback) for callback in chosen.callbacks()] == [RestoringEarlyStopping, L2Penalty]
    assert "regularization: early stopping, weight decay" in str(chosen)
    assert recipe("default", regularization=[]).callbacks() == []
    assert recipe("self-normalizing").callbacks() == []


def test_early_stopping_watches_the_loss_by_the_name_that_your_module_gives_it():
    yours = Regularizer("mine", "", callback=partial(EarlyStopping, monitor="val/accuracy"))
    chosen = recipe("default", regularization=[EARLY_STOPPING, yours])
    assert [callback.monitor for callback in chosen.callbacks()] == ["val/loss", "val/accuracy"]
    assert [callback.monitor for callback in chosen.callbacks("val_loss")] == ["val_loss", "val/accuracy"]


def test_each_training_gets_callbacks_of_its_own():
    chosen = recipe("default")
    assert chosen.callbacks()[0] is not chosen.callbacks()[0]


@pytest.mark.parametrize(
    ("name", "parts", "combination"),
    [
        ("default", {"regularization": [ALPHA_DROPOUT]}, "AlphaDropout after ReLU"),
        ("default", {"optimizer": partial(SGD, nesterov=True)}, "Nesterov without momentum"),
    ],
)
def test_parts_that_undo_each_other_are_refused_and_nothing_else_is_said(name, parts, combination):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=rf"{combination}.*The guide's page [a-z_/]+ says more"):
            recipe(name, **parts)


def test_a_part_that_is_not_needed_beside_another_is_warned_of_and_taken():
    with pytest.warns(
        UserWarning, match=r"^SELU with BatchNorm1d: .* points of accuracy .*page guidelines/ says more"
    ):
        chosen = recipe("self-normalizing", normalization=nn.BatchNorm1d)
    kinds = [type(layer) for layer in chosen.network([64, 30, 10])]
    assert kinds == [nn.Flatten, nn.Linear, nn.BatchNorm1d, nn.SELU, nn.Linear]


def test_what_is_no_part_is_refused():
    with pytest.raises(TypeError, match="has no part 'optimiser'; it has activation"):
        recipe("default", optimiser=SGD)
    with pytest.raises(TypeError, match="optimizer must be something to call, or a Part, got 'adam'"):
        recipe("default", optimizer="adam")
    with pytest.raises(TypeError, match="optimizer must be something to call"):
        recipe("default", optimizer=None)
    with pytest.raises(TypeError, match="regularization is a sequence of Regularizer, got <class"):
        recipe("default", regularization=[L2Penalty])
    with pytest.raises(TypeError, match="schedule must be something to call, or a Schedule, got 'cosine'"):
        recipe("default", schedule="cosine")


def test_one_regularizer_need_not_be_in_a_list():
    assert recipe("default", regularization=WEIGHT_DECAY).regularization == (WEIGHT_DECAY,)


def test_a_normalization_may_ask_for_more_units_than_two():
    chosen = recipe("default", normalization=partial(nn.GroupNorm, 8))
    assert any(isinstance(layer, nn.GroupNorm) for layer in chosen.network([64, 32, 10]))


def test_what_is_not_in_the_tables_is_refused():
    with pytest.raises(
        ValueError, match="There is no recipe 'selu'; there are 'default', 'self-normalizing'"
    ):
        recipe("selu")
    with pytest.raises(ValueError, match=re.escape('A network is "shallow" or "deep", got depth=\'20\'')):
        recipe("default", "20")


# In a Trainer


def test_a_recipe_trains_the_digits():
    torch.manual_seed(0)
    chosen = recipe("default")
    model = Classifier(chosen.network([64, 50, 50, 10]), recipe=chosen)
    trainer = fit(model, Digits(), max_epochs=9)
    group = trainer.optimizers[0].param_groups[0]
    assert (group["nesterov"], group["momentum"], group["fused"]) == (True, 0.9, True)
    assert isinstance(trainer.lr_scheduler_configs[0].scheduler, Plateau)
    assert trainer.early_stopping_callback.patience == 10
    assert trainer.callback_metrics["val/accuracy"] > 0.93


def test_training_by_a_recipe_is_training_by_its_parts():
    def trained(**arguments):
        torch.manual_seed(0)
        network = MLP([64, 20, 10])
        initialize(network, "he")
        fit(Classifier(network, **arguments), max_epochs=9)
        return list(network.parameters())

    mine = trained(recipe=recipe("default", schedule=ONE_CYCLE, regularization=[]))
    nesterov = partial(torch.optim.SGD, lr=0.01, momentum=0.9, nesterov=True, fused=True)
    theirs = trained(optimizer=nesterov, lr_scheduler=OneCycle, interval="step")
    assert all(map(torch.equal, mine, theirs))


def test_by_name_a_recipe_trains_any_network():
    model = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), recipe="self-normalizing")
    trainer = fit(model)
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.003
    assert trainer.early_stopping_callback is None


def test_what_is_given_beside_a_recipe_wins():
    model = Classifier(MLP([64, 10]), SGD, CosineDecay, interval="step", recipe="default")
    assert (model.recipe.optimizer.words, model.recipe.schedule.words) == ("SGD", "CosineDecay")
    trainer = fit(model, max_epochs=2)
    (config,) = trainer.lr_scheduler_configs
    assert (type(config.scheduler), config.interval) == (CosineDecay, "step")
    assert type(trainer.early_stopping_callback) is RestoringEarlyStopping  # the recipe's


def test_the_trainers_own_callback_takes_the_place_of_the_recipes():
    yours = EarlyStopping("val/accuracy", mode="max", patience=3)
    trainer = fit(Classifier(MLP([64, 10]), recipe="default"), callbacks=[yours])
    assert trainer.early_stopping_callbacks == [yours]


def test_early_stopping_ends_a_run_that_does_not_improve():
    stopping = Regularizer("soon", "", callback=partial(EarlyStopping, monitor="val/loss", patience=2))
    chosen = recipe(
        "default", optimizer=partial(torch.optim.SGD, lr=0.0), schedule=None, regularization=[stopping]
    )
    assert fit(Classifier(chosen.network([64, 10]), recipe=chosen)).current_epoch == 3


def test_a_run_too_short_for_the_recipes_schedule_is_refused():
    with pytest.raises(MisconfigurationException, match="Plateau with patience=5 would never act"):
        fit(Classifier(MLP([64, 10]), recipe="default"), max_epochs=3)


def test_a_smoke_run_gets_advice_that_can_be_followed():
    with pytest.raises(
        MisconfigurationException, match=r"Even patience=0 needs 3.* the recipe's.*schedule=None"
    ) as caught:
        fit(Classifier(MLP([64, 10]), recipe="default"), max_epochs=2)
    assert "Lower the patience" not in str(caught.value)
    one_cycle = recipe("default", schedule=ONE_CYCLE)
    with pytest.raises(MisconfigurationException, match="do not fit into 1 steps") as caught:
        fit(Classifier(MLP([64, 10]), recipe=one_cycle), max_epochs=1, limit_train_batches=1)
    assert "interval=" not in str(caught.value)
    fit(Classifier(MLP([64, 10]), recipe=recipe("default", schedule=None)), max_epochs=2)
    fit(Classifier(MLP([64, 10]), recipe="default"), fast_dev_run=True)


def test_a_network_of_your_own_that_undoes_itself_is_warned_of():
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.BatchNorm1d(20), nn.SELU(), nn.Linear(20, 10))
    with pytest.warns(UserWarning, match="The guide's page") as caught:
        Classifier(network, recipe="default")
    messages = [str(warning.message) for warning in caught]
    assert [message.split(":")[0] for message in messages] == [
        "SELU with BatchNorm1d",
        "a bias before batch normalization (1 before 2)",
    ]


def test_an_optimizer_of_your_own_that_undoes_itself_is_refused():
    with pytest.raises(ValueError, match=r"Nesterov without momentum: .* optimizers/nesterov/ says more"):
        Classifier(MLP([64, 10]), partial(SGD, nesterov=True), recipe="default")


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    def model():
        torch.manual_seed(0)
        return Classifier(MLP([64, 10]), recipe="default")

    whole, first, resumed = model(), model(), model()
    fit(whole, max_epochs=12)
    fit(first, max_epochs=8).save_checkpoint(tmp_path / "eight.ckpt")
    trainer = quiet_trainer(max_epochs=12)
    trainer.fit(resumed, Digits(train_size=64), ckpt_path=tmp_path / "eight.ckpt")
    assert all(map(torch.equal, whole.parameters(), resumed.parameters()))
    torch.load(tmp_path / "eight.ckpt", weights_only=True)


def test_a_schedule_of_your_own_steps_when_you_say():
    chosen = recipe("default", schedule=schedule_of(CosineDecay, "step"), regularization=[])
    assert (
        fit(Classifier(MLP([64, 10]), recipe=chosen), max_epochs=1).lr_scheduler_configs[0].interval == "step"
    )


def test_a_recipe_can_be_compared():
    assert isinstance(recipe("default"), Recipe)
    assert recipe("default") == recipe("default") != recipe("default", "deep")
