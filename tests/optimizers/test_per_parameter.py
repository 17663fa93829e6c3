"""What holds for all nine optimizers: torch's steps, torch's states, a Trainer, and what is refused."""

import copy
import inspect
import pickle
import re
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn

from lightning_modules import (
    MLP,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    Classifier,
    ClipGradientNorm,
    Digits,
    Momentum,
    Muon,
    Nadam,
    Nesterov,
    RMSProp,
    quiet_trainer,
)
from lightning_modules.cli import main

BELOW_ONE = st.floats(0, 0.999)
ABOVE_ZERO = st.floats(0.01, 0.999)
BETAS = st.tuples(BELOW_ONE, st.floats(0, 0.9999))
EPS = st.sampled_from([1e-10, 1e-8, 1e-3])

# Ours, torch's, and the settings that both have beside lr, weight_decay and, but for Muon, maximize.
PAIRS = {
    "Momentum": (Momentum, partial(torch.optim.SGD, momentum=0.9), {"momentum": ABOVE_ZERO}),
    "Nesterov": (Nesterov, partial(torch.optim.SGD, momentum=0.9, nesterov=True), {"momentum": ABOVE_ZERO}),
    "AdaGrad": (AdaGrad, torch.optim.Adagrad, {"eps": EPS}),
    "RMSProp": (RMSProp, torch.optim.RMSprop, {"alpha": BELOW_ONE, "eps": EPS}),
    "Adam": (Adam, torch.optim.Adam, {"betas": BETAS, "eps": EPS}),
    "AdaMax": (AdaMax, torch.optim.Adamax, {"betas": BETAS, "eps": EPS}),
    "Nadam": (Nadam, torch.optim.NAdam, {"betas": BETAS, "eps": EPS, "momentum_decay": st.floats(0, 1)}),
    "AdamW": (AdamW, torch.optim.AdamW, {"betas": BETAS, "eps": EPS}),
    "Muon": (
        Muon,
        torch.optim.Muon,
        {
            "momentum": BELOW_ONE,
            "nesterov": st.booleans(),
            "eps": EPS,
            "ns_steps": st.integers(0, 7),
            "ns_coefficients": st.sampled_from([(3.4445, -4.775, 2.0315), (1.5, -0.5, 0.0)]),
            "adjust_lr_fn": st.sampled_from([None, "original", "match_rms_adamw"]),
        },
    ),
}
OURS = {name: ours for name, (ours, _, _) in PAIRS.items()}
every_pair = pytest.mark.parametrize("name", PAIRS)
every_one = pytest.mark.parametrize("make", OURS.values(), ids=OURS)
VECTORS_TOO = [make for make in OURS.values() if make is not Muon]
every_one_for_vectors = pytest.mark.parametrize("make", VECTORS_TOO)


def parameters(shapes=((3, 1), (2, 4)), seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in shapes]


def advance(weights, optimizer, first, last, seed=1):
    """Steps first … last − 1 on a bowl with noise, whose gradients depend on the weights and on the step."""
    for step in range(first, last):
        generator = torch.Generator().manual_seed(1_000 * seed + step)
        for weight in weights:
            noise = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
            weight.grad = 0.1 * weight.detach() + noise
        optimizer.step()


def largest_difference(ours, theirs):
    """Relative to the largest weight."""
    apart = max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))
    return apart / max(b.abs().max().item() for b in theirs)


def one(value=1.0, gradient=1.0):
    weight = nn.Parameter(torch.tensor([[value]], dtype=torch.float64))
    weight.grad = torch.tensor([[gradient]], dtype=torch.float64)
    return weight


def classifier(optimizer):
    torch.manual_seed(0)
    network = MLP([64, 16, 10])
    if getattr(optimizer, "func", optimizer) in (Muon, torch.optim.Muon):
        network[1].bias = network[3].bias = None
    return Classifier(network, optimizer=optimizer)


def fit(model, data=None, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 2} | arguments))
    trainer.fit(model, data or Digits(train_size=96), ckpt_path=resume)  # 3 batches of 32
    return trainer


# torch's steps


