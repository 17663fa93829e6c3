"""LogSignal: what flows through the layers, at every n-th step, in whatever loggers there are."""

import csv
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn
from torch.optim import SGD
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader

from lightning_modules import MLP, Classifier, ClipGradientNorm, Digits, LogSignal, quiet_trainer, signal


class Recorder(Logger):
    """Keeps what it is handed."""

    name, version = "recorder", 0

    def __init__(self):
        super().__init__()
        self.handed = []

    def log_metrics(self, metrics, step=None):
        self.handed.append((step, dict(metrics)))

    def log_hyperparams(self, *args, **kwargs):
        pass

    def of_signal(self):
        return {
            step: values for step, values in self.handed if any(name.startswith("signal/") for name in values)
        }


def classifier(kind=Classifier, **arguments):
    torch.manual_seed(0)
    return kind(MLP([64, 6, 10]), partial(SGD, lr=0.1), **arguments)


def fit(model, *callbacks, logger=False, **arguments):
    torch.manual_seed(1)
    defaults = {
        "max_epochs": 2,
        "limit_val_batches": 0,
        "callbacks": list(callbacks),
        "logger": logger,
        "log_every_n_steps": 1,
    }
    trainer = quiet_trainer(**(defaults | arguments))
    trainer.fit(model, data())
    return trainer


def data():
    return Digits(train_size=64, batch_size=16)  # 4 steps an epoch


def one_batch(*numbers):
    return DataLoader(torch.tensor(numbers).unsqueeze(1), batch_size=len(numbers))


