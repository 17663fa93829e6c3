"""lightning_modules.regularization.penalties: ℓ1 and ℓ2 while training, and the zeros that they make."""

import copy
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.plugins.precision import MixedPrecision
from pytorch_lightning.strategies import DeepSpeedStrategy, FSDPStrategy, ModelParallelStrategy
from torch import nn
from torch.nn.utils import parametrizations, prune

from lightning_modules import (
    MLP,
    Classifier,
    ClipGradientNorm,
    Digits,
    History,
    L2Penalty,
    MaxNorm,
    ProximalL1,
    SubgradientL1,
    fraction_small,
    quiet_trainer,
    zero_small_,
)
from lightning_modules.regularization.penalties import add_l1_gradient_, add_l2_gradient_, soft_threshold_

SGD = partial(torch.optim.SGD, lr=0.1)
PENALTIES = {"l2": L2Penalty, "subgradient": SubgradientL1, "proximal": ProximalL1}
every_penalty = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


class Quadratic(pl.LightningModule):
    """Loss ½ Σ (w − a)², one full batch a step: what a penalty makes of it can be computed by hand."""

    def __init__(self, target=(1.0, -0.5, 0.05), optimizer=SGD):
        super().__init__()
        self.layer = nn.Linear(len(target), 1)
        nn.init.constant_(self.layer.weight, 0.3)
        nn.init.constant_(self.layer.bias, 0.3)
        self.target = torch.tensor(target)
        self.make_optimizer = optimizer

    def training_step(self, batch, batch_idx):
        return 0.5 * (self.layer.weight - self.target).square().sum() + 0.5 * self.layer.bias.square().sum()

    def configure_optimizers(self):
        return self.make_optimizer(self.parameters())

    @property
    def weights(self):
        return self.layer.weight[0].tolist()


