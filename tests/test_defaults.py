"""The defaults of everything public, in one table: whoever changes one has to change it here, and say so."""

import inspect

import lightning_modules

DEFAULTS = {
    "MLP": "activation=ReLU, normalization=None",
    "AdaGrad": "lr=0.01, eps=1e-10, weight_decay=0.0, maximize=False, eps_inside=False",
    "AdaMax": "lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0, maximize=False",
    "Adam": (
        "lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0, maximize=False, "
        "eps_inside=False, bias_correction=True"
    ),
    "AdamW": "lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, maximize=False, eps_inside=False",
    "AdaptiveGradientClipping": (
        "clipping=0.01, eps=0.001, exclude=None, non_finite='raise', every_step=False"
    ),
    "AuxiliaryTask": "make_labels=rotations, optimizer=adam, loss=cross_entropy",
    "Classifier": "optimizer=None, lr_scheduler=None, interval='epoch', monitor='val/loss', recipe=None",
    "ClipGradientNorm": "non_finite='raise', every_step=False",
    "ClipGradientPercentile": (
        "percent=90.0, window=1000, warmup=10, max_norm=inf, non_finite='raise', every_step=False"
    ),
    "ClipGradientValue": "non_finite='raise', every_step=False",
    "Conflict": "harmless=False",
    "CosineDecay": "end=0.0, total_steps=None",
    "CosineRestarts": "cycles=3, lengthen=2.0, end=0.0, total_steps=None",
    "DeepEnsemble": "outputs='logits', rows=1024, keep_samples=False",
    "Diagnosis": "findings=(), steps=0",
    "Digits": (
        "batch_size=32, train_size=None, standardize=True, label_noise=0.0, drop_last=False, "
        "seed=42, evaluation_batch_size=500"
    ),
    "Doctor": "on=None, ignore=(), probe=False",
    "ExponentialDecay": "scale=0.5, ratio=0.1, total_steps=None",
    "FashionMNIST": (
        "batch_size=32, train_size=None, standardize=True, label_noise=0.0, drop_last=False, "
        "seed=42, evaluation_batch_size=500"
    ),
    "FreezeBatchNorm": "modules=None, affine=False",
    "GaussianNoise": "std=0.3",
    "GradualUnfreezing": (
        "at=None, monitor=None, mode='min', patience=1, min_delta=0.0, factor=0.3846153846153846, "
        "train_batch_norm=False, restore_best=False"
    ),
    "History": "every_step=False",
    "InMemoryBatches": "shuffle=False, drop_last=False, seed=0, rank=0, world_size=1, transform=None",
    "InMemoryImages": (
        "batch_size=32, train_size=None, standardize=True, label_noise=0.0, drop_last=False, "
        "seed=42, evaluation_batch_size=500"
    ),
    "Initialize": "scheme=None, distribution='normal', activation=None",
    "KerasModule": "names=()",
    "L2Penalty": "exempt=()",
    "LinearDecay": "end=0.0, total_steps=None",
    "LogSignal": "every=100, measures=('std', 'dead', 'saturated', 'gradient_norm')",
    "MCDropout": "samples=100, outputs='logits', seed=0, memory=268435456, keep_samples=False",
    "MCPrediction": "entropy=None, mutual_information=None, samples=None",
    "MaskingNoise": "fraction=0.25, value=0.0",
    "MaxNorm": "exclude=()",
    "Momentum": "lr=0.001, momentum=0.9, weight_decay=0.0, maximize=False, paper_form=False",
    "Muon": (
        "lr=0.001, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445, -4.775, "
        "2.0315), eps=1e-07, ns_steps=5, adjust_lr_fn=None, bfloat16=True"
    ),
    "Nadam": (
        "lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0, momentum_decay=0.004, "
        "maximize=False, eps_inside=False, paper_form=False"
    ),
    "Nesterov": "lr=0.001, momentum=0.9, weight_decay=0.0, maximize=False, paper_form=False",
    "OneCycle": (
        "rise=0.3, start=0.04, end=4e-06, three_phase=False, shape='cosine', momentum=(0.85, "
        "0.95), total_steps=None"
    ),
    "PiecewiseConstant": "boundaries=(0.5, 0.75), factors=(0.1, 0.01), total_steps=None",
    "Plateau": "monitor=None, mode='min', factor=0.5, patience=5, threshold=0.0001, cooldown=0, min_lr=0.0",
    "PowerDecay": "scale=0.1, power=1.0, total_steps=None",
    "ProximalL1": "small=0.001, exempt=()",
    "RMSProp": "lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0.0, maximize=False, eps_inside=False",
    "RecipeMLP": "activation=None, normalization=None, dropout=0.0, recipe=None",
    "RestoringEarlyStopping": "patience=3, mode='min'",
    "SignalReport": "loss=None",
    "SquareRootDecay": "scale=0.1, total_steps=None",
    "StackedAutoencoder": "noise=None, epochs_per_layer=1, optimizer=adam, loss=mse_loss",
    "SubgradientL1": "small=0.001, exempt=()",
    "SwiGLU": "bias=False",
    "TemperatureScaling": "temperature=1.0",
    "Warmup": "steps=0.05, after=None, total_steps=None",
    "WarmupStableDecay": "warmup=0.05, decay=0.2, shape='linear', end=0.0, total_steps=None",
    "add_dropout": "after=None, dropout=None",
    "calibration_error": "bins=15",
    "conflicts": "optimizer=None",
    "decay_groups": "exempt=()",
    "deep_ensemble": "outputs='logits', rows=1024, keep_samples=False",
    "diagnose": "steps=300",
    "fold_batch_norm": "example=None, strict=True, tolerance=1e-05",
    "fraction_small": "below=0.0",
    "initialize": "scheme=None, distribution='normal', activation=None, example=None, generator=None",
    "layer_rate_groups": "groups=None",
    "low_latency": "example=None, dtype=None",
    "mc_dropout": "samples=100, outputs='logits', seed=None, memory=268435456, keep_samples=False",
    "plan_folding": "example=None",
    "preview": "group=0",
    "prune_smallest_": "exempt=()",
    "range_test": "lowest=1e-06, highest=10.0, steps=100",
    "recipe": "depth='shallow'",
    "reuse": "layers=None, new=(), strict=True",
    "scheduled": "interval='step', monitor='val/loss'",
    "signal": "loss_fn=None",
    "split_for_muon": "exempt=()",
    "split_parameters": "exempt=()",
    "zero_small_": "exempt=()",
}


def described(value):
    """A default as it would be written; of functions and classes the name."""
    if value is None or isinstance(value, bool | int | float | str | tuple | list):
        return repr(value)
    return value.__qualname__


def defaults_of(public):
    parameters = inspect.signature(public).parameters.values()
    return ", ".join(f"{p.name}={described(p.default)}" for p in parameters if p.default is not p.empty)


def test_every_default_is_the_one_that_is_written_here():
    public = {name: getattr(lightning_modules, name) for name in lightning_modules.__all__}
    errors = {
        name for name, value in public.items() if isinstance(value, type) and issubclass(value, Exception)
    }
    found = {
        name: defaults_of(value)
        for name, value in public.items()
        if callable(value) and name not in errors  # Exception's own arguments cannot be asked for
    }
    assert {name: defaults for name, defaults in found.items() if defaults} == DEFAULTS
