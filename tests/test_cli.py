"""lightning_modules.cli: the command line."""

import re
import sys

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

import lightning_modules as lm
from lightning_modules import MLP, Classifier, ClipGradientNorm, Digits, FashionMNIST, Initialize
from lightning_modules.cli import SHORT_NAMES, main
from lightning_modules.schedules.schedule import Schedule

QUIET = [
    "--trainer.logger=false",
    "--trainer.enable_checkpointing=false",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
    "--trainer.accelerator=cpu",
    "--trainer.max_epochs=1",
]


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Lightning 2.6 calls jsonargparse by names that it has deprecated.
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])  # as in a notebook


def test_fit_alone_trains_an_mlp_on_the_digits():
    run = main(["fit", *QUIET])
    assert isinstance(run.model, Classifier)
    assert isinstance(run.model.network, MLP)
    assert isinstance(run.datamodule, Digits)
    assert run.trainer.global_step == 40  # 1257 images in batches of 32
    assert run.trainer.callback_metrics["val/accuracy"] > 0.7


def test_every_part_can_be_chosen_by_a_short_name():
    run = main(
        [
            "fit",
            *QUIET,
            "--data=Digits",
            "--data.batch_size=64",
            "--data.train_size=128",
            "--model.network=MLP",
            "--model.network.widths=[64,20,10]",
            "--model.network.activation=torch.nn.Tanh",
            "--model.network.normalization=torch.nn.BatchNorm1d",
            "--model.optimizer=torch.optim.SGD",
            "--model.optimizer.lr=0.1",
            "--model.optimizer.momentum=0.9",
            "--model.lr_scheduler=torch.optim.lr_scheduler.ExponentialLR",
            "--model.lr_scheduler.gamma=0.5",
            "--trainer.callbacks+=Initialize",
            "--trainer.callbacks.distribution=uniform",
            "--trainer.callbacks+=ClipGradientNorm",
            "--trainer.callbacks.max_norm=0.5",
        ]
    )
    assert run.trainer.global_step == 2
    assert [type(layer) for layer in run.model.network[:4]] == [
        nn.Flatten,
        nn.Linear,
        nn.BatchNorm1d,
        nn.Tanh,
    ]
    group = run.trainer.optimizers[0].param_groups[0]
    assert (type(run.trainer.optimizers[0]), group["lr"], group["momentum"]) == (torch.optim.SGD, 0.05, 0.9)
    (callback,) = (c for c in run.trainer.callbacks if isinstance(c, Initialize))
    assert callback.report["network.1"].scheme == "glorot"
    assert callback.report["network.1"].distribution == "uniform"
    (clipping,) = (c for c in run.trainer.callbacks if isinstance(c, ClipGradientNorm))
    assert (clipping.max_norm, clipping.steps) == (0.5, 2)


def test_one_setting_of_the_default_network_can_be_changed_alone():
    assert main(["fit", *QUIET, "--model.network.widths=[64,10]"]).model.network.widths == (64, 10)


def test_a_printed_config_trains_the_same_again(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["fit", *QUIET, "--model.network.widths=[64,10]", "--data.train_size=64", "--print_config"])
    (tmp_path / "mlp.yaml").write_text(capsys.readouterr().out)
    first = main(["fit", "--config=mlp.yaml"])
    second = main(["fit", *QUIET, "--model.network.widths=[64,10]", "--data.train_size=64"])
    assert first.trainer.global_step == 2
    for mine, theirs in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_strangers_data_module_and_fashion_mnist_are_accepted():
    run = main(
        ["fit", *QUIET, "--data=FashionMNIST", "--model.network.widths=[784,10]", "--trainer.fast_dev_run=1"]
    )
    assert isinstance(run.datamodule, FashionMNIST)


@pytest.mark.parametrize(
    "said",
    [
        "model: {recipe: default}",
        "model: {network: {init_args: {recipe: default}}}",
        "{recipe: self-normalizing, model: {recipe: default}}",
    ],
)
def test_a_recipe_that_is_said_at_a_part_is_refused_and_shown_its_place(tmp_path, capsys, said):
    (tmp_path / "mine.yaml").write_text(said)
    with pytest.raises(SystemExit, match="2"):
        main(["fit", *QUIET, "--config=mine.yaml"])
    assert "say it once, as `recipe: default` at the top of the file" in capsys.readouterr().err


