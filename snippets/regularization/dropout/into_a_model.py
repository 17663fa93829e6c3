"""Where does dropout go in a model that exists?"""

import torch
from torch import nn

import lightning_modules as lm


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.act = nn.ReLU()
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(5408, 32), nn.SELU())
        self.head = nn.Linear(32, 10)
        self.answer = nn.Softmax(dim=1)

    def forward(self, images):
        features = self.dense(self.act(self.conv(images)))
        return self.answer(self.head(features))


torch.manual_seed(42)
plain, model = Net().eval(), Net()
for name, dropout in lm.add_dropout(model, rate=0.2).items():
    print(f"after {name}: {dropout}")

model.load_state_dict(plain.state_dict())  # the names are what they were
images = torch.randn(2, 1, 28, 28)
alike = torch.equal(model.eval()(images), plain(images))
print("in evaluation nothing has changed:", alike)

assert alike and isinstance(model.answer, nn.Softmax)
