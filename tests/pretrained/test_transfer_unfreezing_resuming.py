"""GradualUnfreezing goes on where a checkpoint stands, and does the same in two processes."""

from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from torch.optim import Adam
from unfreezing_runs import EPOCH, LAYERS, Watch, both, ends_frozen, fit, model

from lightning_modules import GradualUnfreezing


class SaveAt(pl.Callback):
    """Saves a checkpoint after this many steps."""

    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *args):
        if trainer.global_step == self.step and self.step % EPOCH:
            trainer.save_checkpoint(self.path)

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


@ends_frozen
@pytest.mark.parametrize("step", [2, EPOCH, EPOCH + 2, 2 * EPOCH + 1])
@pytest.mark.parametrize("monitored", [False, True])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, step, monitored):
    def unfreezing():
        if monitored:
            return GradualUnfreezing(LAYERS, monitor="train/loss", min_delta=1e9)
        return GradualUnfreezing(LAYERS)

    whole, rest = (model(partial(Adam, lr=0.01)) for _ in range(2))
    fit(whole, unfreezing(), SaveAt(step, tmp_path / "middle.ckpt"))
    fit(rest, unfreezing(), resume=tmp_path / "middle.ckpt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[name]), name
    torch.load(tmp_path / "middle.ckpt", weights_only=True)


@ends_frozen
def test_nothing_is_frozen_again_after_resuming(tmp_path):
    unfreezing = GradualUnfreezing(LAYERS, monitor="train/loss", min_delta=1e9)
    fit(model(), unfreezing).save_checkpoint(tmp_path / "three.ckpt")
    assert unfreezing.thawed == 2
    watch = Watch()
    resumed = GradualUnfreezing(LAYERS, monitor="train/loss", min_delta=1e9)
    fit(model(), resumed, watch, max_epochs=4, resume=tmp_path / "three.ckpt")
    assert watch.moved == [both(1, 3, 5)]


@ends_frozen
def test_a_second_training_begins_frozen_again():
    unfreezing, watch = GradualUnfreezing(LAYERS), Watch()
    fit(model(), unfreezing)
    fit(model(), unfreezing, watch, max_epochs=1)
    assert watch.moved == [both(5)]


def test_two_processes_agree_and_make_the_steps_of_one(tmp_path, run_program):
    run_program(
        """
        import sys
        from functools import partial
        import pytorch_lightning as pl
        import torch
        from lightning_modules import MLP, Classifier, Digits, GradualUnfreezing, quiet_trainer

        if __name__ == "__main__":
            for devices in (1, 2):
                torch.manual_seed(0)
                model = Classifier(MLP([64, 6, 6, 10]), optimizer=partial(torch.optim.AdamW, lr=0.01))
                unfreezing = GradualUnfreezing(["network.3", "network.1"])
                trainer = quiet_trainer(
                    max_epochs=3, limit_val_batches=0, callbacks=[unfreezing],
                    accumulate_grad_batches=1, devices=devices,
                    **({"strategy": "ddp_fork"} if devices == 2 else {}),
                )
                if devices == 1:
                    before = model.state_dict()
                    torch.save({k: v.clone() for k, v in before.items()}, f"{sys.argv[1]}/before.pt")
                    trainer.fit(model, Digits(batch_size=64, train_size=64))
                    torch.save(model.state_dict(), f"{sys.argv[1]}/one.pt")
                else:
                    class Save(pl.Callback):
                        def on_train_end(self, trainer, pl_module):
                            torch.save(pl_module.state_dict(), f"{sys.argv[1]}/{trainer.global_rank}.pt")
                    trainer.callbacks.append(Save())
                    trainer.fit(model, Digits(batch_size=32, train_size=64))
        """
    )
    before, one, zero, other = (torch.load(tmp_path / f"{name}.pt") for name in ("before", "one", "0", "1"))
    for name, value in zero.items():
        assert torch.equal(value, other[name]), name
        assert not torch.equal(value, before[name]), name
        torch.testing.assert_close(value, one[name], rtol=1e-4, atol=1e-5)
