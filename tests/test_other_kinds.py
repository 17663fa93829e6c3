"""The records themselves, as if each processor that is known were not: nothing that is right may fail there."""

from pathlib import Path

import pytest

from verified_docs import record
from verified_docs.config import find
from verified_docs.kinds_shown import outcomes, quoted_otherwise
from verified_docs.pages import every_quote
from verified_docs.snippet import Snippet, every_snippet

CONFIG = find(Path(__file__).parent)
QUOTES = every_quote(CONFIG)


@pytest.mark.parametrize("snippet", list(every_snippet(CONFIG)), ids=lambda snippet: snippet.name)
def test_a_known_processor_would_pass_if_it_were_not_known(snippet: Snippet):
    found = outcomes(snippet, record.fresh(snippet), QUOTES.get(snippet.name, []))
    wrong = [line for name, one in found.items() for line in (name, *one.failed) if one.failed]
    assert not wrong, "\n".join(wrong)


def test_the_prose_says_the_same_on_every_known_kind():
    assert not quoted_otherwise(CONFIG)
