"""What do folding and 16 bits change in a network's answers?"""

import torch

import lightning_modules as lm


def measure(network):
    """Accuracy on the test images, and the scores."""
    with torch.no_grad():
        scores = network(data.test.images)
    right = (scores.argmax(dim=1) == data.test.labels).float().mean().item()
    return right, scores


torch.manual_seed(42)
data = lm.FashionMNIST(batch_size=64, train_size=10_000)
recipe = lm.recipe("default", depth="deep", schedule=None)
network = recipe.network([784] + [100] * 20 + [10])
lm.quiet_trainer(max_epochs=2).fit(lm.Classifier(network, recipe=recipe), data)

accuracy, kept, kilobytes = {}, {}, {}
for name, fast in (
    ("as trained", network.eval()),
    ("folded", lm.low_latency(network)),
    ("folded, bfloat16", lm.low_latency(network, dtype=torch.bfloat16)),
):
    accuracy[name], scores = measure(fast)
    if name == "as trained":
        answers = scores.argmax(dim=1)
    kept[name] = (scores.argmax(dim=1) == answers).float().mean().item()
    kilobytes[name] = sum(p.nbytes for p in fast.state_dict().values()) / 1000
    print(
        f"{name:17} accuracy {accuracy[name]:.1%}, {kilobytes[name]:.0f} kB,",
        end=" ",
    )
    print(f"answers kept {kept[name]:.1%}")

assert kept["folded"] > 0.999
assert kept["folded, bfloat16"] > 0.97
assert abs(accuracy["folded, bfloat16"] - accuracy["as trained"]) < 0.01
