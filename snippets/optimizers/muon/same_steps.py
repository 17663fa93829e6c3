"""Does the equation make torch's steps, and go on from torch's states?"""

from itertools import islice

import torch
from torch import nn

import lightning_modules as lm

batches = list(islice(lm.Digits(batch_size=32).train_dataloader(), 25)) * 4


def train(before, after):
    """The weights after 100 steps; the optimizer is replaced after 50."""
    torch.manual_seed(42)
    network = lm.MLP([64, 30, 30, 10]).double()
    optimizer = before(lm.split_for_muon(network, others=["5"]))
    for step, (images, labels) in enumerate(batches):
        if step == 50:
            state = optimizer.state_dict()
            optimizer = after(lm.split_for_muon(network, others=["5"]))
            optimizer.load_state_dict(state)
        loss = nn.functional.cross_entropy(network(images.double()), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return nn.utils.parameters_to_vector(network.parameters())


def beside_adamw(muon, split):
    return lm.SideBySide(
        muon(split.matrices.values(), lr=1e-2, weight_decay=0.1),
        torch.optim.AdamW(split.others.values(), lr=1e-2),
    )


def ours(split):
    return beside_adamw(lm.Muon, split)


def torchs(split):
    return beside_adamw(torch.optim.Muon, split)


reference = train(torchs, torchs)
for name, before, after in (
    ("ours all the way", ours, ours),
    ("ours, then torch's", ours, torchs),
    ("torch's, then ours", torchs, ours),
):
    apart = (train(before, after) - reference).abs().max() / reference.abs().max()
    assert apart < 1e-9
    print(f"{name}: the weights of torch.optim after 100 steps, to nine digits")
