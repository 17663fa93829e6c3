"""lightning_modules.compression.latency. How fast it is, `benchmarks/` measures."""

import pytest
import torch
from torch import nn

from lightning_modules import MLP, Classifier, InPrecision, low_latency, quiet_trainer


class Branch(nn.Module):
    """What follows what can be seen only by calling it."""

    def __init__(self):
        super().__init__()
        self.layer, self.norm = nn.Linear(8, 8), nn.BatchNorm1d(8)

    def forward(self, inputs):
        return inputs + self.norm(self.layer(inputs))


def normalized():
    torch.manual_seed(0)
    network = MLP([20, 30, 30, 4], nn.ReLU, nn.BatchNorm1d)
    for _ in range(5):
        network(3 * torch.randn(64, 20) + 1)  # statistics that differ from 0 and 1
    return network


def test_the_copy_answers_alike_without_batch_normalization():
    network, inputs = normalized(), torch.randn(50, 20)
    fast = low_latency(network)
    assert not any(isinstance(module, nn.BatchNorm1d) for module in fast.modules())
    assert torch.allclose(fast(inputs), network.eval()(inputs), atol=1e-5)


def test_the_model_is_left_as_it_is():
    network = normalized().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    low_latency(network, dtype=torch.bfloat16)
    assert all(module.training for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, before[name])


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_the_copy_is_for_inference(dtype):
    fast = low_latency(normalized(), dtype=dtype)
    assert not any(module.training for module in fast.modules())
    assert not fast(torch.randn(2, 20)).requires_grad


def test_bfloat16_is_right_to_a_hundredth_and_takes_half_the_memory():
    network, inputs = normalized(), torch.randn(50, 20)
    fast, half = low_latency(network), low_latency(network, dtype=torch.bfloat16)
    expected = fast(inputs)
    answer = half(inputs)
    assert answer.dtype == torch.float32
    assert 0 < (answer - expected).abs().max() < 0.02 * expected.abs().max()
    assert [p.nbytes * 2 for p in half.parameters()] == [p.nbytes for p in fast.parameters()]


def test_what_is_no_number_with_a_point_reaches_the_model_as_it_is():
    model = InPrecision(nn.Embedding(5, 3), torch.bfloat16)
    assert model(torch.tensor([0, 4])).shape == (2, 3)


def test_a_model_with_an_order_of_its_own_needs_an_example():
    with pytest.raises(ValueError, match=r"norm: it cannot be seen what comes before it. Pass example="):
        low_latency(Branch())
    inputs = torch.randn(4, 8)
    assert type(low_latency(Branch(), inputs).norm) is nn.Identity


def test_a_classifier_tests_alike_with_the_fast_copy():
    model = Classifier(normalized())
    batches = [(torch.randn(10, 20), torch.randint(4, (10,))) for _ in range(3)]
    loader = torch.utils.data.DataLoader(batches, batch_size=None, num_workers=0)
    trainer = quiet_trainer()
    expected = trainer.test(model, loader)[0]["test/loss"]
    fast = Classifier(low_latency(model.network))
    assert trainer.test(fast, loader)[0]["test/loss"] == pytest.approx(expected, rel=1e-5)


def test_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"floating-point format such as torch.bfloat16, got torch.int8"):
        low_latency(normalized(), dtype=torch.int8)
