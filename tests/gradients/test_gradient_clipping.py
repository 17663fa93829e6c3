"""lightning_modules.gradients.gradient_clipping, and what all clipping callbacks have in common."""

import csv
import math
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.plugins.precision import MixedPrecision
from pytorch_lightning.strategies import DeepSpeedStrategy, FSDPStrategy
from torch import nn

from lightning_modules import (
    MLP,
    AdaptiveGradientClipping,
    Classifier,
    ClipGradientNorm,
    ClipGradientPercentile,
    ClipGradientValue,
    Digits,
    History,
    quiet_trainer,
)
from lightning_modules.gradients.gradient_clipping import clip_by_norm_, clip_by_value_
from lightning_modules.gradients.gradient_clipping_callback import global_norm
from lightning_modules.gradients.gradient_clipping_percentile import percentile

SGD = partial(torch.optim.SGD, lr=0.1)

CALLBACKS = {
    "value": partial(ClipGradientValue, 1e-3),
    "norm": partial(ClipGradientNorm, 0.5),
    "percentile": partial(ClipGradientPercentile, warmup=2),
    "adaptive": partial(AdaptiveGradientClipping, 0.05),
}
every_callback = pytest.mark.parametrize("make", CALLBACKS.values(), ids=CALLBACKS)


def parameter(*gradient):
    weight = nn.Parameter(torch.zeros(len(gradient)))
    weight.grad = torch.tensor(gradient)
    return weight


def classifier(optimizer=SGD):
    torch.manual_seed(0)
    return Classifier(MLP([64, 16, 10]), optimizer=optimizer)


def fit(model, *callbacks, data=None, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 2, "callbacks": list(callbacks)} | arguments))
    trainer.fit(model, data or Digits(train_size=96), ckpt_path=resume)  # 3 batches of 32
    return trainer


class Scripted(pl.LightningModule):
    """Its gradient is what the batch says, so that every step can be computed by hand."""

    def __init__(self, optimizer=SGD):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.make_optimizer = optimizer

    def training_step(self, batch, batch_idx):
        return (self.weight * batch).sum()

    def configure_optimizers(self):
        return self.make_optimizer(self.parameters())


class Batches:
    """A data loader of these batches. Lightning would take a list for several loaders."""

    def __init__(self, *batches):
        self.batches = [torch.tensor(batch) for batch in batches]

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)


# By hand


def test_clipping_by_value_treats_each_number_by_itself():
    weight = parameter(3.0, -0.5, -4.0)
    assert clip_by_value_([weight], 1.0).item() == 4
    assert weight.grad.tolist() == [1, -0.5, -1]


def test_clipping_by_norm_keeps_the_direction():
    weights = [parameter(3.0), parameter(0.0, 4.0)]
    assert clip_by_norm_(weights, 1.0).item() == 5
    assert torch.cat([w.grad for w in weights]).tolist() == pytest.approx([0.6, 0, 0.8])


def test_what_is_short_enough_stays_as_it_is():
    weight = parameter(3.0, 4.0)
    assert clip_by_norm_([weight], 5.1).item() == 5
    assert clip_by_value_([weight], 4.0).item() == 4
    assert weight.grad.tolist() == [3, 4]


def test_parameters_without_gradients_are_left_alone():
    empty = nn.Parameter(torch.zeros(1))
    assert clip_by_value_([empty], 1.0).item() == 0
    assert clip_by_norm_([empty], 1.0).item() == 0
    assert empty.grad is None