@every_pair
@settings(max_examples=40)
@given(data=st.data())
def test_a_hundred_steps_are_torchs(name, data):
    make, theirs, own = PAIRS[name]
    chosen = data.draw(
        st.fixed_dictionaries(
            {
                "lr": st.sampled_from([1e-4, 1e-3, 1e-2, 0.1]),
                "weight_decay": st.sampled_from([0.0, 1e-2, 0.3]),
                **({} if make is Muon else {"maximize": st.booleans()}),
                **own,
            }
        )
    )
    dimensions = {"min_size": 2, "max_size": 2} if make is Muon else {"max_size": 3}
    shapes = data.draw(st.lists(st.lists(st.integers(1, 4), **dimensions), min_size=1, max_size=3))
    seed = data.draw(st.integers(0, 100))
    mine, other = parameters(shapes, seed), parameters(shapes, seed)
    advance(mine, make(mine, **chosen), 0, 100, seed)
    advance(other, theirs(other, **chosen), 0, 100, seed)
    assert largest_difference(mine, other) < 1e-9


@every_pair
def test_the_defaults_are_torchs(name):
    make, theirs, own = PAIRS[name]
    ours, torchs = make([one()]).defaults, theirs([one()]).defaults
    for setting in ("lr", "weight_decay", *([] if make is Muon else ["maximize"]), *own):
        assert ours[setting] == torchs[setting]


@every_pair
def test_groups_have_settings_of_their_own(name):
    make, theirs, _ = PAIRS[name]

    def groups(weights):
        return [{"params": weights[:1], "lr": 0.05, "weight_decay": 0.2}, {"params": weights[1:]}]

    mine, other = parameters(), parameters()
    advance(mine, make(groups(mine), lr=0.01), 0, 10)
    advance(other, theirs(groups(other), lr=0.01), 0, 10)
    assert largest_difference(mine, other) < 1e-12
    optimizer = make(groups(mine))
    optimizer.add_param_group({"params": [one()], "lr": 0.3})
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, optimizer.defaults["lr"], 0.3]


@every_pair
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_keeps_as_many_numbers_as_torch_does(name, dtype):
    make, theirs, _ = PAIRS[name]
    kept = []
    for optimizer_class in (make, theirs):
        weights = parameters(dtype=dtype)
        optimizer = optimizer_class(weights)
        advance(weights, optimizer, 0, 2)
        kept.append({key: (v.shape, v.dtype) for key, v in optimizer.state[weights[0]].items()})
    assert kept[0] == kept[1]


# torch's states


@every_pair
@pytest.mark.parametrize("we_begin", [True, False])
def test_one_goes_on_from_the_others_state(name, we_begin):
    make, theirs, _ = PAIRS[name]
    before, after = (make, theirs) if we_begin else (theirs, make)
    whole, weights = parameters(), parameters()
    advance(whole, theirs(whole, lr=0.02, weight_decay=0.1), 0, 60)
    first = before(weights, lr=0.02, weight_decay=0.1)
    advance(weights, first, 0, 30)
    second = after(weights)  # with other settings, which the state replaces
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    advance(weights, second, 30, 60)
    assert largest_difference(weights, whole) < 1e-9


@every_pair
def test_a_state_from_before_the_first_step_can_be_loaded(name):
    make, theirs, _ = PAIRS[name]
    weights = parameters()
    optimizer = make(weights)
    optimizer.load_state_dict(theirs(parameters()).state_dict())
    optimizer.load_state_dict(make(parameters()).state_dict())
    advance(weights, optimizer, 0, 1)


@every_one
def test_a_copy_goes_on_like_the_original(make):
    weights = parameters()
    optimizer = make(weights, lr=0.02)
    advance(weights, optimizer, 0, 5)
    copied_weights, copied = pickle.loads(pickle.dumps((weights, optimizer)))
    advance(weights, optimizer, 5, 10)
    advance(copied_weights, copied, 5, 10)
    assert largest_difference(weights, copied_weights) == 0


