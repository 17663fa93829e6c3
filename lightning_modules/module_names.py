"""Names of modules and tensors inside a model, with dots."""


def is_within(name: str, root: str) -> bool:
    """Whether `name` is `root`, or the name of something inside it; everything is inside the model itself, "".

    >>> [is_within(name, "layer1") for name in ("layer1", "layer1.0.weight", "layer10")]
    [True, True, False]

    Args:
        name: Of a module, parameter or buffer.
        root: Of a module.
    """
    return root == "" or name == root or name.startswith(f"{root}.")
