"""How long a page may take is a setting, and one that is wrong is refused by name."""

import pytest

from verified_docs.base.errors import DocsError
from verified_docs.base.plain_settings import parsed
from verified_docs.base.reading_settings import ReadingSettings


def test_pages_are_asked_by_patterns():
    settings = parsed(ReadingSettings, "reading", {"pages": ["a/*.md"], "minutes": 5})
    assert settings.asks("a/one.md")
    assert not settings.asks("b/one.md")
    assert settings.minutes == 5


def test_nothing_is_asked_without_settings():
    assert parsed(ReadingSettings, "reading", {}) == ReadingSettings()
    assert not ReadingSettings().asks("a/one.md")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "is not a table"),
        ({"minute": 3}, "has no setting 'minute'; it has pages, minutes, apart"),
        ({"apart": "Papers"}, "apart is not a list of texts"),
        ({"pages": [1]}, "pages is not a list of texts"),
        ({"minutes": -1}, "minutes = -1 is not a number of at least 0"),
        ({"minutes": True}, "minutes = True is not a number of at least 0"),
    ],
)
def test_a_wrong_setting_is_refused(table, message):
    with pytest.raises(DocsError, match=message):
        parsed(ReadingSettings, "reading", table)