def test_the_norm_of_half_precision_gradients_does_not_overflow():
    gradients = [torch.full((100,), 30000.0, dtype=torch.float16), torch.zeros(3, dtype=torch.bfloat16)]
    assert global_norm(gradients).item() == pytest.approx(300000, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_norms_and_clipped_gradients_are_torchs(seed):
    torch.manual_seed(seed)
    ours = [nn.Parameter(torch.zeros(shape)) for shape in [(3, 4), (5,), (2, 3, 3)]]
    theirs = [nn.Parameter(torch.zeros_like(p)) for p in ours]
    for mine, other in zip(ours, theirs, strict=True):
        mine.grad = torch.randn_like(mine)
        other.grad = mine.grad.clone()
    assert global_norm([p.grad for p in ours]).item() == pytest.approx(
        torch.cat([p.grad.double().flatten() for p in ours]).norm().item(), rel=1e-6
    )
    callback = ClipGradientNorm(0.7)
    assert callback.clip_(ours, global_norm([p.grad for p in ours]).item())
    torch.nn.utils.clip_grad_norm_(theirs, 0.7)
    assert all(torch.allclose(a.grad, b.grad, rtol=1e-6) for a, b in zip(ours, theirs, strict=True))


# In a Trainer


def test_a_step_is_made_with_the_clipped_gradient():
    model, callback = Scripted(), ClipGradientNorm(1.0)
    fit(model, callback, data=Batches([3.0, 4.0], [0.3, 0.4]), max_epochs=1)
    assert model.weight.tolist() == pytest.approx([-0.1 * (0.6 + 0.3), -0.1 * (0.8 + 0.4)])
    assert (callback.steps, callback.clipped, callback.skipped) == (2, 1, 0)


def test_norms_before_clipping_and_the_fraction_clipped_are_logged_per_epoch():
    history, callback = History(), ClipGradientNorm(1.0)
    batches = Batches([3.0, 4.0], [0.3, 0.4], [0.6, 0.8], [0.0, 2.0])
    fit(Scripted(), history, callback, data=batches)
    assert history["gradient/norm"] == pytest.approx([(5 + 0.5 + 1 + 2) / 4] * 2)
    assert history["gradient/clipped"] == [0.5, 0.5]  # the third, of norm 1, is just short enough
    assert history["gradient/skipped"] == [0, 0]


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_the_callbacks_does_not_matter_to_who_reads_the_log(first):
    history, callback = History(), ClipGradientNorm(1.0)
    fit(classifier(), *([history, callback] if first else [callback, history]))
    assert len(history["gradient/norm"]) == 2


def test_loggers_get_the_step_every_so_many_steps(tmp_path):
    logger = pl.loggers.CSVLogger(tmp_path)
    batches = Batches([3.0, 4.0], [6.0, 8.0], [0.3, 0.4], [0.0, 2.0])
    fit(Scripted(), ClipGradientNorm(1.0), data=batches, logger=logger, log_every_n_steps=2)
    with (tmp_path / "lightning_logs/version_0/metrics.csv").open() as file:
        logged = list(csv.DictReader(file))
    assert [float(row["gradient/norm"]) for row in logged] == [10, 2, 10, 2]
    assert [float(row["gradient/clipped"]) for row in logged] == [1, 0.5, 1, 0.5]
    assert [int(row["step"]) for row in logged] == [1, 3, 5, 7]


def test_every_steps_norm_is_kept_if_asked_for():
    kept, not_kept = ClipGradientNorm(1.0, every_step=True), ClipGradientNorm(1.0)
    fit(Scripted(), kept, data=Batches([3.0, 4.0], [0.3, 0.4]))
    fit(Scripted(), not_kept, data=Batches([3.0, 4.0], [0.3, 0.4]))
    assert kept.norms == pytest.approx([5, 0.5, 5, 0.5])
    assert not_kept.norms == []


def test_lightning_is_told_once_an_epoch_since_that_takes_as_long_as_a_step():
    class Counts(Scripted):
        names = ()

        def log(self, name, *args, **kwargs):
            self.names += (name,)
            super().log(name, *args, **kwargs)

    model = Counts()
    fit(model, ClipGradientNorm(1.0), data=Batches([3.0, 4.0], [0.3, 0.4], [0.6, 0.8]))
    assert sorted(model.names) == sorted(["gradient/norm", "gradient/clipped", "gradient/skipped"] * 2)


def test_training_is_what_the_trainers_own_clipping_makes_of_it():
    for callback, theirs in [
        (ClipGradientNorm(0.5), {"gradient_clip_val": 0.5}),
        (ClipGradientValue(0.01), {"gradient_clip_val": 0.01, "gradient_clip_algorithm": "value"}),
    ]:
        mine, other = classifier(), classifier()
        fit(mine, callback)
        fit(other, **theirs)
        assert callback.clipped > 0
        for a, b in zip(mine.parameters(), other.parameters(), strict=True):
            assert torch.allclose(a, b, atol=1e-7)


def test_clipping_that_never_acts_changes_nothing():
    for callback in (ClipGradientNorm(1e6), ClipGradientValue(1e6), AdaptiveGradientClipping(1e6)):
        mine, other = classifier(), classifier()
        fit(mine, callback)
        fit(other)
        assert callback.clipped == 0
        assert all(torch.equal(a, b) for a, b in zip(mine.parameters(), other.parameters(), strict=True))


@every_callback
def test_a_step_over_several_batches_is_clipped_once_by_their_mean(make):
    whole, parts = classifier(), classifier()
    once, accumulated = make(every_step=True), make(every_step=True)
    fit(whole, once, data=Digits(train_size=96, batch_size=32))
    fit(parts, accumulated, data=Digits(train_size=96, batch_size=8), accumulate_grad_batches=4)
    assert once.steps == accumulated.steps == 6
    assert once.norms == pytest.approx(accumulated.norms, rel=1e-4)
    assert once.clipped == accumulated.clipped
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


def test_manual_optimization_is_clipped_too():
    class Manual(Scripted):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch, batch_idx):
            optimizer = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(super().training_step(batch, batch_idx))
            optimizer.step()

    model, history, callback = Manual(), History(), ClipGradientNorm(1.0)
    fit(model, callback, history, data=Batches([3.0, 4.0]), max_epochs=1)
    assert model.weight.tolist() == pytest.approx([-0.06, -0.08])
    assert history["gradient/clipped"] == [1]