class ByHand(pl.LightningModule):
    """One weight of 3, whose loss is (w x)² / 2 for the inputs 1 and 2."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        nn.init.constant_(self.layer.weight, 3.0)

    def training_step(self, batch, batch_idx):
        return self.layer(batch).square().sum() / 2

    def configure_optimizers(self):
        return SGD(self.parameters(), lr=0.1)


def test_numbers_that_can_be_computed():
    logger = Recorder()
    report = LogSignal(every=2, measures=["mean", "std", "gradient_norm"])
    trainer = quiet_trainer(max_epochs=3, callbacks=[report], logger=logger, log_every_n_steps=1)
    trainer.fit(ByHand(), one_batch(1.0, 2.0))
    # w x is 3 and 6; the gradient w (1 + 4); then w is 3 · (1 − 0.1 · 5) = 1.5, and 0.75.
    assert logger.of_signal() == {
        0: {"signal/layer/mean": 4.5, "signal/layer/std": 1.5, "signal/layer/gradient_norm": 15.0},
        2: {"signal/layer/mean": 1.125, "signal/layer/std": 0.375, "signal/layer/gradient_norm": 3.75},
    }
    assert report.report.loss == pytest.approx(0.75**2 * 5 / 2)


def test_it_is_what_signal_finds_with_the_batch_of_that_step():
    found = []

    class Twin(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            found.append(signal(pl_module.network, batch, nn.CrossEntropyLoss()))

    ours, logger = LogSignal(every=3), Recorder()
    fit(classifier(), Twin(), ours, logger=logger)
    assert list(logger.of_signal()) == [0, 3, 6]
    for step, values in logger.of_signal().items():
        expected = {
            f"signal/network.{row.name}/{name}": getattr(row, name)
            for row in found[step]
            for name in ours.measures
            if getattr(row, name) is not None
        }
        assert values == pytest.approx(expected, rel=1e-5)
    assert ours.report.loss == pytest.approx(found[6].loss)


def test_training_is_as_without_it_and_no_hook_is_left():
    plain, watched = classifier(), classifier()
    fit(plain)
    fit(watched, LogSignal(every=1))
    for one, other in zip(plain.parameters(), watched.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not any(module._forward_hooks for module in watched.modules())


def test_only_the_step_that_is_due_is_watched():
    hooks = []

    class Look(pl.Callback):
        def on_after_backward(self, trainer, pl_module):
            hooks.append(len(pl_module.network[1]._forward_hooks))

        def on_before_backward(self, trainer, pl_module, loss):
            hooks.append(len(pl_module.network[1]._forward_hooks))

    fit(classifier(), Look(), LogSignal(every=2), max_epochs=1)
    assert hooks == [1, 0, 0, 0] * 2


def test_without_a_logger_the_last_report_is_there():
    callback = LogSignal(every=4)
    trainer = fit(classifier(), callback)
    assert trainer.loggers == []
    assert callback.report["network.1"].gradient_norm > 0
    assert callback.report.loss > 0


def test_all_loggers_get_it_with_the_steps_that_others_have(tmp_path):
    class Other(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            pl_module.log("other", 1.0)

    recorder = Recorder()
    table = CSVLogger(tmp_path, flush_logs_every_n_steps=1)
    fit(classifier(), Other(), LogSignal(every=4), logger=[table, recorder])
    with open(f"{table.log_dir}/metrics.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["signal/network.1/std"]]
    assert [int(row["step"]) for row in rows] == list(recorder.of_signal()) == [0, 4]
    for row, values in zip(rows, recorder.of_signal().values(), strict=True):
        assert float(row["signal/network.1/std"]) == pytest.approx(values["signal/network.1/std"])
    assert [step for step, values in recorder.handed if "other" in values] == list(range(8))


def test_the_gradient_is_that_of_the_step_and_unclipped_where_it_stands_before():
    norms = []

    class Norms(pl.Callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            norms.append(pl_module.network[1].weight.grad.norm().item())

    before, after = LogSignal(every=1), LogSignal(every=1)
    after_state = Recorder()
    fit(classifier(), before, Norms(), max_epochs=1, accumulate_grad_batches=4)
    assert before.report["network.1"].gradient_norm == pytest.approx(norms[-1])
    fit(classifier(), ClipGradientNorm(0.01), after, max_epochs=1, logger=after_state)
    total = sum(row.gradient_norm**2 for row in after.report if row.gradient_norm)
    assert 0 < total <= 0.01**2 * (1 + 1e-5)  # biases aside


def test_accumulated_batches_are_one_step():
    logger, callback = Recorder(), LogSignal(every=1)
    fit(classifier(), callback, logger=logger, accumulate_grad_batches=2)
    assert list(logger.of_signal()) == [0, 1, 2, 3]
    assert callback.report["network.1"].shape == (16, 6)


def test_of_accumulated_batches_it_is_the_last_ones_loss_and_the_steps_gradient():
    callback = LogSignal(every=1)
    trainer = quiet_trainer(max_epochs=1, callbacks=[callback], accumulate_grad_batches=2)
    trainer.fit(ByHand(), DataLoader(torch.tensor([[1.0], [2.0]])))
    assert callback.report.loss == pytest.approx(18)  # (3 · 2)² / 2
    assert callback.report["layer"].gradient_norm == pytest.approx(7.5)  # the mean of 3 · 1 and 3 · 4
    assert callback.report["layer"].mean == pytest.approx(6)


def test_scaled_gradients_are_seen_as_they_are():
    plain, half = LogSignal(every=100), LogSignal(every=100)
    fit(classifier(), plain, max_epochs=1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    fit(classifier(), half, max_epochs=1, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    ours, theirs = half.report["network.1"], plain.report["network.1"]
    assert ours.gradient_norm == pytest.approx(theirs.gradient_norm, rel=0.02)
    assert ours.std == pytest.approx(theirs.std, rel=0.02)


class Adversaries(Classifier):
    """Two optimizers that step one after the other, each of its own layer."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.automatic_optimization = False
        self.other = nn.Linear(64, 1)

    def training_step(self, batch, batch_idx):
        first, second = self.optimizers()
        for optimizer, loss in (
            (first, super().training_step(batch, batch_idx)),
            (second, self.other(batch[0].flatten(1)).mean()),
        ):
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()

    def configure_optimizers(self):
        return SGD(self.network.parameters(), lr=0.1), SGD(self.other.parameters(), lr=0.1)


