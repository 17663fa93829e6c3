"""lightning_modules.quiet."""

import subprocess
import sys
import warnings

import pytest
import pytorch_lightning as pl
from pytorch_lightning.loggers import CSVLogger

from lightning_modules import MLP, Classifier, Digits, quiet_trainer

PROGRAM = """
from lightning_modules import MLP, Classifier, Digits, quiet_trainer

trainer = quiet_trainer(max_epochs=1)
model, data = Classifier(MLP([64, 10])), Digits()
trainer.fit(model, data)
trainer.validate(model, data)
trainer.test(model, data)
trainer.predict(model, data)
"""


def test_a_program_that_trains_and_evaluates_writes_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_it_is_a_trainer_without_extras():
    trainer = quiet_trainer()
    assert isinstance(trainer, pl.Trainer)
    assert trainer.logger is None
    assert trainer.checkpoint_callback is None
    assert trainer.progress_bar_callback is None
    assert isinstance(trainer.accelerator, pl.accelerators.CPUAccelerator)


def test_arguments_win(tmp_path):
    trainer = quiet_trainer(logger=CSVLogger(tmp_path), enable_checkpointing=True, max_epochs=7)
    assert isinstance(trainer.logger, CSVLogger)
    assert trainer.checkpoint_callback is not None
    assert trainer.max_epochs == 7


def test_evaluation_prints_its_table_when_asked_to(capsys):
    model, data = Classifier(MLP([64, 10])), Digits()
    silent = quiet_trainer().test(model, data)
    assert capsys.readouterr().out == ""
    assert quiet_trainer().test(model, data, verbose=True) == silent
    assert "test/accuracy" in capsys.readouterr().out
    quiet_trainer().validate(model, data, verbose=True)
    assert "val/accuracy" in capsys.readouterr().out


def test_other_warnings_are_still_shown():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet_trainer()
        with pytest.raises(FutureWarning):
            warnings.warn("something else", FutureWarning, stacklevel=1)
