"""What reaches the optimizer when clipping stands in the wrong place?"""

import torch
from torch import nn

import lightning_modules as lm

images, labels = next(iter(lm.Digits(batch_size=64).train_dataloader()))
largest = 0.5
used = {}


def clip_if(this_is_the_place):
    if this_is_the_place:
        nn.utils.clip_grad_norm_(network.parameters(), largest)


for place in (
    "unscaled, before the step",
    "before unscaling",
    "after the step",
    "before backward",
):
    torch.manual_seed(42)
    network = lm.MLP([64, 100, 100, 10])
    lm.initialize(network)
    start = nn.utils.parameters_to_vector(network.parameters()).detach().double()
    sgd = torch.optim.SGD(network.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler("cpu")  # as in 16-bit training
    scale = scaler.get_scale()
    loss = nn.functional.cross_entropy(network(images), labels)

    sgd.zero_grad()
    clip_if(place == "before backward")
    scaler.scale(loss).backward()
    clip_if(place == "before unscaling")
    scaler.unscale_(sgd)
    clip_if(place == "unscaled, before the step")
    scaler.step(sgd)
    clip_if(place == "after the step")
    scaler.update()

    end = nn.utils.parameters_to_vector(network.parameters()).detach().double()
    used[place] = (end - start).norm().item()  # the rate is 1
    print(f"{place}: a step of length {used[place]:.1g}")

right, before_unscaling, *too_late_or_early = used.values()
assert abs(right - largest) < 1e-3
assert before_unscaling < 1e-4, "clipped, then divided by the scale"
assert min(too_late_or_early) > 2 * largest, "not clipped at all"
