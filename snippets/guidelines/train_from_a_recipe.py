"""How do you get from a new problem to a running training?"""

import torch

import lightning_modules as lm

torch.manual_seed(42)

recipe = lm.recipe("default", depth="shallow")
model = lm.Classifier(recipe.network([64, 100, 100, 10]), recipe=recipe)
trainer = lm.quiet_trainer(max_epochs=20)
trainer.fit(model, lm.Digits())
accuracy = trainer.test(model, lm.Digits())[0]["test/accuracy"]

print(recipe)
print(f"test accuracy {accuracy:.1%}")

assert accuracy > 0.93
