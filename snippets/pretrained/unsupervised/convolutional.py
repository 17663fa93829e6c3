"""Can the layers be convolutions?"""

from functools import partial

import torch
from torch import nn

import lightning_modules as lm

down = partial(nn.Conv2d, kernel_size=3, stride=2, padding=1)
up = partial(
    nn.ConvTranspose2d, kernel_size=3, stride=2, padding=1, output_padding=1
)
torch.manual_seed(42)
encoders = [
    nn.Sequential(down(1, 8), nn.ReLU()),  # 8 x 8 pixels become 4 x 4
    nn.Sequential(down(8, 16), nn.ReLU()),  # and those 2 x 2
]
decoders = [up(8, 1), nn.Sequential(up(16, 8), nn.ReLU())]

stack = lm.StackedAutoencoder(
    encoders, decoders, noise=lm.GaussianNoise(0.3), epochs_per_layer=2
)
history = lm.History()
trainer = lm.quiet_trainer(max_epochs=6, callbacks=[history])
trainer.fit(stack, lm.Digits())
for name in ("val/layer_1", "val/layer_2", "val/whole"):
    print(f"{name}: {history[name][0]:.2f}, at last {history[name][-1]:.2f}")
    assert history[name][-1] < history[name][0]

network = nn.Sequential(stack.encoder, nn.Flatten(), nn.Linear(16 * 2 * 2, 10))
classifier = lm.Classifier(network)
trainer = lm.quiet_trainer(max_epochs=30)
trainer.fit(classifier, lm.Digits(train_size=200))
accuracy = trainer.callback_metrics["val/accuracy"].item()
print(f"below a new head, after 200 labels: accuracy {accuracy:.0%}")
codes = tuple(stack.encoder(torch.zeros(1, 1, 8, 8)).shape[1:])
print("the encoder is a", type(stack.encoder).__name__, "to codes of", codes)
assert codes == (16, 2, 2) and accuracy > 0.7
