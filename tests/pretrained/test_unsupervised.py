"""lightning_modules.pretrained.unsupervised."""

from contextlib import nullcontext

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from lightning_modules import (
    Classifier,
    Digits,
    GaussianNoise,
    History,
    MaskingNoise,
    StackedAutoencoder,
    quiet_trainer,
    reuse,
)


def dense(**arguments):
    torch.manual_seed(0)
    return StackedAutoencoder.dense((1, 8, 8), [6, 4], **arguments)


def fit(model, *callbacks, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(**({"max_epochs": 3, "callbacks": list(callbacks)} | arguments))
    trainer.fit(model, Digits(train_size=64, batch_size=16), ckpt_path=resume)
    return trainer


class Watch(pl.Callback):
    """Which layers have moved in each epoch."""

    def __init__(self):
        self.moved = []

    def on_train_epoch_start(self, trainer, pl_module):
        self.before = {name: p.clone() for name, p in pl_module.named_parameters()}

    def on_train_epoch_end(self, trainer, pl_module):
        after = dict(pl_module.named_parameters())
        moved = {name[:9] for name, p in self.before.items() if not torch.equal(p, after[name])}
        self.moved.append(sorted(moved))


BOTTOM, TOP = ["decoder.1", "encoder.0"], ["decoder.0", "encoder.1"]


# What is trained when


def test_layers_are_trained_one_by_one_from_the_bottom_and_then_all():
    watch = Watch()
    fit(dense(), watch)
    assert watch.moved == [BOTTOM, TOP, sorted(BOTTOM + TOP)]


def test_each_layer_may_have_its_own_number_of_epochs():
    watch, model = Watch(), dense(epochs_per_layer=[0, 2])
    fit(model, watch, max_epochs=3)
    assert watch.moved == [TOP, TOP, sorted(BOTTOM + TOP)]


def test_losses_are_logged_by_the_name_of_what_is_trained():
    history = History()
    fit(dense(), history)
    assert {"train/layer_1", "train/layer_2", "train/whole"} <= set(history.names)
    assert {"val/layer_1", "val/layer_2", "val/whole"} <= set(history.names)


def test_momentum_and_decay_do_not_move_a_layer_that_is_not_in_training():
    def sgd(parameters):
        return torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.1)

    watch = Watch()
    fit(dense(optimizer=sgd), watch)
    assert watch.moved == [BOTTOM, TOP, sorted(BOTTOM + TOP)]


def test_the_first_layers_loss_is_that_of_its_own_reconstruction():
    model = dense()
    images = torch.rand(5, 1, 8, 8)
    model.log = lambda *a, **k: None
    expected = (model.decoder[1](model.encoder[0](images)) - images).square().mean()
    torch.testing.assert_close(model._measure("train", (images, None)), expected)
    torch.testing.assert_close(
        model.reconstruct(images, layers=1), model.decoder[1](model.encoder[0](images))
    )


def test_greedy_training_alone_lowers_every_loss():
    history = History()
    fit(dense(epochs_per_layer=8), history, max_epochs=24)
    for name in ("val/layer_1", "val/layer_2"):
        assert history[name][-1] < 0.95 * history[name][0]
    assert history["val/whole"][-1] < history["val/whole"][0]


def test_statistics_of_a_layer_that_is_done_stay_until_the_whole_is_trained():
    def normed(inputs, units):
        return nn.Sequential(nn.Linear(inputs, units), nn.BatchNorm1d(units), nn.ReLU())

    flat = nn.Sequential(nn.Flatten(), *normed(64, 6))
    model = StackedAutoencoder(
        [flat, normed(6, 4)], [nn.Sequential(nn.Linear(6, 64), nn.Unflatten(1, (1, 8, 8))), nn.Linear(4, 6)]
    )

    class Statistics(pl.Callback):
        means = ()

        def on_train_epoch_end(self, trainer, pl_module):
            self.means += (pl_module.encoder[0][2].running_mean.clone(),)

    watch = Statistics()
    fit(model, watch, max_epochs=4)
    one, two, three, _ = watch.means
    assert torch.equal(one, two)
    assert not torch.equal(two, three)
    assert all(module.training for module in model.encoder.modules())


