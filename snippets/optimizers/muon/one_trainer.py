"""How do Muon and AdamW train one network in one Trainer?"""

import torch
from torch import nn

import lightning_modules as lm


class Tokens(nn.Module):
    """A digit's rows as eight tokens, their pixels looked up by brightness."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(17, 4)
        self.body = lm.MLP([64 * 4, 60, 60])
        self.norm = nn.LayerNorm(60)
        self.head = nn.Linear(60, 10)

    def forward(self, images):
        return self.head(
            self.norm(self.body(self.embedding((images * 16).long())).relu())
        )


torch.manual_seed(42)
network = Tokens()
split = lm.split_for_muon(network, others=["head"])
print(f"Muon: {', '.join(split.matrices)}")
print(f"AdamW: {', '.join(split.others)}")


def optimizer(parameters):
    return lm.SideBySide(
        torch.optim.Muon(split.matrices.values(), lr=0.02),
        torch.optim.AdamW(split.others.values(), lr=3e-3, fused=True),
    )


trainer = lm.quiet_trainer(max_epochs=3, callbacks=[lm.ClipGradientNorm(1.0)])
model = lm.Classifier(network, optimizer, lm.LinearDecay, interval="step")
data = lm.Digits(batch_size=32, standardize=False)
trainer.fit(model, data)
steps, batches = trainer.global_step, 3 * len(data.train_dataloader())
accuracy = trainer.callback_metrics["val/accuracy"].item()
print(f"{steps} steps of {batches} batches")
assert steps == batches, "two optimizers, and each batch is one step"
assert accuracy > 0.6, "where guessing is a tenth"
assert [group["lr"] for group in trainer.optimizers[0].param_groups] == [0, 0]
