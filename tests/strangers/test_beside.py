"""Pieces of the library beside Lightning's own callbacks do what the table on docs/importing.md says."""

from zlib import crc32

import pytest
import record_beside
from beside import CALLBACKS, PIECES, every_pair
from outcomes import BROKEN, REFUSES, WORKS
from test_strangers import ALL

RECORD = record_beside.load()
RECORDED = record_beside.outcomes_in(RECORD)
AGAIN = f"if that is right, record the table again: {record_beside.COMMAND}"

# A push a piece of each callback's row.
DUE = [
    (callback, piece)
    for callback, piece in every_pair()
    if ALL or piece == list(PIECES)[crc32(callback.encode()) % len(PIECES)]
]


@pytest.mark.parametrize(("callback", "piece"), DUE)
def test_a_piece_beside_a_callback_does_what_the_table_says(callback, piece):
    found, text = record_beside.found_of(callback, piece)
    assert found.says != BROKEN, text
    assert found == RECORDED[callback, piece], AGAIN


def test_the_record_has_each_pair_and_none_is_broken():
    assert list(RECORDED) == every_pair(), AGAIN
    assert [row["name"] for row in RECORD["rows"]] == list(CALLBACKS)
    assert {one.says for one in RECORDED.values()} == {WORKS, REFUSES}
