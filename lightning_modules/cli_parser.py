"""What the command line says of itself: a help that can be read, and errors of one sentence."""

import re
import sys
from argparse import Action
from typing import Any, NoReturn

from jsonargparse import DefaultHelpFormatter
from pytorch_lightning.cli import LightningArgumentParser

_KNOWN = ", known subclasses: "
_MANY = 6


class HelpFormatter(DefaultHelpFormatter):
    """jsonargparse's, without the names of all classes that would do: for a network those are all of torch's modules."""

    def _get_help_string(self, action: Action) -> str:
        before, known, names = super()._get_help_string(action).partition(_KNOWN)
        return before + (known and shortened(names))


def shortened(names: str) -> str:
    """A few names as they are, of many this library's and how many others there are.

    >>> shortened("torch.nn.A, torch.nn.B)")
    ', known subclasses: torch.nn.A, torch.nn.B)'
    >>> shortened("lightning_modules.MLP, torch.A, torch.B, torch.C, torch.D, torch.E, torch.F)")
    ', known subclasses: MLP, and 6 others by their import paths)'

    Args:
        names: Import paths, and the bracket that ends a help text.
    """
    paths = names.removesuffix(")").split(", ")
    if len(paths) <= _MANY:
        return f"{_KNOWN}{names}"
    ours = [path.rpartition(".")[2] for path in paths if path.startswith("lightning_modules.")]
    others = f"{len(paths) - len(ours)} others by their import paths"
    return f"{_KNOWN}{', '.join([*ours, f'and {others}' if ours else others])})"


class Parser(LightningArgumentParser):
    """Lightning's, which shows its help so, and its errors without a hundred lines of usage before them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"formatter_class": HelpFormatter} | kwargs))

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Write the `message`, and the option that was perhaps meant, to stderr; leave with exit code 2."""
        stop("\n".join([message, *self._meant(message)]))

    def _meant(self, message: str) -> list[str]:
        """What to say to unknown options that are the ends of known ones."""
        if not message.startswith("unrecognized arguments"):
            return []
        parsers = [self, *getattr(self._subcommands_action, "_name_parser_map", {}).values()]
        options = dict.fromkeys(option for parser in parsers for option in parser._option_string_actions)
        unknown = re.findall(r"--([\w.]+)", message)
        return [
            f"Did you mean {option}?" for word in unknown for option in options if option.endswith(f".{word}")
        ]


def stop(sentence: str) -> NoReturn:
    """End the program as a wrong argument does: a `sentence` on stderr, exit code 2."""
    sys.stderr.write(f"error: {sentence}\n")
    sys.exit(2)
