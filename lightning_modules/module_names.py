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


def refuse_string(argument: str, names: object) -> None:
    """Refuse one name where a list of names belongs: its letters would be taken for names.

    Args:
        argument: What it is called where it was given, for the message.
        names: What was given.

    Raises:
        TypeError: If it is a string.
    """
    if isinstance(names, str):
        raise TypeError(f"{argument} must be a list of names, got the string {names!r}. Use [{names!r}].")