@pytest.mark.parametrize(
    ("saves", "loads", "message"),
    [
        (Momentum, Adam, "it has momentum_buffer for a parameter, and exp_avg, exp_avg_sq, step is missing"),
        (torch.optim.Adam, AdaMax, "exp_inf is missing"),
        (partial(Momentum, paper_form=True), Nesterov, "nesterov must be True"),
        (torch.optim.RMSprop, AdaGrad, "sum is missing. It was saved by another optimizer"),
        (Muon, Nesterov, "its groups have no dampening. It was saved by another optimizer"),
        (partial(torch.optim.Muon, nesterov=False), Momentum, "its groups have no dampening"),
        (Nesterov, Muon, "its groups have no ns_coefficients"),
    ],
)
def test_another_optimizers_state_is_refused(saves, loads, message):
    weights = parameters()
    optimizer = saves(weights)
    advance(weights, optimizer, 0, 1)
    with pytest.raises(ValueError, match=message):
        loads(weights).load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize(
    ("saves", "loads", "setting"),
    [
        (partial(torch.optim.SGD, momentum=0.9, nesterov=True), Momentum, "nesterov must be False: this"),
        (partial(torch.optim.SGD, momentum=0.9, dampening=0.5), Momentum, "dampening must be 0: .* got 0.5"),
        (partial(torch.optim.SGD, momentum=0.9), Nesterov, "nesterov must be True"),
        (partial(torch.optim.Adam, amsgrad=True), Adam, "amsgrad must be False"),
        (torch.optim.Adam, AdamW, "decoupled_weight_decay must be True"),
        (torch.optim.AdamW, Adam, "decoupled_weight_decay must be False"),
        (partial(torch.optim.RMSprop, centered=True), RMSProp, "centered must be False"),
        (partial(torch.optim.RMSprop, momentum=0.5), RMSProp, "momentum must be 0"),
        (partial(torch.optim.Adagrad, lr_decay=0.1), AdaGrad, "lr_decay must be 0"),
        (partial(torch.optim.NAdam, decoupled_weight_decay=True), Nadam, "decoupled_weight_decay must be"),
    ],
)
def test_a_variant_that_the_equation_does_not_have_is_refused(saves, loads, setting):
    weights = parameters()
    optimizer = saves(weights)
    advance(weights, optimizer, 0, 1)
    before = [weight.clone() for weight in weights]
    mine = loads(weights)
    with pytest.raises(ValueError, match=setting):
        mine.load_state_dict(optimizer.state_dict())
    assert not mine.state
    assert largest_difference(weights, before) == 0


# Parameters, gradients, closures


@every_one
def test_a_parameter_without_a_gradient_is_left_alone(make):
    moved, frozen = one(), nn.Parameter(torch.ones(1, 2))
    optimizer = make([moved, frozen])
    optimizer.step()
    assert moved.item() != 1
    assert frozen.tolist() == [[1, 1]]
    assert set(optimizer.state) == {moved}


@every_one
def test_the_gradient_is_not_changed(make):
    for options in ({"weight_decay": 0.5}, {} if make is Muon else {"maximize": True}, {}):
        weight = one(gradient=3.0)
        make([weight], **options).step()
        assert weight.grad.item() == 3


@every_one_for_vectors
def test_maximizing_climbs_where_minimizing_descends(make):
    down, up = one(), one()
    make([down], weight_decay=0.0).step()
    make([up], weight_decay=0.0, maximize=True).step()
    assert up.item() - 1 == pytest.approx(1 - down.item())
    assert up.item() > 1


@every_one
def test_tied_weights_are_moved_once(make):
    def step(model):
        torch.manual_seed(0)
        optimizer = make(model.parameters(), lr=0.1)
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        return optimizer

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.second = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
            self.second.weight = self.first.weight

        def forward(self, x):
            return self.second(self.first(x))

    model, other = Tied(), Tied()
    optimizer = step(model)
    assert len(optimizer.state) == 1
    other(torch.ones(1, 3)).sum().backward()
    make([other.first.weight], lr=0.1).step()
    assert torch.equal(model.first.weight, other.first.weight)
    assert model.second.weight is model.first.weight


