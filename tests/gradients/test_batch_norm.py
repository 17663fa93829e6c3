"""lightning_modules.gradients.batch_norm."""

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import nn

from lightning_modules import MLP, Classifier, Digits, FreezeBatchNorm, quiet_trainer
from lightning_modules.gradients.batch_norm import batch_norms

untouched_is_wanted = pytest.mark.filterwarnings("ignore:FreezeBatchNorm keeps the statistics")


def trained(widths=(64, 12, 12, 10)):
    """A network whose normalizations have seen data."""
    torch.manual_seed(0)
    network = MLP(widths, normalization=nn.BatchNorm1d)
    for _ in range(20):
        network(torch.rand(50, widths[0]) * 16)
    return network


def fit(model, *callbacks, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 2, "callbacks": list(callbacks)} | arguments))
    trainer.fit(model, Digits(train_size=70), ckpt_path=resume)
    return trainer


def statistics(model):
    return {name: b.clone() for name, b in model.named_buffers() if "running" in name or "tracked" in name}


def same(before, after):
    assert before.keys() == after.keys()
    return all(torch.equal(before[name], after[name]) for name in before)


class Batches:
    """A data loader of these batches. Lightning would take a list for several loaders."""

    def __init__(self, *batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)


class Watch(pl.Callback):
    """Writes down which mode each normalization is in when it is called while training."""

    def __init__(self):
        self.modes = []

    def on_train_start(self, trainer, pl_module):
        for module in batch_norms(pl_module).values():
            module.register_forward_hook(lambda m, a, o: self.modes.append(m.training))


# The statistics


def test_without_gradients_alone_the_statistics_still_move():
    model = Classifier(trained())
    for module in batch_norms(model).values():
        module.requires_grad_(False)
    before = statistics(model)
    fit(model)
    assert not any(torch.equal(before[name], after) for name, after in statistics(model).items())


def test_frozen_statistics_stay_as_they_are_while_the_weights_move():
    model = Classifier(trained())
    before, weight = statistics(model), model.network[1].weight.clone()
    fit(model, FreezeBatchNorm())
    assert same(before, statistics(model))
    assert not torch.equal(weight, model.network[1].weight)


def test_frozen_statistics_are_those_that_normalize():
    # A batch of 2 far from anything seen: batch statistics would make every output of the normalization ±1.
    class Once(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(1)
            self.norm.running_mean.fill_(10.0)
            self.norm.running_var.fill_(4.0 - 1e-5)
            self.outputs = []

        def training_step(self, batch, batch_idx):
            self.outputs.append(self.norm(batch))
            return self.outputs[-1].sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.0)

    model = Once()
    batches = Batches(torch.tensor([[14.0], [16.0]]))
    quiet_trainer(max_epochs=1, callbacks=[FreezeBatchNorm()]).fit(model, batches)
    assert model.outputs[0].flatten().tolist() == pytest.approx([2, 3])  # (14 - 10) / 2 and (16 - 10) / 2


def test_scale_and_shift_go_on_learning_unless_they_are_frozen_too():
    moving, still = Classifier(trained()), Classifier(trained())
    fit(moving, FreezeBatchNorm())
    before = [p.clone() for m in batch_norms(still).values() for p in m.parameters()]
    fit(still, FreezeBatchNorm(affine=True))
    after = [p for m in batch_norms(still).values() for p in m.parameters()]
    assert all(map(torch.equal, before, after))
    assert not any(
        map(torch.equal, before, [p for m in batch_norms(moving).values() for p in m.parameters()])
    )


def test_scale_and_shift_are_frozen_before_the_optimizer_is_made():
    class Filtering(Classifier):
        def configure_optimizers(self):
            self.chosen = [p for p in self.parameters() if p.requires_grad]
            return torch.optim.SGD(self.chosen, lr=0.1)

    model = Filtering(trained())
    fit(model, FreezeBatchNorm(affine=True))
    assert len(model.chosen) == len(list(model.parameters())) - 4


# Every switch to training


def test_a_module_that_switches_to_training_in_every_hook_changes_nothing():
    class Stubborn(Classifier):
        def on_train_epoch_start(self):
            super().on_train_epoch_start()
            self.train()

        def on_train_batch_start(self, batch, batch_idx):
            self.train()

        def training_step(self, batch, batch_idx):
            self.train()
            return super().training_step(batch, batch_idx)

    model, watch = Stubborn(trained()), Watch()
    before = statistics(model)
    fit(model, FreezeBatchNorm(), watch)
    assert same(before, statistics(model))
    assert len(watch.modes) > 6
    assert not any(watch.modes)