def test_a_recipe_that_is_said_twice_alike_is_said(tmp_path, capsys):
    arguments = [*QUIET, "--trainer.fast_dev_run=1", "--recipe=default", "--model.network.widths=[64,9,10]"]
    (tmp_path / "mine.yaml").write_text("{recipe: default, model: {recipe: default}}")
    run = main(["fit", *arguments, "--config=mine.yaml"])
    assert run.model.recipe is not None
    assert run.config.fit.model.network.init_args.recipe == "default"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--trainer.callbacks+=MaxNorm", "--trainer.callbacks.radius=-1"],
            "radius must be positive, got -1.0.",
        ),
        (
            ["--trainer.callbacks=ClipGradientNorm", "--trainer.callbacks.max_norm=0"],
            "max_norm must be positive",
        ),
        (
            ["--model.lr_scheduler=Plateau"],
            "Plateau with patience=5 would never act.*\nOn the command line: --trainer.max_epochs",
        ),
        (["--data.batch_size=0"], "batch_size must be at least 1, got 0."),
        (
            ["--model.network.widths=[63,10]", "--trainer.fast_dev_run=1"],
            "This MLP takes 63 numbers.*\nOn the command line: --model.network.widths",
        ),
        (
            ["--optimizer=AdamW"],
            "unrecognized arguments: --optimizer=AdamW\nDid you mean --model.optimizer[?]",
        ),
    ],
)
def test_a_wrong_value_ends_the_program_with_its_sentence_alone(capsys, arguments, sentence):
    with pytest.raises(SystemExit, match="2"):
        main(["fit", *QUIET, *arguments])
    said = capsys.readouterr().err.partition("error: ")[2]
    assert re.match(sentence, said), said
    assert len(said.splitlines()) <= 2


def test_an_error_of_somebody_elses_keeps_its_traceback():
    narrow = [
        "--model.network=torch.nn.Linear",
        "--model.network.in_features=3",
        "--model.network.out_features=2",
    ]
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        main(["fit", *QUIET, "--trainer.fast_dev_run=1", *narrow])


def test_every_public_callback_schedule_and_optimizer_has_a_short_name_that_is_not_torchs():
    kinds = (pl.Callback, Schedule, ReduceLROnPlateau, torch.optim.Optimizer)
    public = {getattr(lm, name) for name in lm.__all__ if not hasattr(torch.optim, name)}
    wanted = {value for value in public if isinstance(value, type) and issubclass(value, kinds)}
    assert wanted - set(SHORT_NAMES) == {
        lm.SideBySide
    }  # it takes optimizers, and the command line has parameters
    trained = main(
        [
            "fit",
            *QUIET,
            "--trainer.fast_dev_run=1",
            "--trainer.callbacks+=MaxNorm",
            "--trainer.callbacks.radius=3",
            "--model.optimizer=Nesterov",
            "--model.optimizer.lr=0.1",
        ]
    ).trainer
    assert type(trained.optimizers[0]) is lm.Nesterov
    assert [callback.radius for callback in trained.callbacks if isinstance(callback, lm.MaxNorm)] == [3]