@every_one
def test_a_closure_is_called_once_and_its_loss_returned(make):
    weight, calls = one(), []
    optimizer = make([weight])

    def closure():
        optimizer.zero_grad()
        loss = (3 * weight).sum()
        loss.backward()  # which needs gradients to be on
        calls.append(loss.item())
        return loss

    loss = optimizer.step(closure)
    assert loss.item() == 3
    assert calls == [3]
    assert weight.item() < 1
    assert optimizer.step() is None


@every_one
def test_sparse_gradients_are_refused_before_anything_moves(make):
    first, table = one(), nn.Embedding(10, 3, sparse=True)
    table(torch.tensor([1, 2])).sum().backward()
    optimizer = make([first, table.weight])
    with pytest.raises(TypeError, match=rf"{make.__name__} .* shape \(10, 3\) is sparse. Use sparse=False"):
        optimizer.step()
    assert first.item() == 1


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled:UserWarning")
@every_one
def test_the_class_that_is_named_for_sparse_gradients_takes_them(make):
    table = nn.Embedding(10, 3, sparse=True)
    table(torch.tensor([1, 2])).sum().backward()
    with pytest.raises(TypeError, match="sparse") as refused:
        make([table.weight]).step()
    (named,) = re.findall(r"torch\.optim\.(\w+) for that", str(refused.value))
    before = table.weight.detach().clone()
    settings = {"momentum": 0.9, "nesterov": make is Nesterov} if named == "SGD" else {}
    getattr(torch.optim, named)([table.weight], lr=0.1, **settings).step()
    assert (table.weight != before).any(dim=1).tolist() == [False, True, True, *[False] * 7]


@every_one
def test_complex_parameters_are_refused_when_it_is_made_and_the_class_that_is_named_takes_them(make):
    weight = nn.Parameter(torch.ones(1, 2, dtype=torch.complex64))
    weight.grad = torch.ones_like(weight)
    with pytest.raises(TypeError, match=r"shape \(1, 2\) is complex") as refused:
        make([weight])
    (named,) = re.findall(r"use torch\.optim\.(\w+), which takes it", str(refused.value))
    getattr(torch.optim, named)([weight], lr=0.1).step()
    assert (weight != 1).all()


@every_one
def test_a_complex_group_is_not_taken_in(make):
    optimizer = make([one()])
    with pytest.raises(TypeError, match="is complex"):
        optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1, 2, dtype=torch.complex64))]})
    assert len(optimizer.param_groups) == 1
    optimizer.step()


@every_one
def test_a_model_that_is_made_complex_later_is_refused_in_the_step(make):
    weight = nn.Parameter(torch.ones(1, 2))
    optimizer = make([weight])
    weight.data = weight.data.to(torch.complex64)
    weight.grad = torch.ones_like(weight)
    with pytest.raises(TypeError, match=r"shape \(1, 2\) is complex"):
        optimizer.step()


BAD = [
    ("lr", -0.1),
    ("lr", float("nan")),
    ("lr", float("inf")),
    ("weight_decay", -1e-4),
    ("eps", -1e-8),
    ("momentum", 1.0),
    ("momentum", -0.1),
    ("alpha", 1.0),
    ("betas", (1.0, 0.999)),
    ("betas", (0.9, -0.1)),
    ("betas", (0.9, 0.99, 0.999)),
    ("momentum_decay", -1.0),
    ("ns_steps", -1),
    ("ns_steps", 100),
    ("ns_steps", 2.5),
    ("ns_coefficients", (1.5, -0.5)),
    ("adjust_lr_fn", "match_rms"),
]


@pytest.mark.parametrize(
    ("make", "setting", "bad"),
    [(make, *bad) for make in OURS.values() for bad in BAD if bad[0] in inspect.signature(make).parameters],
)
def test_settings_out_of_range_are_refused(make, setting, bad):
    with pytest.raises(ValueError, match=rf"{make.__name__}: {setting}.* must be .* got .+\.$"):
        make([one()], **{setting: bad})
    optimizer = make([one()])
    with pytest.raises(ValueError, match=setting):
        optimizer.add_param_group({"params": [one()], setting: bad})
    assert len(optimizer.param_groups) == 1


