"""Which parameters of a model are weights: by name, and by type?"""

from torch import nn

import lightning_modules as lm

model = nn.Sequential(
    nn.Conv2d(1, 8, 3),
    nn.BatchNorm2d(8),
    nn.PReLU(8),
    nn.Flatten(),
    nn.Linear(8 * 26 * 26, 10),
)


def looks_exempt(name):
    """The filter by name that many programs have."""
    return "bias" in name or "norm" in name


by_type = lm.split_parameters(model)
mistaken = []
print("parameter   of          by name   by type")
for name, _ in model.named_parameters():
    kind = type(model.get_submodule(name.partition(".")[0])).__name__
    guess = "exempt" if looks_exempt(name) else "decay"
    truth = "decay" if name in by_type.penalized else "exempt"
    mistaken += [name] * (guess != truth)
    print(f"{name:11} {kind:11} {guess:9} {truth}")

groups = lm.decay_groups(model, weight_decay=0.01)
for group in groups:
    print(f"weight_decay {group['weight_decay']}: {len(group['params'])} tensors")

assert mistaken == ["1.weight", "2.weight"]
