"""Every technique for training deep neural networks, as Lightning modules.

`from lightning_modules import MLP` imports the file that defines `MLP` and no other (PEP 562).
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_modules.classifier import Classifier
    from lightning_modules.data.batches import InMemoryBatches
    from lightning_modules.data.digits import Digits
    from lightning_modules.data.fashion_mnist import FashionMNIST
    from lightning_modules.data.fashion_mnist_files import FashionMNISTDamaged, FashionMNISTUnavailable
    from lightning_modules.data.images import InMemoryImages
    from lightning_modules.data.splits import Split
    from lightning_modules.gradients.activations import ReLUSquared, SwiGLU
    from lightning_modules.gradients.batch_norm import FreezeBatchNorm
    from lightning_modules.gradients.batch_norm_folding import FoldingReport, fold_batch_norm, plan_folding
    from lightning_modules.gradients.gradient_clipping import ClipGradientNorm, ClipGradientValue
    from lightning_modules.gradients.gradient_clipping_adaptive import AdaptiveGradientClipping
    from lightning_modules.gradients.gradient_clipping_percentile import ClipGradientPercentile
    from lightning_modules.gradients.initialization import InitializationReport, Initialize, initialize
    from lightning_modules.gradients.signal import signal
    from lightning_modules.gradients.signal_report import SignalReport
    from lightning_modules.history import History
    from lightning_modules.networks import MLP
    from lightning_modules.quiet import quiet_trainer
    from lightning_modules.regularization.dropout import add_dropout
    from lightning_modules.regularization.max_norm import MaxNorm
    from lightning_modules.regularization.mc_dropout import MCDropout, mc_dropout
    from lightning_modules.regularization.mc_dropout_prediction import MCPrediction
    from lightning_modules.regularization.penalties import L2Penalty, ProximalL1, SubgradientL1
    from lightning_modules.regularization.penalties_groups import decay_groups, split_parameters
    from lightning_modules.regularization.penalties_sparsity import fraction_small, zero_small_

    __version__: str

_MODULE_OF = {
    "AdaptiveGradientClipping": "gradients.gradient_clipping_adaptive",
    "Classifier": "classifier",
    "ClipGradientNorm": "gradients.gradient_clipping",
    "ClipGradientPercentile": "gradients.gradient_clipping_percentile",
    "ClipGradientValue": "gradients.gradient_clipping",
    "Digits": "data.digits",
    "FashionMNIST": "data.fashion_mnist",
    "FashionMNISTDamaged": "data.fashion_mnist_files",
    "FashionMNISTUnavailable": "data.fashion_mnist_files",
    "FoldingReport": "gradients.batch_norm_folding",
    "FreezeBatchNorm": "gradients.batch_norm",
    "History": "history",
    "InMemoryBatches": "data.batches",
    "InMemoryImages": "data.images",
    "InitializationReport": "gradients.initialization",
    "Initialize": "gradients.initialization",
    "L2Penalty": "regularization.penalties",
    "MCDropout": "regularization.mc_dropout",
    "MCPrediction": "regularization.mc_dropout_prediction",
    "MLP": "networks",
    "MaxNorm": "regularization.max_norm",
    "ProximalL1": "regularization.penalties",
    "ReLUSquared": "gradients.activations",
    "SignalReport": "gradients.signal_report",
    "Split": "data.splits",
    "SubgradientL1": "regularization.penalties",
    "SwiGLU": "gradients.activations",
    "add_dropout": "regularization.dropout",
    "decay_groups": "regularization.penalties_groups",
    "fold_batch_norm": "gradients.batch_norm_folding",
    "fraction_small": "regularization.penalties_sparsity",
    "initialize": "gradients.initialization",
    "mc_dropout": "regularization.mc_dropout",
    "plan_folding": "gradients.batch_norm_folding",
    "quiet_trainer": "quiet",
    "signal": "gradients.signal",
    "split_parameters": "regularization.penalties_groups",
    "zero_small_": "regularization.penalties_sparsity",
}

__all__ = [
    "MLP",
    "AdaptiveGradientClipping",
    "Classifier",
    "ClipGradientNorm",
    "ClipGradientPercentile",
    "ClipGradientValue",
    "Digits",
    "FashionMNIST",
    "FashionMNISTDamaged",
    "FashionMNISTUnavailable",
    "FoldingReport",
    "FreezeBatchNorm",
    "History",
    "InMemoryBatches",
    "InMemoryImages",
    "InitializationReport",
    "Initialize",
    "L2Penalty",
    "MCDropout",
    "MCPrediction",
    "MaxNorm",
    "ProximalL1",
    "ReLUSquared",
    "SignalReport",
    "Split",
    "SubgradientL1",
    "SwiGLU",
    "add_dropout",
    "decay_groups",
    "fold_batch_norm",
    "fraction_small",
    "initialize",
    "mc_dropout",
    "plan_folding",
    "quiet_trainer",
    "signal",
    "split_parameters",
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