def test_unscaled_gradients_are_clipped_under_mixed_precision():
    def half():
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
        return [MixedPrecision("16-mixed", "cpu", scaler)]

    callback, plain = ClipGradientNorm(0.5, "skip", every_step=True), ClipGradientNorm(0.5, every_step=True)
    mine, other = classifier(), classifier()
    fit(mine, callback, plugins=half())
    fit(other, plugins=half(), gradient_clip_val=0.5)
    fit(classifier(), plain)
    assert callback.norms == pytest.approx(plain.norms, rel=0.02)  # and not 1,024 times as large
    for a, b in zip(mine.parameters(), other.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_step_that_the_scaler_leaves_out_is_counted_as_skipped():
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    model, callback = classifier(), ClipGradientNorm(0.5, non_finite="skip")
    before = [p.clone() for p in model.parameters()]
    fit(model, callback, plugins=[MixedPrecision("16-mixed", "cpu", scaler)], max_epochs=1)
    assert callback.skipped == callback.steps == 3
    assert all(map(torch.equal, before, model.parameters()))
    assert scaler.get_scale() == 2.0**37


# Resuming


@every_callback
def test_a_resumed_run_ends_as_an_uninterrupted_one(make, tmp_path):
    whole, first, rest = (make(every_step=True) for _ in range(3))
    model = classifier()
    fit(model, whole, max_epochs=4)
    fit(classifier(), first, max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    resumed = classifier()
    fit(resumed, rest, max_epochs=4, resume=tmp_path / "two.ckpt")
    assert rest.state_dict() == whole.state_dict()
    assert rest.steps == 12
    assert all(map(torch.equal, model.parameters(), resumed.parameters()))
    torch.load(tmp_path / "two.ckpt", weights_only=True)


def test_an_epoch_that_is_resumed_in_the_middle_is_logged_whole(tmp_path):
    class Save(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            if trainer.global_step == 5:  # the second step of three in the second epoch
                trainer.save_checkpoint(tmp_path / "middle.ckpt")

    whole, rest, callback = History(), History(), ClipGradientNorm(0.5, every_step=True)
    fit(classifier(), ClipGradientNorm(0.5), whole, Save())
    fit(classifier(), callback, rest, resume=tmp_path / "middle.ckpt")
    assert callback.steps == 6
    for name in ("gradient/norm", "gradient/clipped"):
        assert rest[name][-1] == pytest.approx(whole[name][-1])


def test_a_new_training_counts_from_zero():
    callback = ClipGradientPercentile(warmup=1, every_step=True)
    fit(classifier(), callback)
    fit(classifier(), callback)
    assert callback.steps == len(callback.norms) == 6
    assert callback.threshold == percentile(sorted(callback.norms), 90)


# What is not finite


@every_callback
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_by_default_training_stops_before_the_step_and_names_the_parameter(make, bad):
    model = Scripted()
    with pytest.raises(FloatingPointError, match="At step 1 the gradient of weight is not finite"):
        fit(model, make(), data=Batches([0.3, 0.4], [1.0, bad], [0.3, 0.4]), max_epochs=1)
    assert model.weight.isfinite().all()


@every_callback
@pytest.mark.parametrize(
    "optimizer",
    [
        partial(torch.optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.1),
        partial(torch.optim.AdamW, lr=0.1),
        partial(torch.optim.AdamW, lr=0.1, fused=True),
    ],
)
def test_a_skipped_step_is_as_if_the_batch_had_not_been_there(make, optimizer):
    with_it, without = Scripted(optimizer), Scripted(optimizer)
    history, callback = History(), make(non_finite="skip")
    fit(with_it, callback, history, data=Batches([0.3, 0.4], [1.0, float("nan")], [0.5, 0.1]))
    fit(without, make(), data=Batches([0.3, 0.4], [0.5, 0.1]))
    assert torch.equal(with_it.weight, without.weight)
    assert with_it.weight.isfinite().all()
    assert (callback.steps, callback.skipped) == (6, 2)
    assert history["gradient/skipped"] == [1, 1]
    assert history["gradient/norm"] == pytest.approx([(0.5 + 0.26**0.5) / 2] * 2)


def test_finite_gradients_whose_norm_overflows_are_told_apart():
    with pytest.raises(FloatingPointError, match="every gradient is finite, but their norm is inf"):
        fit(Scripted(), ClipGradientNorm(1.0), data=Batches([3e38, 3e38]), max_epochs=1)


def test_where_no_step_was_finite_the_norm_is_logged_as_not_a_number():
    history = History()
    fit(Scripted(), ClipGradientNorm(1.0, "skip"), history, data=Batches([float("nan"), 0.0]), max_epochs=1)
    assert history["gradient/skipped"] == [1]
    assert math.isnan(history["gradient/norm"][0])


# Several processes


def test_two_processes_clip_the_same_mean_gradient(tmp_path, run_program):
    run_program(
        """
        import sys
        import pytorch_lightning as pl
        import torch
        from functools import partial
        from lightning_modules import *

        class Save(pl.Callback):
            def on_train_end(self, trainer, pl_module):
                clipping, state = trainer.callbacks[0], pl_module.network.state_dict()
                logged = {k: v.item() for k, v in trainer.callback_metrics.items()}
                torch.save((clipping.state_dict(), state, logged), f"{sys.argv[1]}/{trainer.global_rank}.pt")

        if __name__ == "__main__":
            torch.manual_seed(0)
            model = Classifier(MLP([64, 16, 10]), optimizer=partial(torch.optim.SGD, lr=0.1))
            trainer = quiet_trainer(
                max_epochs=2, strategy="ddp_fork", devices=2, limit_val_batches=0,
                callbacks=[ClipGradientNorm(0.5, every_step=True), Save()],
            )
            torch.manual_seed(1)
            trainer.fit(model, Digits(train_size=96, batch_size=16))
        """
    )
    (first, state, logged), (second, other_state, other_logged) = (
        torch.load(tmp_path / f"{rank}.pt") for rank in range(2)
    )
    alone, callback = classifier(), ClipGradientNorm(0.5, every_step=True)
    trainer = fit(alone, callback, data=Digits(train_size=96, batch_size=32), limit_val_batches=0)
    assert first == second
    assert first["norms"] == pytest.approx(callback.norms, rel=1e-4)
    assert first["clipped"] == callback.clipped > 0
    for name, value in alone.network.state_dict().items():
        assert torch.equal(state[name], other_state[name])
        assert torch.allclose(state[name], value, atol=1e-5)
    for name in ("gradient/norm", "gradient/clipped", "gradient/skipped"):
        assert (
            logged[name]
            == other_logged[name]
            == pytest.approx(trainer.callback_metrics[name].item(), rel=1e-4)
        )


# Refusals


@pytest.mark.parametrize("bad", [0, -1.0, float("nan")])
def test_thresholds_that_are_not_positive_are_refused(bad):
    for make in (ClipGradientNorm, ClipGradientValue, AdaptiveGradientClipping):
        with pytest.raises(ValueError, match=f"must be positive, got {bad}"):
            make(bad)
    for function in (clip_by_value_, clip_by_norm_):
        with pytest.raises(ValueError, match=f"must be positive, got {bad}"):
            function([parameter(1.0)], bad)


@every_callback
def test_another_choice_for_what_is_not_finite_is_refused(make):
    with pytest.raises(ValueError, match='"raise" or "skip", got \'ignore\''):
        make(non_finite="ignore")


@every_callback
def test_two_clippings_at_once_are_refused(make):
    with pytest.raises(MisconfigurationException, match=r"gradient_clip_val=0\.5\) would both clip"):
        fit(classifier(), make(), gradient_clip_val=0.5)
    other = ClipGradientValue(1.0) if isinstance(make(), ClipGradientNorm) else ClipGradientNorm(1.0)
    with pytest.raises(MisconfigurationException, match="Only one callback can clip"):
        fit(classifier(), make(), other)


@every_callback
@pytest.mark.parametrize("strategy", [FSDPStrategy, DeepSpeedStrategy])
def test_shards_of_gradients_are_refused(make, strategy):
    trainer = quiet_trainer(callbacks=[callback := make()])
    # A real one wants several GPUs, and says nothing until it has them.
    trainer.strategy.__class__ = type(strategy.__name__, (strategy,), {})
    with pytest.raises(MisconfigurationException, match=f"whole gradients, and {strategy.__name__} gives"):
        callback.setup(trainer, classifier(), "fit")


def test_a_fused_optimizer_under_a_scaler_is_refused():
    fused = partial(torch.optim.AdamW, fused=True)
    half = [MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))]
    with pytest.raises(MisconfigurationException, match=r"A fused AdamW unscales .* Use fused=False"):
        fit(classifier(fused), ClipGradientNorm(1.0, "skip"), plugins=half)
    fit(classifier(fused), ClipGradientNorm(1.0), max_epochs=1, precision="bf16-mixed")


def test_raising_under_a_scaler_is_refused():
    half = [MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))]
    with pytest.raises(MisconfigurationException, match='Use non_finite="skip"'):
        fit(classifier(), ClipGradientNorm(1.0), plugins=half)


