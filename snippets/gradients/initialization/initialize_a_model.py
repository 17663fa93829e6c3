"""What does one call change in a network of your own?"""

import torch
from torch import nn

from lightning_modules import initialize

torch.manual_seed(42)
network = nn.Sequential(
    nn.Conv2d(1, 16, kernel_size=3),
    nn.BatchNorm2d(16),
    nn.LeakyReLU(0.1),
    nn.Flatten(),
    nn.Linear(16 * 26 * 26, 100),
    nn.SELU(),
    nn.Linear(100, 10),
)
report = initialize(network)
print(report)

chosen = [row.scheme for row in report if row.scheme]
assert chosen == ["he", "lecun", "glorot"]
