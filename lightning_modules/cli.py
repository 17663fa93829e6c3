"""The command line: `python -m lightning_modules fit` trains an MLP on digits; every part can be replaced.

python -m lightning_modules fit --trainer.max_epochs 5
python -m lightning_modules fit --recipe default --data FashionMNIST --model.network.widths [784,100,100,10]
python -m lightning_modules fit --recipe default --model.optimizer AdamW --model.network.dropout 0.1
python -m lightning_modules fit --data FashionMNIST --model.network.widths [784,300,100,10]
python -m lightning_modules fit --model.optimizer torch.optim.SGD --model.optimizer.lr 0.1
python -m lightning_modules fit --trainer.callbacks+=ClipGradientNorm --trainer.callbacks.max_norm 1
python -m lightning_modules fit --doctor stop
python -m lightning_modules fit --print_config > mlp.yaml
python -m lightning_modules fit --config mlp.yaml

A recipe ("default", "self-normalizing") says everything but the widths; what is given beside it comes in place of its
part. With one, the trained network is also tested.

`--doctor watch` has a `Doctor` look at the run and say what is wrong with it; `--doctor stop` also lets it end a run of
which nothing can come. Then the exit code is 3, so that a script does not go on with such a network.
"""

import sys
import warnings
from typing import Any, Literal

import pytorch_lightning as pl
from pytorch_lightning import LightningDataModule
from pytorch_lightning.cli import ArgsType, LightningArgumentParser, LightningCLI
from pytorch_lightning.utilities.model_helpers import is_overridden

from lightning_modules.classifier import Classifier
from lightning_modules.cli_errors import sentence_of
from lightning_modules.cli_parser import Parser, stop
from lightning_modules.data.digits import Digits
from lightning_modules.data.fashion_mnist import FashionMNIST
from lightning_modules.doctor.doctor import Doctor
from lightning_modules.gradients.batch_norm import FreezeBatchNorm
from lightning_modules.gradients.gradient_clipping import ClipGradientNorm, ClipGradientValue
from lightning_modules.gradients.gradient_clipping_adaptive import AdaptiveGradientClipping
from lightning_modules.gradients.gradient_clipping_percentile import ClipGradientPercentile
from lightning_modules.gradients.initialization_callback import Initialize
from lightning_modules.gradients.signal_logging import LogSignal
from lightning_modules.history import History
from lightning_modules.networks import MLP
from lightning_modules.optimizers.adagrad import AdaGrad
from lightning_modules.optimizers.adamax import AdaMax
from lightning_modules.optimizers.momentum import Momentum
from lightning_modules.optimizers.nadam import Nadam
from lightning_modules.optimizers.nesterov import Nesterov
from lightning_modules.optimizers.rmsprop import RMSProp
from lightning_modules.pretrained.transfer_unfreezing import GradualUnfreezing
from lightning_modules.quiet import hide_expected_warnings
from lightning_modules.recipes.defaults import Name
from lightning_modules.recipes.network import RecipeMLP
from lightning_modules.regularization.early_stopping import RestoringEarlyStopping
from lightning_modules.regularization.max_norm import MaxNorm
from lightning_modules.regularization.penalties import L2Penalty, ProximalL1, SubgradientL1
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
from lightning_modules.schedules.rate_history import RateHistory
from lightning_modules.schedules.scheduled import ScheduleCheck
from lightning_modules.schedules.warmup import Warmup
from lightning_modules.schedules.warmup_stable_decay import WarmupStableDecay
from lightning_modules.trainer_callbacks import callbacks_of

# jsonargparse accepts a class by its short name once it has been imported. Adam, AdamW and Muon are torch's here: two
# classes of one name would both have to be written in full.
SHORT_NAMES = (
    AdaGrad,
    AdaMax,
    AdaptiveGradientClipping,
    ClipGradientNorm,
    ClipGradientPercentile,
    ClipGradientValue,
    CosineDecay,
    CosineRestarts,
    Digits,
    Doctor,
    ExponentialDecay,
    FashionMNIST,
    FreezeBatchNorm,
    GradualUnfreezing,
    History,
    Initialize,
    L2Penalty,
    LinearDecay,
    LogSignal,
    MLP,
    MaxNorm,
    Momentum,
    Nadam,
    Nesterov,
    OneCycle,
    PiecewiseConstant,
    Plateau,
    PowerDecay,
    ProximalL1,
    RMSProp,
    RateHistory,
    RecipeMLP,
    RestoringEarlyStopping,
    ScheduleCheck,
    SquareRootDecay,
    SubgradientL1,
    Warmup,
    WarmupStableDecay,
)