def test_lbfgs_is_refused():
    with pytest.raises(MisconfigurationException, match="LBFGS compares gradients"):
        fit(classifier(torch.optim.LBFGS), ClipGradientNorm(1.0))


# Gradients of unusual kinds


class Unusual(pl.LightningModule):
    def __init__(self, layer, answer):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(2, 1)
        self.layer = layer
        self.answer = answer

    def training_step(self, batch, batch_idx):
        return 10 * self.first(torch.ones(1, 2)).sum() + self.answer(self.layer)

    def train_dataloader(self):
        return [0]

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


KINDS = {
    "sparse": lambda: Unusual(nn.Embedding(3, 2, sparse=True), lambda m: 10 * m(torch.tensor([0])).sum()),
    "complex": lambda: Unusual(
        nn.Linear(2, 2, dtype=torch.complex64),
        lambda m: 10 * m(torch.ones(1, 2, dtype=torch.complex64)).abs().sum(),
    ),
    "mixed": lambda: Unusual(
        nn.ModuleList([nn.Linear(2, 2).double(), nn.Linear(2, 2).bfloat16()]),
        lambda m: 10 * sum(one(torch.ones(1, 2, dtype=one.weight.dtype)).sum().float() for one in m),
    ),
}


def steps(model, clipping):
    trainer = quiet_trainer(max_epochs=1, callbacks=[clipping], limit_val_batches=0)
    trainer.fit(model)
    return model


