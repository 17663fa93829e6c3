"""docs/importing.md's training from a YAML file: a stranger's module, Lightning's command line, our callbacks."""

from pathlib import Path

import pytest
import torch
import yaml

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, run_file):
    """What the training leaves."""
    folder = tmp_path_factory.mktemp("run")
    done = run_file(HERE / "train.py", "fit", "--config", str(HERE / "conv_net.yaml"), cwd=folder)
    assert done.returncode == 0, done.stderr
    (path,) = folder.rglob("*.ckpt")
    return torch.load(path, weights_only=True)


def test_the_training_of_the_page_goes_to_its_end(checkpoint):
    assert (checkpoint["epoch"], checkpoint["global_step"]) == (4, 40)


def test_each_of_our_callbacks_has_done_its_part(checkpoint):
    states = {name.partition("{")[0]: state for name, state in checkpoint["callbacks"].items()}
    assert states["ClipGradientNorm"]["steps"] == 40
    assert len(states["History"]["epochs"]) == 5
    longest = checkpoint["state_dict"]["head.weight"].norm(dim=1).max()
    assert longest <= 3.0001


def test_the_readme_shows_a_training_of_that_kind():
    text = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    whole = yaml.safe_load((HERE / "conv_net.yaml").read_text(encoding="utf-8"))
    ours = [
        one for one in whole["trainer"]["callbacks"] if one["class_path"].startswith("lightning_modules.")
    ]
    assert shown["trainer"]["callbacks"] == ours
