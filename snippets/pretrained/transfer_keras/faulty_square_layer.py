"""Take two layers over from Keras to torch: do both find the same classes?"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch
from torch import nn

keras.utils.set_random_seed(42)
images = torch.randn(1000, 64)
dense = keras.layers.Dense(64, activation="relu", use_bias=False)
top = keras.layers.Dense(10, use_bias=False)
by_keras = top(dense(images)).argmax(dim=1)

linear, head = nn.Linear(64, 64, bias=False), nn.Linear(64, 10, bias=False)
with torch.no_grad():
    head.weight.copy_(torch.tensor(top.kernel.numpy()).T)
    linear.weight.copy_(torch.tensor(dense.kernel.numpy()))
by_torch = head(linear(images).relu()).argmax(dim=1)

same = (by_torch == by_keras).double().mean().item()
print(f"the same class for {same:.0%} of the images")
assert same < 0.7