def test_help_can_be_read(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["fit", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "torch.nn.Identity" not in said
    assert re.search(r"known subclasses: MLP, RecipeMLP, .*and \d+ others by their import paths", said)


def test_help_names_the_parts(run_program):
    done = run_program(
        """
        import runpy, sys
        sys.argv[1:] = ["fit", "--help"]
        runpy.run_module("lightning_modules", run_name="__main__", alter_sys=True)  # as python -m does
        """
    )
    for option in ("--data", "--model.network", "--model.optimizer", "--trainer.max_epochs"):
        assert option in done.stdout


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--model.netwrk=MLP"])
    assert "netwrk" in capsys.readouterr().err


def test_a_recipe_trains_tests_and_prints(capsys):
    run = main(
        [
            "fit",
            *QUIET[:-1],
            "--trainer.max_epochs=9",
            "--recipe=default",
            "--model.network.widths=[64,30,10]",
        ]
    )
    assert run.model.recipe.optimizer.words == "Nesterov"
    assert run.trainer.global_step == 9 * 40
    assert run.trainer.callback_metrics["test/accuracy"] > 0.9
    accuracy = run.trainer.callback_metrics["test/accuracy"].item()
    assert f"test/accuracy: {accuracy:.4f}\n" in capsys.readouterr().out


def test_what_is_said_beside_a_recipe_comes_in_place_of_its_part():
    run = main(
        [
            "fit",
            *QUIET,
            "--trainer.fast_dev_run=1",
            "--recipe=self-normalizing",
            "--model.network.widths=[64,20,20,10]",
            "--model.network.activation=torch.nn.ELU",
            "--model.network.dropout=0.1",
            "--model.optimizer=torch.optim.AdamW",
            "--model.optimizer.lr=0.002",
        ]
    )
    assert [type(layer) for layer in run.model.network[2]] == [nn.ELU, nn.Dropout]
    assert run.trainer.optimizers[0].param_groups[0]["lr"] == 0.002
    assert run.model.recipe.schedule.words == "performance"


def test_a_recipe_is_one_word_of_a_yaml_file(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "recipe: default\n"
        "model: {network: {init_args: {widths: [64, 9, 9, 9, 9, 9, 9, 10]}}}\n"
        "trainer: {fast_dev_run: true, logger: false, enable_progress_bar: false}\n"
    )
    run = main(["fit", "--config=mine.yaml"])
    assert [type(layer) for layer in run.model.network[1:4]] == [nn.Linear, nn.BatchNorm1d, nn.SiLU]


def test_a_network_of_your_own_is_trained_by_a_recipe_as_it_is():
    run = main(
        [
            "fit",
            *QUIET,
            "--trainer.fast_dev_run=1",
            "--recipe=default",
            "--model.network=MLP",
            "--model.network.widths=[64,10]",
        ]
    )
    assert type(run.model.network) is MLP
    assert run.model.recipe is not None


def test_an_unknown_recipe_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "--recipe=standard"])
    assert "self-normalizing" in capsys.readouterr().err


def test_a_checkpoint_holds_weights_and_plain_settings_and_loads_into_a_network_of_ones_own(tmp_path):
    run = main(["fit", *QUIET, "--model.network.widths=[64,10]", "--data.train_size=64"])
    run.trainer.save_checkpoint(tmp_path / "last.ckpt")
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert saved["hyper_parameters"] == {"interval": "epoch", "monitor": "val/loss"}
    loaded = Classifier.load_from_checkpoint(tmp_path / "last.ckpt", network=MLP([64, 10]))
    assert torch.equal(loaded.network[1].weight, run.model.network[1].weight)


FAR_TOO_FAST = ["--model.optimizer=torch.optim.SGD", "--model.optimizer.lr=1e9"]


def test_a_doctor_that_was_called_says_what_is_wrong(capsys):
    run = main(["fit", *QUIET[:-1], "--trainer.max_epochs=4", "--doctor=watch", *FAR_TOO_FAST])
    [doctor] = [one for one in run.trainer.callbacks if isinstance(one, lm.Doctor)]
    assert doctor.diagnosis.names[0] == "rate-too-high"
    assert "Doctor: rate-too-high" in capsys.readouterr().out
    assert run.trainer.current_epoch == 4  # it watches, and ends nothing


def test_a_run_that_the_doctor_ends_is_a_failure_of_its_own_code(capsys):
    with pytest.raises(SystemExit) as left:
        main(
            [
                "fit",
                *QUIET[:-1],
                "--trainer.max_epochs=40",
                "--recipe=default",
                "--doctor=stop",
                *FAR_TOO_FAST,
            ]
        )
    assert left.value.code == 3
    shown = capsys.readouterr().out
    assert "Doctor: rate-too-high" in shown
    assert "test/accuracy" not in shown  # nothing can come of it


def test_a_healthy_run_passes_the_doctor(capsys):
    main(["fit", *QUIET, "--doctor=stop"])
    assert "Doctor" not in capsys.readouterr().out