class Steps:
    """A data loader of so many batches, which nobody reads."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter(torch.zeros(self.count))


def classifier(optimizer=SGD):
    torch.manual_seed(0)
    return Classifier(MLP([64, 16, 10]), optimizer=optimizer)


def fit(model, *callbacks, data=None, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 2, "callbacks": list(callbacks)} | arguments))
    trainer.fit(model, data or Digits(train_size=96), ckpt_path=resume)  # 3 batches of 32
    return trainer


def same(one, other, **tolerances):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.allclose(a, b, **tolerances) for a, b in pairs)


# By hand


def test_soft_thresholding_moves_towards_zero_and_stops_there():
    weight = torch.tensor([2.0, -0.5, 0.1, -0.05, 0.0])
    assert soft_threshold_(weight, 0.1) is weight
    assert weight.tolist() == pytest.approx([1.9, -0.4, 0, 0, 0])


def test_the_slopes_of_the_penalties_are_those_that_autograd_finds():
    torch.manual_seed(0)
    mine = nn.Parameter(torch.randn(4, 5))
    for add, penalty in [
        (add_l1_gradient_, lambda w: 0.3 * w.abs().sum()),
        (add_l2_gradient_, lambda w: 0.3 / 2 * w.square().sum()),
    ]:
        other = nn.Parameter(mine.detach().clone())
        mine.grad = torch.ones_like(mine)
        add([mine], 0.3)
        (other.sum() + penalty(other)).backward()
        assert torch.allclose(mine.grad, other.grad)


def test_weights_without_a_gradient_are_left_alone():
    weight = nn.Parameter(torch.ones(2))
    add_l1_gradient_([weight], 1.0)
    add_l2_gradient_([weight], 1.0)
    assert weight.grad is None


def test_small_weights_are_counted_and_set_to_zero():
    model = nn.Sequential(nn.Linear(4, 1), nn.BatchNorm1d(1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[0.5, -1e-4, 0.0, 1e-3]]))
        model[0].bias.fill_(1e-5)
    assert fraction_small([model[0].weight]) == 0.25
    assert fraction_small([model[0].weight], below=1e-3) == 0.75
    assert zero_small_(model, below=1e-3) == 0.75
    assert model[0].weight.tolist() == [[0.5, 0, 0, 0]]
    assert model[0].bias.item() == pytest.approx(1e-5)  # biases and normalizations stay, small or not
    assert model[1].bias.item() == 0


# In a Trainer


def test_proximal_l1_ends_where_theory_says_with_exact_zeros():
    model = Quadratic((1.0, -0.5, 0.05))
    fit(model, ProximalL1(0.1), data=Steps(200), max_epochs=1)
    assert model.weights == pytest.approx([0.9, -0.4, 0], abs=1e-5)  # each a, soft-thresholded by λ
    assert model.weights[2] == 0


def test_subgradient_l1_ends_there_too_but_for_the_zeros():
    model = Quadratic((1.0, -0.5, 0.05))
    fit(model, SubgradientL1(0.1), data=Steps(200), max_epochs=1)
    assert model.weights[:2] == pytest.approx([0.9, -0.4], abs=1e-5)
    assert 0 < abs(model.weights[2]) < 0.02


def test_l2_ends_where_theory_says():
    model = Quadratic((1.0, -0.5, 0.05))
    fit(model, L2Penalty(0.25), data=Steps(200), max_epochs=1)
    assert model.weights == pytest.approx([0.8, -0.4, 0.04], abs=1e-5)  # a / (1 + λ)


@every_penalty
def test_biases_are_not_penalized(penalty):
    model, without = Quadratic(), Quadratic()
    fit(model, penalty(0.1), data=Steps(5), max_epochs=1)
    fit(without, data=Steps(5), max_epochs=1)
    assert torch.equal(model.layer.bias, without.layer.bias)
    assert not torch.equal(model.layer.weight, without.layer.weight)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_l2_is_the_weight_decay_of_sgd(momentum):
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=momentum)

    def decayed(parameters):
        weight, bias = parameters
        return sgd([{"params": [weight], "weight_decay": 0.3}, {"params": [bias]}])

    mine, torchs = Quadratic(optimizer=sgd), Quadratic(optimizer=decayed)
    fit(mine, L2Penalty(0.3), data=Steps(10), max_epochs=1)
    fit(torchs, data=Steps(10), max_epochs=1)
    assert same(mine, torchs, atol=1e-6)


def test_the_slope_is_that_of_a_penalty_in_the_loss():
    class InTheLoss(Quadratic):
        def training_step(self, batch, batch_idx):
            return super().training_step(batch, batch_idx) + 0.1 * self.layer.weight.abs().sum()

    adam = partial(torch.optim.Adam, lr=0.01)
    mine, other = Quadratic(optimizer=adam), InTheLoss(optimizer=adam)
    fit(mine, SubgradientL1(0.1), data=Steps(20), max_epochs=1)
    fit(other, data=Steps(20), max_epochs=1)
    assert same(mine, other, atol=1e-6)


def test_the_proximal_step_uses_each_groups_own_rate():
    class Two(Quadratic):
        def __init__(self):
            super().__init__()
            self.other = nn.Linear(1, 1, bias=False)
            nn.init.ones_(self.other.weight)

        def training_step(self, batch, batch_idx):
            return 0 * (self.layer.weight.sum() + self.layer.bias.sum() + self.other.weight.sum())

        def configure_optimizers(self):
            fast = {"params": self.other.parameters(), "lr": 0.5}
            return torch.optim.SGD([{"params": self.layer.parameters()}, fast], lr=0.1)

    model = Two()
    fit(model, ProximalL1(0.2), data=Steps(2), max_epochs=1)
    assert model.weights == pytest.approx([0.3 - 2 * 0.1 * 0.2] * 3)
    assert model.other.weight.item() == pytest.approx(1 - 2 * 0.5 * 0.2)


@every_penalty
def test_what_takes_no_part_in_a_step_is_not_shrunk(penalty):
    class Unused(Quadratic):
        def __init__(self):
            super().__init__()
            self.unused = nn.Linear(2, 2)

    model = Unused()
    before = model.unused.weight.clone()
    fit(model, penalty(0.1), data=Steps(3), max_epochs=1)
    assert torch.equal(model.unused.weight, before)


@every_penalty
def test_tied_weights_are_penalized_once(penalty):
    class Tied(Quadratic):
        def __init__(self):
            super().__init__()
            self.again = nn.Linear(3, 1)
            self.again.weight = self.layer.weight

        def training_step(self, batch, batch_idx):
            return super().training_step(batch, batch_idx) + 0 * self.again.bias.sum()

    tied, alone = Tied(), Quadratic()
    callback = penalty(0.1)
    fit(tied, callback, data=Steps(4), max_epochs=1)
    fit(alone, penalty(0.1), data=Steps(4), max_epochs=1)
    assert tied.weights == alone.weights
    assert callback.penalized == ("layer.weight",)


def test_the_fractions_of_zero_and_small_weights_are_logged_per_epoch():
    for order in (1, -1):
        history = History()
        model = Quadratic((1.0, -0.5, 0.05))
        penalty = ProximalL1(0.1, small=0.45)
        fit(model, *[history, penalty][::order], data=Steps(60), max_epochs=2)
        assert history["weights/zero"] == pytest.approx([1 / 3] * 2)
        assert history["weights/small"] == pytest.approx([2 / 3] * 2)


@every_penalty
def test_a_step_over_several_batches_is_penalized_once(penalty):
    whole, parts = classifier(), classifier()
    fit(whole, penalty(0.01), data=Digits(train_size=96, batch_size=32))
    fit(parts, penalty(0.01), data=Digits(train_size=96, batch_size=8), accumulate_grad_batches=4)
    assert same(whole, parts, atol=1e-5)


@every_penalty
def test_nothing_is_penalized_where_the_scaler_leaves_the_step_out(penalty):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    model = classifier()
    before = [p.clone() for p in model.parameters()]
    fit(model, penalty(0.5), plugins=[MixedPrecision("16-mixed", "cpu", scaler)], max_epochs=1)
    assert scaler.get_scale() == 2.0**37  # three steps, none of them made
    assert all(map(torch.equal, before, model.parameters()))


def test_the_proximal_step_heeds_a_fused_optimizer_that_skips_by_itself():
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    model = classifier(partial(torch.optim.SGD, lr=0.1, fused=True))
    before = [p.clone() for p in model.parameters()]
    fit(model, ProximalL1(0.5), plugins=[MixedPrecision("16-mixed", "cpu", scaler)], max_epochs=1)
    assert all(map(torch.equal, before, model.parameters()))


@every_penalty
def test_the_penalty_is_not_scaled_under_mixed_precision(penalty):
    mine, plain, without = classifier(), classifier(), classifier()
    strength = 0.5 if penalty is L2Penalty else 0.01  # what moves weights by more than 16 bits blur
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    fit(mine, penalty(strength), plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    fit(plain, penalty(strength))
    fit(without)
    assert same(mine, plain, atol=2e-3)
    assert not same(plain, without, atol=4e-3)


def test_clipping_by_the_trainer_clips_the_sum():
    model, clipped = Quadratic((0.3, 0.3, 0.3)), Quadratic((0.3, 0.3, 0.3))
    nn.init.zeros_(model.layer.bias)
    nn.init.zeros_(clipped.layer.bias)
    fit(model, L2Penalty(10.0), data=Steps(1), max_epochs=1, gradient_clip_val=1.0)
    moved = (0.3 - torch.tensor(model.weights)).norm().item()
    assert moved == pytest.approx(0.1, rel=1e-5)  # the rate times a norm of 1
    fit(clipped, ClipGradientNorm(1.0), L2Penalty(10.0), data=Steps(1), max_epochs=1)
    # A callback before it clips the rest only.
    assert clipped.weights == pytest.approx([0.3 - 0.1 * 10 * 0.3] * 3, abs=1e-6)


def test_manual_optimization_is_penalized_too():
    class Manual(Quadratic):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch, batch_idx):
            optimizer = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(super().training_step(batch, batch_idx))
            optimizer.step()

    for penalty in (ProximalL1, SubgradientL1):
        manual, automatic = Manual(), Quadratic()
        fit(manual, penalty(0.1), data=Steps(5), max_epochs=1)
        fit(automatic, penalty(0.1), data=Steps(5), max_epochs=1)
        assert manual.weights == automatic.weights


@every_penalty
def test_a_resumed_run_ends_as_an_uninterrupted_one(penalty, tmp_path):
    whole, resumed = classifier(), classifier()
    fit(whole, penalty(0.01), max_epochs=4)
    fit(classifier(), penalty(0.01), max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    fit(resumed, penalty(0.01), max_epochs=4, resume=tmp_path / "two.ckpt")
    assert all(map(torch.equal, whole.parameters(), resumed.parameters()))
    torch.load(tmp_path / "two.ckpt", weights_only=True)


def test_after_training_the_optimizer_is_let_go():
    model = Quadratic()
    trainer = fit(model, ProximalL1(0.5), data=Steps(3), max_epochs=1)
    before = model.weights
    trainer.optimizers[0].zero_grad()
    model.layer.weight.grad = torch.zeros_like(model.layer.weight)
    trainer.optimizers[0].step()
    assert model.weights == before


def test_after_an_error_the_optimizer_is_let_go():
    class Fails(Quadratic):
        def training_step(self, batch, batch_idx):
            if batch_idx == 2:
                raise RuntimeError("for this test")
            return super().training_step(batch, batch_idx)

    model, callback = Fails(), ProximalL1(0.5)
    with pytest.raises(RuntimeError, match="for this test"):
        fit(model, callback, data=Steps(3), max_epochs=1)
    assert not model.trainer.optimizers[0]._optimizer_step_post_hooks


def test_two_processes_shrink_the_same_weights_once(tmp_path, run_program):
    run_program(
        """
        import sys
        import pytorch_lightning as pl
        import torch
        from functools import partial
        from lightning_modules import *

        class Save(pl.Callback):
            def on_train_end(self, trainer, pl_module):
                logged = {k: v.item() for k, v in trainer.callback_metrics.items()}
                on_ball = trainer.callbacks[1].on_ball
                state = pl_module.network.state_dict()
                torch.save((state, logged, on_ball), f"{sys.argv[1]}/{trainer.global_rank}.pt")

        if __name__ == "__main__":
            torch.manual_seed(0)
            model = Classifier(MLP([64, 16, 10]), optimizer=partial(torch.optim.SGD, lr=0.1))
            trainer = quiet_trainer(
                max_epochs=2, strategy="ddp_fork", devices=2, limit_val_batches=0,
                callbacks=[ProximalL1(0.01, small=0.01), MaxNorm(0.6), Save()],
            )
            torch.manual_seed(1)
            trainer.fit(model, Digits(train_size=96, batch_size=16))
        """
    )
    (state, logged, on_ball), (other, other_logged, other_ball) = (
        torch.load(tmp_path / f"{rank}.pt") for rank in range(2)
    )
    alone, ball = classifier(), MaxNorm(0.6)
    trainer = fit(
        alone,
        ProximalL1(0.01, small=0.01),
        ball,
        data=Digits(train_size=96, batch_size=32),
        limit_val_batches=0,
    )
    assert all(torch.equal(state[name], other[name]) for name in state)
    assert on_ball == other_ball == ball.on_ball
    for name in ("weights/zero", "weights/small", "max_norm/on_ball"):
        assert (
            logged[name]
            == other_logged[name]
            == pytest.approx(trainer.callback_metrics[name].item(), abs=2e-3)
        )
    for name, value in alone.network.state_dict().items():
        assert torch.allclose(state[name], value, atol=1e-5)


# Weights that are computed from others


NORMS = {
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "weight norm, older": nn.utils.weight_norm,
    "spectral norm, older": nn.utils.spectral_norm,
}
every_norm = pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
older_norms_are_told_of = pytest.mark.filterwarnings("ignore:.*torch.nn.utils.:FutureWarning")


class Normed(pl.LightningModule):
    """A normed layer, whose loss may hold the penalty itself: autograd is the oracle."""

    def __init__(self, norm, penalty=lambda weight: 0.0):
        super().__init__()
        torch.manual_seed(0)
        self.layer = norm(nn.Linear(4, 3)).double()
        self.head = nn.Identity()
        self.penalty = penalty

    def training_step(self, batch, batch_idx):
        x = torch.linspace(-1, 1, 20, dtype=torch.float64).reshape(5, 4)
        loss = self.layer(x).square().sum() + self.penalty(self.layer.weight)
        return loss + sum(p.square().sum() for p in self.head.parameters())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.5)


@older_norms_are_told_of
@every_norm
@pytest.mark.parametrize(
    ("callback", "penalty"),
    [(L2Penalty, lambda w: 0.5 * w.square().sum()), (SubgradientL1, lambda w: w.abs().sum())],
    ids=["l2", "l1"],
)
def test_of_a_computed_weight_it_is_the_weight_that_is_penalized(norm, callback, penalty):
    mine, oracle, plain = Normed(norm), Normed(norm, lambda w: 0.3 * penalty(w)), Normed(norm)
    used = callback(0.3)
    fit(mine, used, data=Steps(1), max_epochs=1)
    fit(oracle, data=Steps(1), max_epochs=1)
    fit(plain, data=Steps(1), max_epochs=1)
    assert used.penalized == ("layer.weight",)
    for (name, value), expected in zip(mine.named_parameters(), oracle.parameters(), strict=True):
        assert torch.allclose(value, expected, atol=1e-6), (
            name
        )  # spectral norm looks at an estimate a call older
    moved = [
        not torch.allclose(p, q, atol=1e-6)
        for p, q in zip(mine.parameters(), plain.parameters(), strict=True)
    ]
    assert any(moved) or (norm is parametrizations.orthogonal and callback is L2Penalty)  # ‖w‖ is constant


@older_norms_are_told_of
@every_norm
def test_a_proximal_step_on_what_a_weight_is_computed_from_is_refused(norm):
    model = Normed(norm)
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(
        MisconfigurationException,
        match=r"ProximalL1: layer\.weight is computed from other parameters \(\w.*\), .*torch\.nn\..*SubgradientL1",
    ):
        fit(model, ProximalL1(0.3), data=Steps(1))
    assert all(torch.equal(p, q) for p, q in zip(before, model.parameters(), strict=True))


def test_a_computed_weight_can_be_exempt_by_its_layers_type():
    model = Normed(parametrizations.weight_norm)
    model.head = nn.Linear(3, 2).double()
    penalty = ProximalL1(0.3, exempt=[type(model.layer)])
    fit(model, penalty, data=Steps(1), max_epochs=1)
    assert penalty.penalized == ("head.weight",)


def test_frozen_computed_weights_are_left_as_they_are():
    model = Normed(parametrizations.weight_norm)
    model.head = nn.Linear(3, 2).double()
    before = model.layer.requires_grad_(False).weight.clone()
    fit(model, ProximalL1(0.3), data=Steps(2), max_epochs=1)
    assert torch.equal(model.layer.weight, before)


def test_a_pruned_weight_is_shrunk_under_its_mask():
    model = Quadratic()
    prune.custom_from_mask(model.layer, "weight", torch.tensor([[1.0, 0.0, 1.0]]))
    trainer = fit(model, ProximalL1(0.3), data=Steps(1), max_epochs=1)
    # w - 0.1 (w - a) - 0.1 * 0.3 from 0.3: 0.3 + 0.07 - 0.03, and 0.3 - 0.025 - 0.03; the second is masked
    assert model.layer(torch.eye(3)).detach().sub(model.layer.bias)[:, 0].tolist() == pytest.approx(
        [0.34, 0, 0.245]
    )
    assert trainer.callback_metrics["weights/zero"].item() == pytest.approx(1 / 3)


def test_complex_weights_are_pulled_to_0_along_their_own_direction_or_refused():
    weight = nn.Parameter(torch.tensor([3 + 4j, 0j]))
    weight.grad = torch.zeros_like(weight)
    add_l1_gradient_([weight], strength=0.5)
    assert weight.grad.tolist() == pytest.approx([0.3 + 0.4j, 0])

    class Complex(Quadratic):
        def __init__(self):
            super().__init__()
            self.turn = nn.Linear(2, 2, dtype=torch.complex64)

    with pytest.raises(MisconfigurationException, match=r"turn.weight is complex.*Use SubgradientL1"):
        fit(Complex(), ProximalL1(0.1), data=Steps(1))


@pytest.mark.parametrize("penalty", [L2Penalty, SubgradientL1])
def test_sparse_gradients_are_refused_by_name_before_anything_has_moved(penalty):
    model = Embedded()
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(
        TypeError, match=rf"{penalty.__name__} needs dense gradients, and that of words.weight is sparse"
    ):
        fit(model, penalty(0.1), data=Steps(1))
    assert all(torch.equal(p, q) for p, q in zip(before, model.parameters(), strict=True))


def test_a_proximal_step_takes_all_rows_of_a_sparse_embedding():
    model = Embedded()
    before = model.words.weight.detach().clone()
    fit(model, ProximalL1(1.0), data=Steps(1), max_epochs=1)
    assert torch.allclose(model.words.weight[1:], nn.functional.softshrink(before[1:], 0.1))


class Embedded(pl.LightningModule):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(5, 3, sparse=True)
        self.head = nn.Linear(3, 1)

    def training_step(self, batch, batch_idx):
        return self.head(self.words(torch.tensor([0]))).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_an_expanded_weight_is_refused_before_the_first_step():
    class Expanded(Quadratic):
        def __init__(self):
            super().__init__()
            self.wide = nn.Linear(2, 2)
            self.wide.weight = nn.Parameter(torch.ones(2, 1).expand(2, 2))

    with pytest.raises(MisconfigurationException, match=r"ProximalL1: wide.weight is expanded.*clone"):
        fit(Expanded(), ProximalL1(0.1), data=Steps(1))


@older_norms_are_told_of
@every_norm
def test_the_numbers_of_a_computed_weight_cannot_be_set_to_0(norm):
    model = nn.Sequential(nn.Linear(3, 3), norm(nn.Linear(3, 3)))
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(
        ValueError, match=r"1\.weight cannot be set.*Make it plain first, with torch\.nn\.utils"
    ):
        zero_small_(model, below=10.0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


# Refusals


@every_penalty
@pytest.mark.parametrize("strength", [0, -0.1, float("nan")])
def test_a_penalty_needs_a_positive_strength(penalty, strength):
    with pytest.raises(ValueError, match=f"strength must be positive, got {strength}"):
        penalty(strength)


@pytest.mark.parametrize("penalty", [SubgradientL1, ProximalL1])
def test_what_is_small_is_not_negative(penalty):
    with pytest.raises(ValueError, match="small must not be negative, got -1"):
        penalty(0.1, small=-1)
    with pytest.raises(ValueError, match="below must not be negative, got -1"):
        zero_small_(nn.Linear(2, 2), below=-1)
    with pytest.raises(ValueError, match="is what a weight is computed from"):
        zero_small_(nn.Sequential(parametrizations.orthogonal(nn.Linear(2, 2))), below=0.1)


def test_there_must_be_weights():
    with pytest.raises(ValueError, match="no weights to look at"):
        fraction_small([])


@every_penalty
@pytest.mark.parametrize("strategy", [FSDPStrategy, ModelParallelStrategy, DeepSpeedStrategy])
def test_shards_are_refused(penalty, strategy):
    trainer = quiet_trainer()
    trainer.strategy.__class__ = strategy
    with pytest.raises(MisconfigurationException, match=f"{strategy.__name__} gives each process a part"):
        penalty(0.1).setup(trainer, classifier(), "fit")


@every_penalty
def test_lbfgs_is_refused(penalty):
    with pytest.raises(MisconfigurationException, match="LBFGS"):
        fit(classifier(torch.optim.LBFGS), penalty(0.1))


@pytest.mark.parametrize("penalty", [L2Penalty, SubgradientL1])
def test_a_fused_optimizer_in_16_bit_is_refused_where_the_gradient_is_changed(penalty):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    model = classifier(partial(torch.optim.SGD, lr=0.1, fused=True))
    with pytest.raises(MisconfigurationException, match="fused SGD unscales"):
        fit(model, penalty(0.1), plugins=[MixedPrecision("16-mixed", "cpu", scaler)])


def test_two_l1_penalties_are_refused():
    with pytest.raises(
        MisconfigurationException, match="One ℓ1 penalty is enough, got ProximalL1, SubgradientL1"
    ):
        fit(classifier(), ProximalL1(0.1), SubgradientL1(0.1))


@every_penalty
def test_a_model_without_weights_is_refused(penalty):
    class Bias(Quadratic):
        def __init__(self):
            super().__init__()
            self.layer = nn.BatchNorm1d(3)

    with pytest.raises(MisconfigurationException, match="found no weights in Bias"):
        fit(Bias(), penalty(0.1), data=Steps(1))
