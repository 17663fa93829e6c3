"""Every piece of the library on modules that know nothing of it, and docs/importing.md's table of what comes of it.

On each push every piece is used in a plain training of one stranger; STRANGERS=all tries all that the table has.
"""

import os
from zlib import crc32

import pytest
import recorded
import torch
from fitting import CIRCUMSTANCES, LIGHTNING, PLAIN, RESUMED, STRANGERS, TWO_PROCESSES, Fit
from not_pieces import NOT_PIECES
from of_lightning import of_lightning
from outcomes import BROKEN, MEANINGLESS, REFUSES, WORKS, Outcome, outcome_of
from pieces import Piece, every_piece
from pytorch_lightning import Callback
from two_processes import in_two_processes

import lightning_modules
from lightning_modules import MaxNorm

ALL = os.environ.get("STRANGERS") == "all"
PIECES = every_piece()
RECORD = recorded.load()
RECORDED = recorded.outcomes_in(RECORD)
AGAIN = f"if that is right, record the table again: {recorded.COMMAND}"


def is_due(name: str, who: str, circumstance: str) -> bool:
    if circumstance in (TWO_PROCESSES, LIGHTNING):
        return False  # all of them together, below
    one = list(STRANGERS)[crc32(name.encode()) % len(STRANGERS)]
    return ALL or (circumstance == PLAIN and who == one)


DUE = [
    key for name in PIECES for who in STRANGERS for one in CIRCUMSTANCES if is_due(*(key := (name, who, one)))
]


@pytest.mark.parametrize(("name", "who", "circumstance"), DUE)
def test_a_piece_does_on_a_strangers_module_what_the_table_says(name, who, circumstance):
    found, text = outcome_of(PIECES[name], who, circumstance)
    assert found.says != BROKEN, text
    assert found == RECORDED.get((name, who, circumstance)), AGAIN


@pytest.mark.skipif(not ALL, reason="two processes are for STRANGERS=all")
def test_pieces_do_in_two_processes_what_the_table_says():
    together = in_two_processes()
    assert together.keys() == {(name, who) for name in PIECES for who in STRANGERS}, "they ended too early"
    for (name, who), (found, text) in together.items():
        assert found.says != BROKEN, f"{name}, {who}: {text}"
        assert found == RECORDED.get((name, who, TWO_PROCESSES)), f"{name}, {who}: {AGAIN}"


def test_pieces_do_on_strangers_of_lightning_what_the_table_says():
    names = list(PIECES) if ALL else list(PIECES)[crc32(b"lightning") % 7 :: 7]
    found = of_lightning(names)
    assert found.keys() == {(name, who) for name in names for who in STRANGERS}
    for (name, who), (outcome, text) in found.items():
        assert outcome.says != BROKEN, f"{name}, {who}: {text}"
        assert outcome == RECORDED.get((name, who, LIGHTNING)), f"{name}, {who}: {AGAIN}"


def test_every_public_name_is_in_the_table_or_is_said_to_be_no_piece():
    public = set(lightning_modules.__all__)
    assert public - PIECES.keys() - NOT_PIECES.keys() == set(), (
        "tests/strangers/: use it, or say why it is no piece"
    )
    assert PIECES.keys() & NOT_PIECES.keys() == set()
    assert PIECES.keys() | NOT_PIECES.keys() == public


def test_the_record_has_each_piece_in_each_circumstance_and_none_is_broken():
    rows = [(piece.name, piece.page) for piece in PIECES.values()]
    assert [(row["name"], row["page"]) for row in RECORD["rows"]] == rows, AGAIN
    assert RECORD["columns"][1:] == list(CIRCUMSTANCES), AGAIN
    assert {one.says for one in RECORDED.values()} == {WORKS, REFUSES, MEANINGLESS}
    assert all((one.why is None) == (one.says == WORKS) for one in RECORDED.values())


# The tests can fail


def outcome(program, circumstance: str = PLAIN) -> Outcome:
    return outcome_of(Piece("made up", "", program), "images", circumstance)[0]


def test_a_piece_that_does_not_do_its_job_is_broken():
    def does_not(fit: Fit) -> None:
        fit.train(fit.new())
        assert 1 > 2, "it did not"

    assert outcome(does_not) == Outcome(BROKEN, "AssertionError: it did not")


def test_an_error_that_the_library_did_not_mean_is_broken():
    def stumbles(fit: Fit) -> None:
        fit.train(fit.new(), MaxNorm("long"))

    def elsewhere(fit: Fit) -> None:
        torch.zeros(2).view(3, 3).tolist()

    assert outcome(stumbles).says == BROKEN
    assert outcome(elsewhere).says == BROKEN


def test_what_the_library_refuses_is_a_refusal_by_its_first_line():
    refused = outcome(lambda fit: fit.train(fit.new(), MaxNorm(-1.0)))
    assert refused.says == REFUSES
    assert refused.why.startswith("radius must be positive, got -1.0")


def test_a_callback_that_a_checkpoint_forgets_is_broken():
    class Forgetful(Callback):
        """Adds to a weight at its third step, counted by itself."""

        steps = 0

        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            self.steps += 1
            if self.steps == 3:
                pl_module.head.bias.data += 0.1

    found = outcome(lambda fit: fit.train(fit.new(), Forgetful()), RESUMED)
    assert found.says == BROKEN
    assert "a resumed run ends with another" in found.why
    assert outcome(lambda fit: fit.train(fit.new()), RESUMED).says == WORKS
