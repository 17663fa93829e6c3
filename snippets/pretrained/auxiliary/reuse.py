"""How does the body get below a new head?"""

import torch
from torch import nn

import lightning_modules as lm


def make_body():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )


torch.manual_seed(42)
task = lm.AuxiliaryTask(make_body(), head=nn.Linear(16 * 2 * 2, 4))
trainer = lm.quiet_trainer(max_epochs=5)
trainer.fit(task, lm.Digits())  # never looks at the labels
trainer.save_checkpoint("rotations.ckpt")
told = trainer.callback_metrics["val/accuracy"].item()
print(f"right about {told:.0%} of the turned digits")

network = nn.Sequential(make_body(), nn.Linear(16 * 2 * 2, 10))
classifier = lm.Classifier(network)
report = lm.reuse(classifier, "rotations.ckpt", layers={"body": "network.0"})
print(report)
same = all(
    torch.equal(ours, theirs)
    for ours, theirs in zip(
        network[0].state_dict().values(),
        task.body.state_dict().values(),
        strict=True,
    )
)

trainer = lm.quiet_trainer(max_epochs=100, check_val_every_n_epoch=100)
trainer.fit(classifier, lm.Digits(train_size=50))  # 50 labels
accuracy = trainer.callback_metrics["val/accuracy"].item()
print(f"ten digits after 50 labels: {accuracy:.0%}")

assert same and told > 0.7 and accuracy > 0.6