def test_it_holds_after_validation_within_an_epoch():
    model, watch = Classifier(trained()), Watch()
    before = statistics(model)
    fit(model, FreezeBatchNorm(), watch, val_check_interval=1)
    assert same(before, statistics(model))
    assert not any(watch.modes)


def test_dropout_and_the_rest_of_the_model_stay_in_training_mode():
    model = Classifier(nn.Sequential(trained(), nn.Dropout(0.5)))
    modes = []
    model.network[1].register_forward_hook(lambda m, a, o: modes.append((m.training, model.training)))
    fit(model, FreezeBatchNorm(), limit_val_batches=0)
    assert set(modes) == {(True, True)}


def test_what_a_normalization_does_besides_goes_on_training_and_is_as_it_was_afterwards():
    class DropsToo(nn.BatchNorm1d):
        """As in timm: a normalization with modules for what it does besides."""

        def __init__(self, features):
            super().__init__(features)
            self.drop = nn.Dropout(0.5)

        def forward(self, x):
            modes.append((self.training, self.drop.training))
            return self.drop(super().forward(x))

    torch.manual_seed(0)
    modes, network = [], MLP([64, 12, 10], normalization=DropsToo)
    network(torch.rand(50, 64))
    modes.clear()
    fit(Classifier(network), FreezeBatchNorm(), limit_val_batches=0)
    assert set(modes) == {(False, True)}
    assert all(module.training for module in network.modules())


def test_afterwards_the_model_is_as_it_was():
    model = Classifier(trained())
    fit(model, FreezeBatchNorm(affine=True))
    for module in batch_norms(model).values():
        assert module.training
        assert not module._forward_pre_hooks
        assert all(p.requires_grad for p in module.parameters())
    before = statistics(model)
    fit(model)
    assert not same(before, statistics(model))


def test_after_an_error_the_model_is_as_it_was():
    class Fails(Classifier):
        def training_step(self, batch, batch_idx):
            raise RuntimeError("on purpose")

    model = Fails(trained())
    with pytest.raises(RuntimeError, match="on purpose"):
        fit(model, FreezeBatchNorm(affine=True))
    for module in batch_norms(model).values():
        assert module.training
        assert not module._forward_pre_hooks
        assert all(p.requires_grad for p in module.parameters())


def test_what_was_frozen_by_hand_stays_frozen_afterwards():
    model = Classifier(trained())
    norm = next(iter(batch_norms(model).values()))
    norm.weight.requires_grad_(False)
    fit(model, FreezeBatchNorm(affine=True))
    assert (norm.weight.requires_grad, norm.bias.requires_grad) == (False, True)


