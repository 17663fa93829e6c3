"""What does clipping make of a gradient with one infinite number?"""

import torch
from torch import nn

import lightning_modules as lm

weight = nn.Parameter(torch.zeros(3))
weight.grad = torch.tensor([1.0, torch.inf, 1.0])
norm = nn.utils.clip_grad_norm_([weight], max_norm=1.0)
print(f"torch: norm {norm}, left of [1, inf, 1]: {weight.grad.tolist()}")
assert weight.grad.isnan().any()


class OneBadBatch(nn.Module):
    """One layer, whose third batch ends in infinite scores."""

    def __init__(self):
        super().__init__()
        self.layer, self.batches = nn.Linear(64, 10), 0

    def forward(self, images):
        self.batches += self.training
        scores = self.layer(images.flatten(1))
        return scores * torch.inf if self.batches == 3 else scores


refused = ""
for choice in ("raise", "skip"):
    torch.manual_seed(42)
    model = lm.Classifier(OneBadBatch())
    clipping = lm.ClipGradientNorm(1.0, non_finite=choice)
    trainer = lm.quiet_trainer(max_epochs=1, callbacks=[clipping])
    try:
        trainer.fit(model, lm.Digits())
        print(f"skip: {clipping.skipped} of {clipping.steps} steps left out")
    except FloatingPointError as error:
        refused = str(error).split(". ")[0]
        print(f"raise: {refused}.")
assert refused
assert clipping.skipped == 1
assert model.network.layer.weight.isfinite().all()
