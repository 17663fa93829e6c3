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
    from lightning_modules.gradients.initialization import Initialize, initialize
    from lightning_modules.gradients.initialization_report import InitializationReport
    from lightning_modules.gradients.signal import signal
    from lightning_modules.gradients.signal_report import SignalReport
    from lightning_modules.history import History
    from lightning_modules.networks import MLP
    from lightning_modules.pretrained.auxiliary import AuxiliaryTask, rotations
    from lightning_modules.pretrained.transfer import WeightsDoNotFit, reuse
    from lightning_modules.pretrained.transfer_keras import KerasModule
    from lightning_modules.pretrained.transfer_report import ReuseReport
    from lightning_modules.pretrained.transfer_unfreezing import GradualUnfreezing
    from lightning_modules.pretrained.unsupervised import GaussianNoise, MaskingNoise, StackedAutoencoder
    from lightning_modules.quiet import quiet_trainer

    __version__: str

_MODULE_OF = {
    "AdaptiveGradientClipping": "gradients.gradient_clipping_adaptive",
    "AuxiliaryTask": "pretrained.auxiliary",
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
    "GaussianNoise": "pretrained.unsupervised",
    "GradualUnfreezing": "pretrained.transfer_unfreezing",
    "History": "history",
    "InMemoryBatches": "data.batches",
    "InMemoryImages": "data.images",
    "InitializationReport": "gradients.initialization_report",
    "Initialize": "gradients.initialization",
    "KerasModule": "pretrained.transfer_keras",
    "MLP": "networks",
    "MaskingNoise": "pretrained.unsupervised",
    "ReLUSquared": "gradients.activations",
    "ReuseReport": "pretrained.transfer_report",
    "SignalReport": "gradients.signal_report",
    "Split": "data.splits",
    "StackedAutoencoder": "pretrained.unsupervised",
    "SwiGLU": "gradients.activations",
    "WeightsDoNotFit": "pretrained.transfer",
    "fold_batch_norm": "gradients.batch_norm_folding",
    "initialize": "gradients.initialization",
    "plan_folding": "gradients.batch_norm_folding",
    "quiet_trainer": "quiet",
    "reuse": "pretrained.transfer",
    "rotations": "pretrained.auxiliary",
    "signal": "gradients.signal",
}

__all__ = [
    "MLP",
    "AdaptiveGradientClipping",
    "AuxiliaryTask",
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
    "GaussianNoise",
    "GradualUnfreezing",
    "History",
    "InMemoryBatches",
    "InMemoryImages",
    "InitializationReport",
    "Initialize",
    "KerasModule",
    "MaskingNoise",
    "ReLUSquared",
    "ReuseReport",
    "SignalReport",
    "Split",
    "StackedAutoencoder",
    "SwiGLU",
    "WeightsDoNotFit",
    "fold_batch_norm",
    "initialize",
    "plan_folding",
    "quiet_trainer",
    "reuse",
    "rotations",
    "signal",
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