# Which ones


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d(3), (4, 3)),
        (nn.BatchNorm1d(3), (4, 3, 5)),
        (nn.BatchNorm2d(3), (4, 3, 5, 5)),
        (nn.BatchNorm3d(3), (4, 3, 5, 5, 5)),
        (nn.BatchNorm2d(3, affine=False), (4, 3, 5, 5)),
        (nn.BatchNorm2d(3, momentum=None), (4, 3, 5, 5)),
        (nn.InstanceNorm2d(3, track_running_stats=True), (4, 3, 5, 5)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
@untouched_is_wanted
def test_every_kind_is_held(norm, shape):
    class Holds(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.norm = norm
            self.last = nn.Linear(1, 1)

        def training_step(self, batch, batch_idx):
            assert not self.norm.training
            return self.last(self.norm(batch).mean().view(1, 1)).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    model = Holds()
    before = statistics(model)
    quiet_trainer(max_epochs=1, callbacks=[FreezeBatchNorm()]).fit(model, Batches(torch.rand(shape) + 3))
    assert same(before, statistics(model))


def test_only_the_named_submodules_are_frozen():
    model = Classifier(nn.Sequential(trained(), nn.ReLU(), nn.Linear(10, 10), nn.BatchNorm1d(10)))
    before = statistics(model)
    fit(model, FreezeBatchNorm(modules=["network.0"]))
    after = statistics(model)
    changed = {name.rpartition(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"network.3"}


def test_a_name_does_not_reach_its_namesakes_with_more_letters():
    model = nn.ModuleDict({"body": nn.BatchNorm1d(1), "body2": nn.BatchNorm1d(1)})
    assert list(batch_norms(model, ["body"])) == ["body"]


def test_instance_normalization_without_statistics_has_nothing_to_freeze():
    assert batch_norms(nn.Sequential(nn.InstanceNorm1d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3))) == {}


# Resuming and several processes


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    whole = Classifier(trained())
    fit(whole, FreezeBatchNorm(affine=True), max_epochs=3)
    first = Classifier(trained())
    fit(first, FreezeBatchNorm(affine=True), max_epochs=1).save_checkpoint(tmp_path / "one.ckpt")
    rest = Classifier(MLP((64, 12, 12, 10), normalization=nn.BatchNorm1d))
    fit(rest, FreezeBatchNorm(affine=True), max_epochs=3, resume=tmp_path / "one.ckpt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[name]), name
    torch.load(tmp_path / "one.ckpt", weights_only=True)


def test_modules_that_a_strategy_puts_in_their_place_are_held():
    class Synchronize(pl.Callback):  # what Trainer(sync_batchnorm=True) does on several GPUs
        def on_fit_start(self, trainer, pl_module):
            nn.SyncBatchNorm.convert_sync_batchnorm(pl_module)

    model = Classifier(trained())
    before = statistics(model)
    fit(model, FreezeBatchNorm(affine=True), Synchronize())
    assert {type(module) for module in batch_norms(model).values()} == {nn.SyncBatchNorm}
    assert same(before, statistics(model))


def test_two_processes_hold_the_same_statistics_and_train_the_same_weights(tmp_path, run_program):
    run_program(
        """
        import sys
        import pytorch_lightning as pl
        import torch
        from torch import nn
        from lightning_modules import MLP, Classifier, Digits, FreezeBatchNorm, quiet_trainer

        class Save(pl.Callback):
            def on_train_start(self, trainer, pl_module):
                self.before = {k: v.clone() for k, v in pl_module.network.state_dict().items()}
            def on_train_end(self, trainer, pl_module):
                after = pl_module.network.state_dict()
                torch.save((self.before, after), f"{sys.argv[1]}/{trainer.global_rank}.pt")

        if __name__ == "__main__":
            torch.manual_seed(0)
            network = MLP([64, 8, 10], normalization=nn.BatchNorm1d)
            network(torch.rand(50, 64))
            trainer = quiet_trainer(
                max_epochs=1, strategy="ddp_fork", devices=2, limit_val_batches=0,
                callbacks=[FreezeBatchNorm(affine=True), Save()],
            )
            trainer.fit(Classifier(network), Digits(batch_size=16, train_size=64))
        """
    )
    (before, after), (_, other) = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("2."))
    assert not torch.equal(before["1.weight"], after["1.weight"])
    assert all(torch.equal(after[name], other[name]) for name in after)


# Refusals


def test_a_lazy_normalization_is_refused_by_name():
    model = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.LazyBatchNorm1d()))
    with pytest.raises(MisconfigurationException, match=r"network\.2 is a LazyBatchNorm1d.*num_features"):
        fit(model, FreezeBatchNorm(affine=True))


def test_a_normalization_without_statistics_is_refused_by_name():
    norm = nn.BatchNorm1d(10, track_running_stats=False)
    model = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(64, 10), norm))
    with pytest.raises(MisconfigurationException, match=r"network\.2 has track_running_stats=False"):
        fit(model, FreezeBatchNorm())


@pytest.mark.parametrize("affine", [False, True])
def test_a_model_without_batch_normalization_is_refused(affine):
    with pytest.raises(MisconfigurationException, match="found no batch normalization of Classifier"):
        fit(Classifier(MLP([64, 10])), FreezeBatchNorm(affine=affine))
    with pytest.raises(MisconfigurationException, match=r"found no batch normalization in network\.0 of"):
        fit(Classifier(trained()), FreezeBatchNorm(modules=["network.0"], affine=affine))


def test_an_unknown_submodule_is_refused_with_the_known_ones():
    with pytest.raises(
        MisconfigurationException, match=r"no submodule 'backbone'\. Its children are network"
    ):
        fit(Classifier(trained()), FreezeBatchNorm(modules=["backbone"]))


def test_a_string_is_not_taken_for_a_list_of_names():
    with pytest.raises(TypeError, match=r"Use \['backbone'\]"):
        FreezeBatchNorm(modules="backbone")


def test_statistics_that_nothing_has_moved_are_reported():
    model = Classifier(MLP([64, 8, 10], normalization=nn.BatchNorm1d))
    with pytest.warns(UserWarning, match=r"network\.2 had when made"):
        fit(model, FreezeBatchNorm())


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
@pytest.mark.parametrize("in_place", [False, True])
def test_statistics_are_frozen_in_a_graph_that_was_compiled_before(in_place):
    class Switching(Classifier):
        def on_train_epoch_start(self):
            self.train()

    model = Switching(trained())
    if in_place:
        model.network.compile(backend="eager")
    else:
        model.network = torch.compile(model.network, backend="eager")
    model.train().network(torch.rand(32, 1, 8, 8))
    before = statistics(model)
    fit(model, FreezeBatchNorm(["network"]))
    assert same(before, statistics(model))
