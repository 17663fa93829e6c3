"""A Keras layer is a module of torch. What goes wrong if you take it for one?"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

import lightning_modules as lm


def chain(last):
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.5, name="drop"),
            last,
        ]
    )


keras.utils.set_random_seed(42)
model = chain(keras.layers.Dense(3, name="out"))
module = lm.KerasModule(model)
batch = torch.rand(8, 4)


def is_random(network):
    return not torch.equal(network(batch), network(batch))


mode = {}
for name, network in (("Keras", model), ("KerasModule", module)):
    mode[name] = is_random(network.train()), is_random(network.eval())
    answers = ["yes" if answer else "no" for answer in mode[name]]
    print(f"{name:12} dropout in train(): {answers[0]}, in eval(): {answers[1]}")

parameters = {}
for name, network in (("Keras", model), ("KerasModule", module)):
    parameters[name] = len(list(network.parameters()))
    print(f"{name:12} {parameters[name]} parameters")
print("             buffers:", *[name for name, _ in module.named_buffers()])

unbuilt = keras.Sequential([keras.layers.Dense(3, name="out")])
print(f"not built:   {len(list(unbuilt.parameters()))} parameters")

refused = {}
for trap, broken in (
    ("not built", unbuilt),
    ("no name", chain(keras.layers.Dense(3))),
    (
        "two of a name",
        [
            model.get_layer("out"),
            chain(keras.layers.Dense(3, name="out")).get_layer("out"),
        ],
    ),
):
    try:
        lm.KerasModule(broken)
    except ValueError as error:
        refused[trap] = str(error)
        print(f"\n{trap}:\n{error}")

assert mode == {"Keras": (False, False), "KerasModule": (True, False)}
assert parameters["Keras"] > parameters["KerasModule"] == 4
assert len(refused) == 3
