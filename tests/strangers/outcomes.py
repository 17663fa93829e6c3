"""What comes of a piece on a stranger's module: it works, it refuses with a reason, or it is broken."""

import hashlib
import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from fitting import RESUMED, Fit, parameters
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pieces import Piece

import lightning_modules

LIBRARY = Path(lightning_modules.__file__).parent

WORKS, REFUSES, MEANINGLESS, BROKEN = "works", "refuses", "—", "broken"


@dataclass(frozen=True)
class Outcome:
    """One of the four words above and, but for the first, why: the first line of what the piece says."""

    says: str
    why: str | None = None


def outcome_of(piece: Piece, stranger: str, circumstance: str) -> tuple[Outcome, str]:
    """Use the piece once; the text beside the outcome is the digest of the trained weights, or a traceback."""
    if circumstance in piece.meaningless:
        return Outcome(MEANINGLESS, piece.meaningless[circumstance]), ""
    try:
        with warnings.catch_warnings():
            # Of loaders without workers, for example: that is the stranger's business.
            warnings.simplefilter("ignore")
            fit = _resumed(piece, stranger) if circumstance == RESUMED else Fit(stranger, circumstance)
            if circumstance != RESUMED:
                piece.program(fit)
        return Outcome(WORKS), _digest(fit)
    except Exception as error:
        first_line = str(error).strip().partition("\n")[0]
        if _is_refusal(error):
            return Outcome(REFUSES, first_line), ""
        return Outcome(BROKEN, f"{type(error).__name__}: {first_line}"), traceback.format_exc()


def _resumed(piece: Piece, stranger: str) -> Fit:
    """A run that goes on from the first epoch's checkpoint must end with the bits of the one that wrote it."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Fit(stranger, RESUMED, keep=Path(folder))
        piece.program(whole)
        rest = Fit(stranger, RESUMED, resume=Path(folder) / "epoch=0.ckpt")
        piece.program(rest)
    assert whole.model is not None and rest.model is not None
    ours, theirs = whole.model.state_dict(), rest.model.state_dict()
    apart = [name for name in ours if not torch.equal(ours[name], theirs[name])]
    assert not apart, f"a resumed run ends with another {', '.join(apart)}"
    return rest


def _digest(fit: Fit) -> str:
    if fit.model is None:
        return ""
    numbers = [p.numpy().tobytes() for p in parameters(fit.model).values() if p.dtype == torch.float32]
    return hashlib.sha256(b"".join(numbers)).hexdigest()


def _is_refusal(error: Exception) -> bool:
    """Whether the library has raised it on purpose."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    kinds = (ValueError, TypeError, MisconfigurationException)
    is_meant = (place.line or "").startswith("raise ")
    return is_meant and isinstance(error, kinds) and Path(place.filename).is_relative_to(LIBRARY)