# Noise


def test_masking_hides_the_fraction_and_evaluation_nothing():
    torch.manual_seed(0)
    noise, ones = MaskingNoise(0.3, value=-1.0), torch.ones(100, 100)
    assert noise(ones).eq(-1).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(noise.eval()(ones), ones)
    assert ones.eq(1).all()


def test_gaussian_noise_has_the_deviation_and_evaluation_none():
    torch.manual_seed(0)
    noise, zeros = GaussianNoise(0.5), torch.zeros(100, 100)
    assert noise(zeros).std().item() == pytest.approx(0.5, abs=0.02)
    assert torch.equal(noise.eval()(zeros), zeros)


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_the_layer_in_training_sees_damage_and_the_target_is_whole(epoch):
    class Records(nn.Module):
        def forward(self, inputs):
            self.seen = inputs
            return torch.zeros_like(inputs)

    noise, targets = Records(), []

    def loss(output, target):
        targets.append(target)
        return nn.functional.mse_loss(output, target)

    model = dense(noise=noise, loss=loss)
    model.log = lambda *a, **k: None
    model._trainer = type("Trainer", (), {"current_epoch": epoch})()
    images = torch.rand(5, 1, 8, 8)
    model._measure("train", images)
    expected = [images, model.encoder[0](images), images][epoch]
    assert torch.equal(noise.seen, expected)  # codes are those of undamaged inputs
    assert torch.equal(targets[0], expected)


# Bodies of other kinds, and what comes of them


def convolutional():
    torch.manual_seed(0)
    return StackedAutoencoder(
        [
            nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU()),
            nn.Sequential(nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.ReLU()),
        ],
        [
            nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Sequential(
                nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1),
                nn.ReLU(),
            ),
        ],
        noise=GaussianNoise(0.2),
    )


def test_convolutional_layers_are_trained_too():
    watch, model = Watch(), convolutional()
    fit(model, watch)
    assert watch.moved == [BOTTOM, TOP, sorted(BOTTOM + TOP)]
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 8, 2, 2)
    assert model.reconstruct(torch.zeros(2, 1, 8, 8)).shape == (2, 1, 8, 8)


def test_the_encoder_is_a_plain_module_and_a_body_for_a_classifier(tmp_path):
    model = convolutional()
    fit(model).save_checkpoint(tmp_path / "pretrained.ckpt")
    assert type(model.encoder) is nn.Sequential
    fit(Classifier(nn.Sequential(model.encoder, nn.Flatten(), nn.Linear(32, 10))), max_epochs=1)
    fresh = nn.Sequential(convolutional().encoder, nn.Flatten(), nn.Linear(32, 10))
    report = reuse(fresh, tmp_path / "pretrained.ckpt", layers={"encoder": "0"})
    assert report.loaded == ["0.0.0.weight", "0.0.0.bias", "0.1.0.weight", "0.1.0.bias"]


class InMemoryInputs:
    """Two batches without labels."""

    def __init__(self, inputs):
        self.batches = inputs.chunk(2)

    def __len__(self):
        return 2

    def __iter__(self):
        return iter(self.batches)


def test_a_batch_may_be_inputs_alone():
    model = dense()
    trainer = quiet_trainer(max_epochs=3)
    trainer.fit(model, *(InMemoryInputs(torch.rand(8, 1, 8, 8)) for _ in range(2)))
    assert trainer.global_step == 6


