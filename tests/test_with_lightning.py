"""Programs that write `import lightning as L`: with lightning_modules.with_lightning, and without."""

from pathlib import Path

HEAD = """
import warnings
warnings.simplefilter("ignore")  # Lightning's own, of loaders without workers
import lightning as L
{first}
import torch
from torch import nn
from lightning_modules import *

class Mine(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)
    def forward(self, x):
        return self.layer(x.flatten(1))
    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

def trainer(*callbacks):
    return L.Trainer(
        fast_dev_run=2, accelerator="cpu", callbacks=list(callbacks), enable_progress_bar=False,
        enable_model_summary=False,
    )

def refused(call, *words):
    try:
        call()
    except Exception as error:
        assert all(word in str(error) for word in words), str(error)
    else:
        raise AssertionError(f"not refused: {words}")
"""

WITH = """
import pytorch_lightning, lightning_fabric.utilities
assert pytorch_lightning is L.pytorch and lightning_fabric.utilities is L.fabric.utilities
assert L.pytorch.__spec__.name == "lightning.pytorch"

data = Digits(train_size=64)
trainer(MaxNorm(3.0), History()).fit(Mine(), data)
trainer().fit(Mine(), datamodule=data)
recipe_ = recipe("default")
trainer().fit(Classifier(recipe_.network([64, 10]), recipe=recipe_), data)
network = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Dropout(0.5), nn.Linear(8, 10))
assert isinstance(trainer().predict(MCDropout(network, samples=4), data)[0], MCPrediction)
assert isinstance(quiet_trainer(), L.Trainer)
assert len(range_test(Mine(), data, 1e-4, 1.0, steps=20).rates) >= 10
batch = next(iter(data.train_dataloader()))
assert signal(Mine(), batch)["layer"].gradient_norm > 0
"""

WITHOUT = """
data = Digits(train_size=64)
batch = next(iter(data.train_dataloader()))
assert signal(Mine(), batch)["layer"].gradient_norm > 0
trainer(MaxNorm(3.0), History()).fit(Mine(), data.train_dataloader())
line = "import lightning_modules.with_lightning"
refused(lambda: range_test(Mine(), data), "Mine is of the package lightning", line)
for way in ("fit", "validate", "test", "predict"):
    refused(lambda: getattr(quiet_trainer(), way)(Mine(), data), "Mine is of the package lightning", line)
refused(lambda: trainer().fit(Mine(), datamodule=data), "Trainer is of the package lightning", line)
refused(lambda: trainer().fit(Mine(), data), "Found Digits(train_size=64)")
refused(lambda: trainer().fit(Classifier(MLP([64, 10]))), "got `Classifier`")

from lightning.pytorch.strategies import FSDPStrategy
class Sharded(L.Trainer):
    strategy = FSDPStrategy()
for callback in (MaxNorm(3.0), ClipGradientNorm(1.0), GradualUnfreezing(["layer"])):
    made = trainer()
    made.__class__ = Sharded
    refused(lambda: callback.setup(made, Mine(), "fit"), "FSDPStrategy", "Use DDP")
"""

TOO_LATE = """
import pytorch_lightning
try:
    import lightning_modules.with_lightning
except ImportError as error:
    assert "pytorch_lightning had been imported before" in str(error).replace("lightning_fabric and ", "")
else:
    raise AssertionError("too late, and silent")
"""


def test_with_one_line_all_of_it_is_of_lightning(run_program):
    run_program(HEAD.replace("{first}", "import lightning_modules.with_lightning") + WITH, lightning=False)


def test_without_it_functions_and_callbacks_work_and_the_rest_says_which_line(run_program):
    run_program(HEAD.replace("{first}", "") + WITHOUT, lightning=False)


def test_the_program_of_the_page_runs(run_program):
    program = Path(__file__).parent / "strangers" / "with_lightning.py"
    run_program(program.read_text(encoding="utf-8"), lightning=False)


def test_the_line_that_comes_too_late_is_an_error(run_program):
    run_program(TOO_LATE, lightning=False)
