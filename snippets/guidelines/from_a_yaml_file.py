"""How do you say the same to the command line, in one file?

In a terminal it is `python -m lightning_modules fit --config mine.yaml`.
"""

import logging
import tempfile
from pathlib import Path

from lightning_modules.cli import main

CONFIG = """
recipe: default
data: Digits
model:
  network:
    init_args:
      widths: [64, 100, 100, 10]
trainer:
  max_epochs: 20
  accelerator: cpu
  logger: false
  enable_checkpointing: false
  enable_progress_bar: false
  enable_model_summary: false
"""

for name in ("pytorch_lightning", "lightning_fabric"):
    logging.getLogger(name).setLevel(logging.WARNING)
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "mine.yaml"
    file.write_text(CONFIG)
    run = main(["fit", "--config", str(file)])

print(run.model.recipe)
accuracy = run.trainer.callback_metrics["test/accuracy"].item()
assert accuracy > 0.93