# Resuming and several processes


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, epochs):
    whole, first, rest = dense(), dense(), dense()
    fit(whole)
    with pytest.warns(UserWarning, match="ends before the last") if epochs < 2 else nullcontext():
        fit(first, max_epochs=epochs).save_checkpoint(tmp_path / "part.ckpt")
    fit(rest, resume=tmp_path / "part.ckpt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[name]), name


def test_two_processes_train_the_same_weights(tmp_path, run_program):
    run_program(
        """
        import sys
        import pytorch_lightning as pl
        import torch
        from lightning_modules import Digits, StackedAutoencoder, quiet_trainer

        class Save(pl.Callback):
            def on_train_epoch_end(self, trainer, pl_module):
                name = f"{sys.argv[1]}/{trainer.current_epoch}_{trainer.global_rank}.pt"
                torch.save(pl_module.state_dict(), name)

        if __name__ == "__main__":
            torch.manual_seed(0)
            model = StackedAutoencoder.dense((1, 8, 8), [6, 4])
            trainer = quiet_trainer(
                max_epochs=3, strategy="ddp_fork", devices=2, limit_val_batches=0, callbacks=[Save()]
            )
            trainer.fit(model, Digits(batch_size=16, train_size=64))
        """
    )
    states = [[torch.load(tmp_path / f"{epoch}_{rank}.pt") for rank in range(2)] for epoch in range(3)]
    for zero, one in states:
        assert all(torch.equal(zero[name], one[name]) for name in zero)
    (first, _), (second, _), (third, _) = states
    moved = [
        sorted({name[:9] for name in a if not torch.equal(a[name], b[name])})
        for a, b in ((first, second), (second, third))
    ]
    assert moved == [TOP, sorted(BOTTOM + TOP)]


# Refusals


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StackedAutoencoder([], []), "0 encoders and 0 decoders"),
        (lambda: StackedAutoencoder([nn.Linear(2, 1)], []), "1 encoders and 0 decoders"),
        (lambda: dense(epochs_per_layer=-1), r"for each of the 2 layers, got \[-1, -1\]"),
        (lambda: dense(epochs_per_layer=[1]), r"for each of the 2 layers, got \[1\]"),
        (lambda: StackedAutoencoder.dense((2,), []), r"at least one layer.*got \[\]"),
        (lambda: MaskingNoise(0), "between 0 and 1, got 0"),
        (lambda: MaskingNoise(1), "between 0 and 1, got 1"),
        (lambda: GaussianNoise(0), "positive, got 0"),
    ],
)
def test_arguments_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_decoder_that_gives_back_another_shape_is_refused_by_name():
    model = convolutional()
    model.decoder[1] = nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1)
    with pytest.raises(ValueError, match=r"decoder of layer_1 gives back shape .*7, 7.* output_padding=1"):
        fit(model)


def test_a_run_that_ends_before_the_last_layer_is_warned_of():
    with pytest.warns(UserWarning, match="2 epochs train the layers one by one, and max_epochs=1"):
        fit(dense(), max_epochs=1)


def test_a_run_for_a_try_is_not_warned_of():
    fit(dense(), fast_dev_run=True)


@pytest.mark.filterwarnings("ignore:Found 3 module")
@pytest.mark.parametrize("epoch", [1, 2])
def test_after_an_error_all_layers_are_in_the_mode_that_they_had(epoch):
    class Fails(nn.Module):
        def forward(self, inputs):
            if torch.is_grad_enabled() and model.trainer.current_epoch == epoch:
                raise RuntimeError("as is wanted")
            return inputs

    model = dense(noise=Fails())
    model.encoder[1].eval()  # by its owner
    modes = [module.training for module in model.encoder.modules()]
    with pytest.raises(RuntimeError, match="as is wanted"):
        fit(model)
    assert [module.training for module in model.encoder.modules()] == modes


def test_dropout_of_the_layers_below_rests_while_their_codes_are_learned():
    model = dense()
    model.encoder[0].append(nn.Dropout(0.5))
    model.log = lambda *a, **k: None
    model._trainer = type("Trainer", (), {"current_epoch": 1})()
    images, targets = torch.rand(5, 1, 8, 8), []
    model.loss = lambda output, target: targets.append(target) or nn.functional.mse_loss(output, target)
    model.train()._measure("train", images)
    assert torch.equal(targets[0], model.encoder[0].eval()(images))