@every_one
def test_a_rate_of_zero_moves_nothing(make):
    weight = one()
    make([weight], lr=0.0).step()
    assert weight.item() == 1


# In a Trainer


@every_one
def test_it_trains_and_torchs_optimizer_trains_the_same(make):
    mine, other = classifier(partial(make, lr=0.01)), classifier(partial(PAIRS[make.__name__][1], lr=0.01))
    fit(mine)
    fit(other)
    for a, b in zip(mine.parameters(), other.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


@every_one
def test_a_resumed_run_ends_as_an_uninterrupted_one(make, tmp_path):
    whole, resumed = classifier(partial(make, lr=0.01)), classifier(make)
    fit(whole, max_epochs=3)
    fit(classifier(partial(make, lr=0.01)), max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    fit(resumed, max_epochs=3, resume=tmp_path / "two.ckpt")
    assert all(map(torch.equal, whole.parameters(), resumed.parameters()))
    torch.load(tmp_path / "two.ckpt", weights_only=True)


@every_one
def test_a_run_that_torchs_optimizer_began_is_ended(make, tmp_path):
    theirs = PAIRS[make.__name__][1]
    whole, resumed = classifier(partial(theirs, lr=0.01)), classifier(make)
    fit(whole, max_epochs=3)
    fit(classifier(partial(theirs, lr=0.01)), max_epochs=2).save_checkpoint(tmp_path / "two.ckpt")
    fit(resumed, max_epochs=3, resume=tmp_path / "two.ckpt")
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


@every_one
def test_a_step_over_several_batches_is_the_step_over_all_of_them(make):
    whole, parts = classifier(partial(make, lr=0.01)), classifier(partial(make, lr=0.01))
    fit(whole, data=Digits(train_size=96, batch_size=32))
    trainer = fit(parts, data=Digits(train_size=96, batch_size=8), accumulate_grad_batches=4)
    assert trainer.global_step == 6
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        # Where a gradient is nearly 0, the sum's last bit decides about what Adam makes of it.
        assert torch.allclose(a, b, atol=1e-3)


@every_one
def test_scaled_gradients_are_unscaled_and_clipped_before_the_step(make):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    mine, other = classifier(partial(make, lr=0.01)), classifier(partial(PAIRS[make.__name__][1], lr=0.01))
    half = [MixedPrecision("16-mixed", "cpu", scaler)]
    fit(mine, plugins=half, callbacks=[ClipGradientNorm(0.5, non_finite="skip")], max_epochs=1)
    half = [MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=2.0**10))]
    fit(other, plugins=half, gradient_clip_val=0.5, max_epochs=1)
    for a, b in zip(mine.parameters(), other.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_two_processes_end_with_equal_weights(tmp_path, run_program):
    run_program(
        """
        import sys
        import pytorch_lightning as pl
        import torch
        from functools import partial
        import lightning_modules as lm

        class Save(pl.Callback):
            def on_train_end(self, trainer, pl_module):
                weights = [p.detach().clone() for p in pl_module.parameters()]
                torch.save(weights, f"{sys.argv[1]}/{type(trainer.optimizers[0]).__name__}-{trainer.global_rank}.pt")

        if __name__ == "__main__":
            for name in sys.argv[2:]:
                torch.manual_seed(0)
                network = lm.MLP([64, 16, 10])
                if name == "Muon":
                    network[1].bias = network[3].bias = None
                model = lm.Classifier(network, optimizer=partial(getattr(lm, name), lr=0.01))
                trainer = lm.quiet_trainer(
                    max_epochs=2, strategy="ddp_fork", devices=2, limit_val_batches=0, callbacks=[Save()]
                )
                torch.manual_seed(1)
                trainer.fit(model, lm.Digits(train_size=96, batch_size=16))
        """,
        *OURS,
    )
    for name, make in OURS.items():
        first, second = (torch.load(tmp_path / f"{name}-{rank}.pt") for rank in range(2))
        alone = classifier(partial(make, lr=0.01))
        fit(alone, data=Digits(train_size=96, batch_size=32), limit_val_batches=0)
        for a, b, c in zip(first, second, alone.parameters(), strict=True):
            assert torch.equal(a, b)
            assert torch.allclose(a, c, atol=1e-3)


@pytest.fixture
def quiet_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Lightning 2.6 calls jsonargparse by names that it has deprecated.
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")


@every_one_for_vectors
@pytest.mark.usefixtures("quiet_command_line")
def test_the_command_line_chooses_it_and_its_settings(make):
    off = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    run = main(
        [
            "fit",
            *(f"--trainer.{option}=false" for option in off),
            "--trainer.accelerator=cpu",
            "--trainer.max_steps=1",
            "--data.train_size=32",
            f"--model.optimizer=lightning_modules.{make.__name__}",
            "--model.optimizer.lr=0.05",
            "--model.optimizer.maximize=true",
        ]
    )
    (optimizer,) = run.trainer.optimizers
    assert type(optimizer) is make
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["maximize"]) == (0.05, True)


