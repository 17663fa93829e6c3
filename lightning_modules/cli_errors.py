"""Errors that this library raised on purpose: on the command line their sentence is all there is to say."""

from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb

from lightning_fabric.utilities.exceptions import MisconfigurationException

_LIBRARY = Path(__file__).parent
_MEANT = (ValueError, TypeError, MisconfigurationException)

_OPTIONS = {
    "Set its first width": "--model.network.widths",
    "as many outputs as there are classes": "--model.network.widths",
    "ower the patience": "--model.lr_scheduler.patience, or --trainer.max_epochs for a longer run",
    "would never act": "--trainer.max_epochs for a longer run, or --model.lr_scheduler",
}
"""By words of a sentence, what does on the command line what it advises; the first that fits is said."""


def sentence_of(error: BaseException) -> str | None:
    """What the library says in an error, or in one that led to it, and the option that mends it. None if it says nothing.

    >>> from lightning_modules import MaxNorm
    >>> try:
    ...     MaxNorm(-1.0)
    ... except ValueError as error:
    ...     print(sentence_of(error))
    radius must be positive, got -1.0. To train without the constraint, leave the callback out.
    >>> sentence_of(ValueError("of somebody else's"))

    Args:
        error: That ended a run.
    """
    for one in _chain(error):
        if isinstance(one, _MEANT) and _is_raised_here(one):
            options = [option for words, option in _OPTIONS.items() if words in str(one)]
            return "\n".join([str(one), *(f"On the command line: {option}." for option in options[:1])])
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _is_raised_here(error: BaseException) -> bool:
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return bool(files) and Path(files[-1]).is_relative_to(_LIBRARY)
