"""Does the running 90th percentile clip one step in ten?"""

from functools import partial

import torch

import lightning_modules as lm


def train(clipping, rate=0.01):
    """Train for ten epochs of Digits, 400 steps."""
    torch.manual_seed(42)
    network = lm.MLP([64, 100, 100, 100, 10])
    lm.initialize(network)
    sgd = partial(torch.optim.SGD, lr=rate, momentum=0.9)
    trainer = lm.quiet_trainer(max_epochs=10, callbacks=[clipping])
    trainer.fit(lm.Classifier(network, optimizer=sgd), lm.Digits())


clipped = {}
for window in (1_000, 20):
    clipping = lm.ClipGradientPercentile(90, window=window)
    train(clipping)
    clipped[window] = clipping.clipped / clipping.steps
    print(f"of the last {window:,} norms: {clipped[window]:.1%} of steps clipped")

clipping = lm.ClipGradientPercentile(90)
warmup = clipping.warmup
exploded = False
try:
    train(clipping, rate=100.0)
except FloatingPointError:
    exploded = True
    print(
        f"rate 100: over after {clipping.steps} steps, {clipping.clipped} clipped"
    )

assert clipped[1_000] < 0.04 < clipped[20] < 0.2
assert exploded and clipping.steps < warmup and clipping.clipped == 0
