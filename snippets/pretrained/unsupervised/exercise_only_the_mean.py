"""What error has an answer that does not look at the image?"""

import lightning_modules as lm

data = lm.Digits()
images = data.train.images.double().flatten(1)
images = (images - images.mean()) / images.std()
answers = {"gray": 0.0, "mean image": images.mean(dim=0)}
error = {
    name: (images - answer).square().mean().item()
    for name, answer in answers.items()
}
for name, one in error.items():
    print(f"{name}: an error of {one:.2f} for each pixel")
assert 0.5 < error["mean image"] < 0.75
assert abs(error["gray"] - 1) < 1e-3
