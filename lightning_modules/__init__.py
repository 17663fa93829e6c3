"""Every technique for training deep neural networks, as Lightning modules.

`from lightning_modules import MLP` imports the file that defines `MLP` and no other (PEP 562).
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_modules.classifier import Classifier
    from lightning_modules.compression.abstaining import (
        Selective,
        abstain,
        limit_of_doubt,
        selective_accuracy,
    )
    from lightning_modules.compression.latency import InPrecision, low_latency
    from lightning_modules.compression.pruning import prune_smallest_
    from lightning_modules.compression.sparse import (
        SparseSize,
        dense_state_dict,
        sparse_size,
        sparse_state_dict,
    )
    from lightning_modules.data.batches import InMemoryBatches
    from lightning_modules.data.digits import Digits
    from lightning_modules.data.fashion_mnist import FashionMNIST
    from lightning_modules.data.fashion_mnist_files import FashionMNISTDamaged, FashionMNISTUnavailable
    from lightning_modules.data.images import InMemoryImages
    from lightning_modules.data.splits import Split
    from lightning_modules.doctor.diagnosis import Diagnosis, Finding
    from lightning_modules.doctor.doctor import Doctor
    from lightning_modules.doctor.first_minute import diagnose
    from lightning_modules.gradients.activations import ReLUSquared, SwiGLU
    from lightning_modules.gradients.batch_norm import FreezeBatchNorm
    from lightning_modules.gradients.batch_norm_folding import FoldingReport, fold_batch_norm, plan_folding
    from lightning_modules.gradients.gradient_clipping import ClipGradientNorm, ClipGradientValue
    from lightning_modules.gradients.gradient_clipping_adaptive import AdaptiveGradientClipping
    from lightning_modules.gradients.gradient_clipping_percentile import ClipGradientPercentile
    from lightning_modules.gradients.initialization import initialize
    from lightning_modules.gradients.initialization_callback import Initialize
    from lightning_modules.gradients.initialization_report import InitializationReport
    from lightning_modules.gradients.signal import signal
    from lightning_modules.gradients.signal_logging import LogSignal
    from lightning_modules.gradients.signal_report import SignalReport
    from lightning_modules.history import History
    from lightning_modules.networks import MLP
    from lightning_modules.optimizers.adagrad import AdaGrad
    from lightning_modules.optimizers.adam import Adam
    from lightning_modules.optimizers.adamax import AdaMax
    from lightning_modules.optimizers.adamw import AdamW
    from lightning_modules.optimizers.momentum import Momentum
    from lightning_modules.optimizers.muon import Muon
    from lightning_modules.optimizers.muon_split import split_for_muon
    from lightning_modules.optimizers.nadam import Nadam
    from lightning_modules.optimizers.nesterov import Nesterov
    from lightning_modules.optimizers.rmsprop import RMSProp
    from lightning_modules.optimizers.side_by_side import SideBySide
    from lightning_modules.pretrained.auxiliary import AuxiliaryTask, rotations
    from lightning_modules.pretrained.transfer import reuse
    from lightning_modules.pretrained.transfer_keras import KerasModule
    from lightning_modules.pretrained.transfer_rate_groups import layer_rate_groups
    from lightning_modules.pretrained.transfer_report import ReuseReport, WeightsDoNotFit
    from lightning_modules.pretrained.transfer_unfreezing import GradualUnfreezing
    from lightning_modules.pretrained.unsupervised import GaussianNoise, MaskingNoise, StackedAutoencoder
    from lightning_modules.quiet import quiet_trainer
    from lightning_modules.recipes.conflicts import Conflict, conflicts
    from lightning_modules.recipes.network import RecipeMLP
    from lightning_modules.recipes.recipe import Recipe, recipe
    from lightning_modules.regularization.calibration import CalibrationReport, calibration_error
    from lightning_modules.regularization.dropout import add_dropout
    from lightning_modules.regularization.early_stopping import RestoringEarlyStopping
    from lightning_modules.regularization.ensemble import DeepEnsemble, deep_ensemble
    from lightning_modules.regularization.max_norm import MaxNorm
    from lightning_modules.regularization.mc_dropout import MCDropout, mc_dropout
    from lightning_modules.regularization.mc_dropout_prediction import MCPrediction
    from lightning_modules.regularization.penalties import L2Penalty, ProximalL1, SubgradientL1
    from lightning_modules.regularization.penalties_groups import decay_groups, split_parameters
    from lightning_modules.regularization.penalties_sparsity import fraction_small, zero_small_
    from lightning_modules.regularization.temperature import (
        TemperatureScaling,
        fit_temperature,
        temperature_scaling,
    )
    from lightning_modules.schedules.cosine import CosineDecay, CosineRestarts
    from lightning_modules.schedules.decay import (
        ExponentialDecay,
        LinearDecay,
        PiecewiseConstant,
        PowerDecay,
        SquareRootDecay,
    )
    from lightning_modules.schedules.one_cycle import OneCycle
    from lightning_modules.schedules.performance import Plateau
    from lightning_modules.schedules.preview import preview
    from lightning_modules.schedules.range_test import RangeTest, range_test
    from lightning_modules.schedules.rate_history import RateHistory
    from lightning_modules.schedules.scheduled import ScheduleCheck, scheduled
    from lightning_modules.schedules.warmup import Warmup
    from lightning_modules.schedules.warmup_stable_decay import WarmupStableDecay

    __version__: str

_MODULE_OF = {
    "AdaGrad": "optimizers.adagrad",
    "AdaMax": "optimizers.adamax",
    "Adam": "optimizers.adam",
    "AdamW": "optimizers.adamw",
    "AdaptiveGradientClipping": "gradients.gradient_clipping_adaptive",
    "AuxiliaryTask": "pretrained.auxiliary",
    "CalibrationReport": "regularization.calibration",
    "Classifier": "classifier",
    "ClipGradientNorm": "gradients.gradient_clipping",
    "ClipGradientPercentile": "gradients.gradient_clipping_percentile",
    "ClipGradientValue": "gradients.gradient_clipping",
    "Conflict": "recipes.conflicts",
    "CosineDecay": "schedules.cosine",
    "CosineRestarts": "schedules.cosine",
    "DeepEnsemble": "regularization.ensemble",
    "Diagnosis": "doctor.diagnosis",
    "Digits": "data.digits",
    "Doctor": "doctor.doctor",
    "ExponentialDecay": "schedules.decay",
    "FashionMNIST": "data.fashion_mnist",
    "FashionMNISTDamaged": "data.fashion_mnist_files",
    "FashionMNISTUnavailable": "data.fashion_mnist_files",
    "Finding": "doctor.diagnosis",
    "FoldingReport": "gradients.batch_norm_folding",
    "FreezeBatchNorm": "gradients.batch_norm",
    "GaussianNoise": "pretrained.unsupervised",
    "GradualUnfreezing": "pretrained.transfer_unfreezing",
    "History": "history",
    "InMemoryBatches": "data.batches",
    "InMemoryImages": "data.images",
    "InPrecision": "compression.latency",
    "InitializationReport": "gradients.initialization_report",
    "Initialize": "gradients.initialization_callback",
    "KerasModule": "pretrained.transfer_keras",
    "L2Penalty": "regularization.penalties",
    "LinearDecay": "schedules.decay",
    "LogSignal": "gradients.signal_logging",
    "MCDropout": "regularization.mc_dropout",
    "MCPrediction": "regularization.mc_dropout_prediction",
    "MLP": "networks",
    "MaskingNoise": "pretrained.unsupervised",
    "MaxNorm": "regularization.max_norm",
    "Momentum": "optimizers.momentum",
    "Muon": "optimizers.muon",
    "Nadam": "optimizers.nadam",
    "Nesterov": "optimizers.nesterov",
    "OneCycle": "schedules.one_cycle",
    "PiecewiseConstant": "schedules.decay",
    "Plateau": "schedules.performance",
    "PowerDecay": "schedules.decay",
    "ProximalL1": "regularization.penalties",
    "RMSProp": "optimizers.rmsprop",
    "RangeTest": "schedules.range_test",
    "RateHistory": "schedules.rate_history",
    "ReLUSquared": "gradients.activations",
    "Recipe": "recipes.recipe",
    "RecipeMLP": "recipes.network",
    "RestoringEarlyStopping": "regularization.early_stopping",
    "ReuseReport": "pretrained.transfer_report",
    "ScheduleCheck": "schedules.scheduled",
    "Selective": "compression.abstaining",
    "SideBySide": "optimizers.side_by_side",
    "SignalReport": "gradients.signal_report",
    "SparseSize": "compression.sparse",
    "Split": "data.splits",
    "SquareRootDecay": "schedules.decay",
    "StackedAutoencoder": "pretrained.unsupervised",
    "SubgradientL1": "regularization.penalties",
    "SwiGLU": "gradients.activations",
    "TemperatureScaling": "regularization.temperature",
    "Warmup": "schedules.warmup",
    "WarmupStableDecay": "schedules.warmup_stable_decay",
    "WeightsDoNotFit": "pretrained.transfer_report",
    "abstain": "compression.abstaining",
    "add_dropout": "regularization.dropout",
    "calibration_error": "regularization.calibration",
    "conflicts": "recipes.conflicts",
    "decay_groups": "regularization.penalties_groups",
    "deep_ensemble": "regularization.ensemble",
    "dense_state_dict": "compression.sparse",
    "diagnose": "doctor.first_minute",
    "fit_temperature": "regularization.temperature",
    "fold_batch_norm": "gradients.batch_norm_folding",
    "fraction_small": "regularization.penalties_sparsity",
    "initialize": "gradients.initialization",
    "layer_rate_groups": "pretrained.transfer_rate_groups",
    "limit_of_doubt": "compression.abstaining",
    "low_latency": "compression.latency",
    "mc_dropout": "regularization.mc_dropout",
    "plan_folding": "gradients.batch_norm_folding",
    "preview": "schedules.preview",
    "prune_smallest_": "compression.pruning",
    "quiet_trainer": "quiet",
    "range_test": "schedules.range_test",
    "recipe": "recipes.recipe",
    "reuse": "pretrained.transfer",
    "rotations": "pretrained.auxiliary",
    "scheduled": "schedules.scheduled",
    "selective_accuracy": "compression.abstaining",
    "signal": "gradients.signal",
    "sparse_size": "compression.sparse",
    "sparse_state_dict": "compression.sparse",
    "split_for_muon": "optimizers.muon_split",
    "split_parameters": "regularization.penalties_groups",
    "temperature_scaling": "regularization.temperature",
    "zero_small_": "regularization.penalties_sparsity",
}

__all__ = [
    "MLP",
    "AdaGrad",
    "AdaMax",
    "Adam",
    "AdamW",
    "AdaptiveGradientClipping",
    "AuxiliaryTask",
    "CalibrationReport",
    "Classifier",
    "ClipGradientNorm",
    "ClipGradientPercentile",
    "ClipGradientValue",
    "Conflict",
    "CosineDecay",
    "CosineRestarts",
    "DeepEnsemble",
    "Diagnosis",
    "Digits",
    "Doctor",
    "ExponentialDecay",
    "FashionMNIST",
    "FashionMNISTDamaged",
    "FashionMNISTUnavailable",
    "Finding",
    "FoldingReport",
    "FreezeBatchNorm",
    "GaussianNoise",
    "GradualUnfreezing",
    "History",
    "InMemoryBatches",
    "InMemoryImages",
    "InPrecision",
    "InitializationReport",
    "Initialize",
    "KerasModule",
    "L2Penalty",
    "LinearDecay",
    "LogSignal",
    "MCDropout",
    "MCPrediction",
    "MaskingNoise",
    "MaxNorm",
    "Momentum",
    "Muon",
    "Nadam",
    "Nesterov",
    "OneCycle",
    "PiecewiseConstant",
    "Plateau",
    "PowerDecay",
    "ProximalL1",
    "RMSProp",
    "RangeTest",
    "RateHistory",
    "ReLUSquared",
    "Recipe",
    "RecipeMLP",
    "RestoringEarlyStopping",
    "ReuseReport",
    "ScheduleCheck",
    "Selective",
    "SideBySide",
    "SignalReport",
    "SparseSize",
    "Split",
    "SquareRootDecay",
    "StackedAutoencoder",
    "SubgradientL1",
    "SwiGLU",
    "TemperatureScaling",
    "Warmup",
    "WarmupStableDecay",
    "WeightsDoNotFit",
    "abstain",
    "add_dropout",
    "calibration_error",
    "conflicts",
    "decay_groups",
    "deep_ensemble",
    "dense_state_dict",
    "diagnose",
    "fit_temperature",
    "fold_batch_norm",
    "fraction_small",
    "initialize",
    "layer_rate_groups",
    "limit_of_doubt",
    "low_latency",
    "mc_dropout",
    "plan_folding",
    "preview",
    "prune_smallest_",
    "quiet_trainer",
    "range_test",
    "recipe",
    "reuse",
    "rotations",
    "scheduled",
    "selective_accuracy",
    "signal",
    "sparse_size",
    "sparse_state_dict",
    "split_for_muon",
    "split_parameters",
    "temperature_scaling",
    "zero_small_",
]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    elif name == "__version__":
        value = metadata.version("lightning-modules")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # so that this function is asked only once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