def test_of_several_optimizers_it_is_the_first_that_steps():
    logger, callback = Recorder(), LogSignal(every=2)
    fit(classifier(Adversaries), callback, logger=logger)
    assert list(logger.of_signal()) == [0, 2, 4, 6]  # batches, of which each makes two steps
    assert callback.report["network.1"].gradient_norm > 0
    assert callback.report.loss is None
    assert callback.report["other"].gradient_norm is None


def test_sparse_gradients_have_a_norm():
    class Words(ByHand):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(10, 1, sparse=True)

        def training_step(self, batch, batch_idx):
            return self.layer(self.words(torch.tensor([1, 2]))).sum()

    callback = LogSignal(every=1)
    quiet_trainer(max_epochs=1, callbacks=[callback]).fit(Words(), one_batch(0.0, 0.0))
    assert callback.report["words"].gradient_norm == pytest.approx(3 * 2**0.5)


def test_a_layer_that_is_computed_again_for_the_backward_pass_is_seen_once():
    class Again(Classifier):
        def forward(self, images):
            return checkpoint(self.network, images, use_reentrant=False)

    callback = LogSignal(every=1)
    fit(classifier(Again), callback, max_epochs=1)
    names = [row.name for row in callback.report]
    assert names.count("network.1") == 1
    assert not any("(2)" in name for name in names)


def test_calls_of_one_layer_are_told_apart():
    class Twice(ByHand):
        def training_step(self, batch, batch_idx):
            return self.layer(self.layer(batch)).sum()

    logger = Recorder()
    trainer = quiet_trainer(
        max_epochs=1, callbacks=[LogSignal(1, ["mean"])], logger=logger, log_every_n_steps=1
    )
    trainer.fit(Twice(), one_batch(1.0))
    assert logger.of_signal() == {0: {"signal/layer/mean": 3.0, "signal/layer-2/mean": 9.0}}


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_a_compiled_network_is_seen_by_the_names_that_it_was_written_with():
    model = classifier()
    model.network = torch.compile(model.network, backend="eager")
    model.network(torch.rand(16, 64))
    callback = LogSignal(every=3)
    fit(model, callback, max_epochs=1)
    assert callback.report["network.1"].gradient_norm > 0


def test_in_two_processes_the_first_one_logs(tmp_path, run_program):
    run_program(
        """
        import sys
        import pytorch_lightning as pl
        import torch
        import lightning_modules as lm
        from pytorch_lightning.loggers import CSVLogger

        class Save(pl.Callback):
            def on_train_end(self, trainer, pl_module):
                found = [p.detach().clone() for p in pl_module.parameters()], callback.report is not None
                torch.save(found, f"{sys.argv[1]}/{trainer.global_rank}.pt")

        if __name__ == "__main__":
            torch.manual_seed(0)
            callback = lm.LogSignal(every=2)
            trainer = lm.quiet_trainer(
                max_epochs=2, strategy="ddp_fork", devices=2, limit_val_batches=0, callbacks=[callback, Save()],
                logger=CSVLogger(sys.argv[1], name="", version=""),
            )
            trainer.fit(lm.Classifier(lm.MLP([64, 6, 10])), lm.Digits(train_size=64, batch_size=16))
        """
    )
    (first, reports), (second, none) = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert (reports, none) == (True, False)
    assert all(map(torch.equal, first, second))
    with open(tmp_path / "metrics.csv", encoding="utf-8") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["signal/network.1/std"]]
    assert steps == [0, 2]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"every": 0}, ValueError, "at least 1 step, got 0"),
        (
            {"measures": ["std", "norm"]},
            ValueError,
            r"out of mean, std, .*gradient_rms; got \['std', 'norm'\]",
        ),
        ({"measures": []}, ValueError, r"got \[\]"),
        ({"measures": "std"}, TypeError, r"Use \['std'\]"),
    ],
)
def test_what_cannot_be_logged_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        LogSignal(**arguments)