@every_callback
def test_sparse_gradients_are_refused_by_name_before_anything_has_moved(make):
    model, clipping = KINDS["sparse"](), make()
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(
        TypeError,
        match=rf"{type(clipping).__name__} needs dense gradients, and that of layer.weight is sparse. .*sparse=F",
    ):
        steps(model, clipping)
    assert all(torch.equal(p, q) for p, q in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("kind", ["complex", "mixed"])
def test_complex_gradients_and_several_precisions_are_clipped_by_norm(kind):
    model, other = KINDS[kind](), KINDS[kind]()
    other.load_state_dict(model.state_dict())
    steps(model, ClipGradientNorm(1.0))
    trainer = quiet_trainer(max_epochs=1, gradient_clip_val=1.0, limit_val_batches=0)  # torch's own
    trainer.fit(other)
    for (name, mine), theirs in zip(model.named_parameters(), other.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-2 if mine.dtype == torch.bfloat16 else 1e-5), name


def test_complex_numbers_have_no_order_to_clip_them_by():
    with pytest.raises(
        TypeError, match=r"ClipGradientValue compares real numbers, and the gradient of layer\.\w+ is complex"
    ):
        steps(KINDS["complex"](), ClipGradientValue(1.0))


def test_several_precisions_are_clipped_by_unit_and_by_value():
    for clipping in (AdaptiveGradientClipping(exclude=[]), ClipGradientValue(0.5)):
        model = KINDS["mixed"]()
        steps(model, clipping)
        assert clipping.clipped == clipping.steps == 1
        assert all(p.isfinite().all() for p in model.parameters())