HOPELESS = 3
"""The exit code where a doctor has ended the run."""


class CommandLine(LightningCLI):
    """LightningCLI around `Classifier` and any LightningDataModule, with defaults that train."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the recipe, and set the defaults that can be overridden part by part."""
        parser.add_argument(
            "--recipe", type=Name | None, default=None, help="a table of defaults to train by"
        )
        parser.add_argument(
            "--doctor",
            type=Literal["watch", "stop"] | None,
            default=None,
            help="say what is wrong with the run; stop: also end one of which nothing can come, with exit code 3",
        )
        parser.set_defaults(
            {
                "data": {"class_path": "lightning_modules.Digits"},
                "model.network": {
                    "class_path": "lightning_modules.RecipeMLP",
                    "init_args": {"widths": [64, 100, 100, 10]},
                },
            }
        )

    def before_instantiate_classes(self) -> None:
        """Hand the recipe to the module and to the network, and refuse one that was said there."""
        config = self.config[self.subcommand]
        is_ours = config.model.network.class_path.rpartition(".")[2] == RecipeMLP.__name__
        for key in ("model.recipe", *(["model.network.init_args.recipe"] if is_ours else [])):
            said = config.get(key)
            if said is not None and said != config.recipe:
                stop(
                    f"{key} is {said!r}, and recipe {config.recipe!r}. One recipe is for the module and its network: "
                    f"say it once, as `recipe: {said}` at the top of the file, or as --recipe {said}."
                )
            config[key] = config.recipe

    def instantiate_trainer(self, **settings: Any) -> pl.Trainer:
        """Have the doctor among the callbacks, if it was called."""
        trainer = super().instantiate_trainer(**settings)
        called = self.config[self.subcommand].doctor
        if called is not None:
            callbacks_of(trainer).append(Doctor(on="stop" if called == "stop" else None))
        return trainer

    def after_fit(self) -> None:
        """Test what a recipe has trained, and print what was found; leave if the doctor has ended the run."""
        if any(isinstance(one, Doctor) and one.stopped for one in callbacks_of(self.trainer)):
            sys.exit(HOPELESS)
        if self.model.recipe is None or not is_overridden("test_dataloader", self.datamodule):
            return
        # Lightning's own table is text in a terminal, and something else in a notebook.
        results = self.trainer.test(self.model, datamodule=self.datamodule, verbose=False)
        if self.trainer.is_global_zero:
            for name, value in (entry for found in results for entry in found.items()):
                print(f"{name}: {value:.4f}")


def main(args: ArgsType = None) -> CommandLine:
    """Parse `args` (the command line's, if None), and run the subcommand.

    What this library refuses ends the program with its sentence and exit code 2, a run that a `Doctor` ended with 3; any
    other error is raised.
    """
    hide_expected_warnings()
    if args is not None:
        # Called by a program or in a notebook: what its own command line says is not for us, and no mistake.
        warnings.filterwarnings("ignore", "LightningCLI's args parameter", UserWarning)
    try:
        return _run(args)
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        stop(sentence)


def _run(args: ArgsType) -> CommandLine:
    return CommandLine(
        Classifier,
        LightningDataModule,
        subclass_mode_data=True,
        parser_class=Parser,
        seed_everything_default=42,
        # An epoch of the digits is 40 steps, and Lightning warns where it would never log.
        trainer_defaults={"max_epochs": 10, "log_every_n_steps": 20},
        # The classifier has its own optimizer and schedule arguments.
        auto_configure_optimizers=False,
        # Without a logger every run writes its config into the same folder.
        save_config_kwargs={"overwrite": True},
        # What a checkpoint needs is said in Classifier's documentation.
        load_from_checkpoint_support=False,
        args=args,
    )
