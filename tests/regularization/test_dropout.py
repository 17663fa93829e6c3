"""lightning_modules.regularization.dropout: where dropout goes, and of which kind."""

import warnings

import pytest
import torch
from torch import nn

from lightning_modules import MLP, Classifier, Digits, add_dropout, quiet_trainer


class Net(nn.Module):
    """Not an nn.Sequential: its order is that of the definitions."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.act = nn.ReLU()
        self.block = nn.Sequential(nn.Flatten(), nn.Linear(4 * 6 * 6, 8), nn.SELU())
        self.head = nn.Linear(8, 3)
        self.out = nn.Sigmoid()

    def forward(self, images):
        return self.out(self.head(self.block(self.act(self.conv(images)))))


def test_dropout_follows_each_hidden_activation():
    model = MLP([64, 8, 8, 10])
    added = add_dropout(model, 0.2)
    assert list(added) == ["2", "4"]
    assert [type(layer).__name__ for layer in model] == [
        "Flatten", "Linear", "Sequential", "Linear", "Sequential", "Linear",
    ]  # fmt: skip
    assert all(isinstance(dropout, nn.Dropout) and dropout.p == 0.2 for dropout in added.values())
    assert model[2][1] is added["2"]


def test_any_module_will_do_and_the_outputs_activation_is_left_alone():
    model = Net()
    added = add_dropout(model, 0.3)
    assert {name: type(dropout) for name, dropout in added.items()} == {
        "act": nn.Dropout,
        "block.2": nn.AlphaDropout,
    }
    assert isinstance(model.out, nn.Sigmoid)


def test_weights_keep_their_names_and_evaluation_its_outputs():
    plain, dropped = Net().eval(), Net()
    add_dropout(dropped, 0.5)
    dropped.load_state_dict(plain.state_dict())
    images = torch.randn(2, 1, 8, 8)
    assert torch.equal(plain(images), dropped.eval()(images))
    dropped.train()
    assert not torch.equal(dropped(images), dropped(images))


def test_a_model_in_evaluation_mode_stays_in_it():
    model = MLP([64, 8, 10]).eval()
    dropout = add_dropout(model, 0.5)["2"]
    assert not dropout.training


def test_places_and_kinds_can_be_chosen():
    model = Net()
    added = add_dropout(model, 0.1, after=["act"], dropout=nn.Dropout2d)
    assert {name: type(dropout) for name, dropout in added.items()} == {"act": nn.Dropout2d}
    assert isinstance(model.block[2], nn.SELU)


def test_a_shared_activation_gets_one_dropout():
    shared = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 4), shared, nn.Linear(4, 4), shared, nn.Linear(4, 2))
    assert len(add_dropout(model, 0.2)) == 1
    assert model[1] is model[3]


def test_dropped_outputs_keep_their_mean():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    add_dropout(model, 0.4)
    outputs = model[1](torch.ones(200_000))
    assert outputs.mean().item() == pytest.approx(1, abs=0.01)
    assert outputs.unique().tolist() == pytest.approx([0, 1 / 0.6])


def test_alpha_dropout_keeps_mean_and_variance_of_selus_outputs():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 1), nn.SELU(), nn.Linear(1, 1))
    add_dropout(model, 0.4)
    outputs = model[1](torch.randn(400_000))
    assert outputs.mean().item() == pytest.approx(0, abs=0.01)
    assert outputs.var().item() == pytest.approx(1, abs=0.01)


def test_a_model_with_dropout_trains_and_predicts():
    torch.manual_seed(0)
    network = MLP([64, 32, 10])
    add_dropout(network, 0.2)
    trainer = quiet_trainer(max_epochs=3)
    model = Classifier(network)
    trainer.fit(model, Digits())
    assert trainer.validate(model, Digits())[0]["val/accuracy"] > 0.5


# Warnings and refusals


@pytest.mark.parametrize(
    ("activation", "dropout", "message"),
    [
        (nn.ReLU(), nn.AlphaDropout, "keeps mean and variance only of SELU's outputs"),
        (nn.ReLU(), nn.FeatureAlphaDropout, "keeps mean and variance only of SELU's outputs"),
        (nn.SELU(), nn.Dropout, "raises the variance that SELU networks live by"),
    ],
)
def test_a_kind_that_does_not_fit_its_activation_warns(activation, dropout, message):
    model = nn.Sequential(nn.Linear(4, 4), activation, nn.Linear(4, 2))
    with pytest.warns(UserWarning, match=message) as caught:
        add_dropout(model, 0.2, dropout=dropout)
    assert caught[0].filename == __file__


def test_a_kind_that_fits_does_not_warn():
    model = nn.Sequential(nn.Linear(4, 4), nn.SELU(), nn.Linear(4, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        add_dropout(model, 0.2, dropout=nn.AlphaDropout)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_rate_is_a_probability_below_one(rate):
    with pytest.raises(ValueError, match=f"got {rate}"):
        add_dropout(MLP([64, 8, 10]), rate)


def test_names_must_be_known_and_in_a_list():
    with pytest.raises(ValueError, match="MLP has no submodule '7'"):
        add_dropout(MLP([64, 8, 10]), 0.2, after=["7"])
    with pytest.raises(TypeError, match="got the string '2'"):
        add_dropout(MLP([64, 8, 10]), 0.2, after="2")


def test_dropout_is_not_put_behind_dropout():
    model = MLP([64, 8, 10])
    add_dropout(model, 0.2)
    with pytest.raises(ValueError, match=r"2.0 already has dropout behind it"):
        add_dropout(model, 0.2)


def test_a_model_without_hidden_activation_modules_is_refused():
    with pytest.raises(ValueError, match=r"Functions such as F.relu are not seen"):
        add_dropout(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)), 0.2)
    with pytest.raises(ValueError, match=r"There is 1, after the last layer: name it"):
        add_dropout(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), 0.2)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_a_compiled_network_that_has_run_drops_what_it_is_told_to():
    network, x = nn.Sequential(nn.Linear(4, 50), nn.ReLU(), nn.Linear(50, 2)), torch.ones(1, 4)
    compiled = torch.compile(network, backend="eager")
    compiled(x)
    assert list(add_dropout(compiled, 0.5)) == ["1"]
    assert not torch.equal(compiled(x), compiled(x))