@every_pair
def test_a_setting_that_only_torch_has_names_torchs_class(name):
    ours = PAIRS[name][0]
    weights = [one()]
    left_out = [
        word
        for word in inspect.signature(ours.counterpart).parameters
        if word not in inspect.signature(ours).parameters
    ]
    for word in left_out:
        with pytest.raises(
            TypeError, match=f"{name} has no setting '{word}'.*torch.optim.{ours.counterpart.__name__} has it"
        ):
            ours(weights, **{word: True})
        assert f"`{word}`" in ours.__doc__.partition("Args:")[0]
    with pytest.raises(TypeError, match=r"no setting 'rate', only params, lr, .*no such either"):
        ours(weights, rate=0.1)


@every_pair
def test_a_groups_setting_that_only_torch_has_names_torchs_class_too(name):
    ours = PAIRS[name][0]
    settings = set(inspect.signature(ours.counterpart).parameters) - set(inspect.signature(ours).parameters)
    for word in settings - {"decoupled_weight_decay", "nesterov"}:
        message = f"{name} has no setting '{word}'.*torch.optim.{ours.counterpart.__name__} has it"
        with pytest.raises(TypeError, match=message):
            ours([{"params": [one()], word: 0.5}])
        optimizer = ours([one()])
        with pytest.raises(TypeError, match=message):
            optimizer.add_param_group({"params": [one()], word: True})
        assert len(optimizer.param_groups) == 1
        ours([{"params": [one()], word: ours.fixed.get(word)}, {"params": [one()], word: False}])


@pytest.mark.parametrize(
    ("make", "setting"),
    [
        (Momentum, {"nesterov": True}),
        (Nesterov, {"nesterov": False}),
        (Adam, {"decoupled_weight_decay": True}),
    ],
)
def test_what_makes_it_another_optimizer_is_no_groups_setting(make, setting):
    with pytest.raises(TypeError, match=f"no setting '{next(iter(setting))}'"):
        make([{"params": [one()]} | setting])


@every_pair
def test_groups_are_taken_from_torchs_optimizer(name):
    ours, theirs, _ = PAIRS[name]
    weights = parameters()
    groups = theirs([{"params": weights[:1], "lr": 0.3}, {"params": weights[1:]}]).param_groups
    assert ours(groups).param_groups[0]["lr"] == 0.3


@every_one_for_vectors
def test_what_is_faster_in_torch_is_what_torch_has(make):
    has_fused = "fused" in inspect.signature(make.counterpart).parameters
    way = "fused=True" if has_fused else "foreach=True"
    assert f"use `torch.optim.{make.counterpart.__name__}` with `{way}`" in make.__doc__
    page = Path(__file__).parents[2] / "docs" / "api" / f"{make.__name__.lower()}.md"
    assert f"`torch.optim.{make.counterpart.__name__}(…, {way})`" in page.read_text(encoding="utf-8")
    make.counterpart([one()], **{way.partition("=")[0]: True})


def test_a_subclass_may_have_settings_of_its_own():
    class Mine(Adam):
        def __init__(self, params, rate, **settings):
            super().__init__(params, lr=rate, **settings)

    weights = [nn.Parameter(torch.ones(1))]
    assert Mine(weights, rate=0.5, eps=1e-3).defaults["lr"] == 0.5
