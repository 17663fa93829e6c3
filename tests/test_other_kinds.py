"""The records themselves, as if each processor that is known were not."""

from collections import Counter
from pathlib import Path

from verified_docs.base.config import find
from verified_docs.pages.page import every_quote
from verified_docs.programs.snippet import every_snippet
from verified_docs.records import record
from verified_docs.site.kinds_shown import outcomes, quoted_otherwise

CONFIG = find(Path(__file__).parent)
QUOTES = every_quote(CONFIG)


def test_a_processor_would_pass_if_it_were_not_known():
    """But for one program in fifty, where it moves a number further than all others do: that is why it is added."""
    failed: dict[str, list[str]] = {}
    known: Counter[str] = Counter()
    for snippet in every_snippet(CONFIG):
        for name, one in outcomes(snippet, record.fresh(snippet), QUOTES.get(snippet.name, [])).items():
            known[name] += 1
            failed.setdefault(name, []).extend("\n".join([snippet.name, *one.failed]) for _ in one.failed[:1])
    for name, programs in failed.items():
        assert len(programs) <= known[name] / 50, f"{name}:\n" + "\n".join(programs)


def test_the_prose_says_the_same_on_every_known_kind():
    assert not quoted_otherwise(CONFIG)
