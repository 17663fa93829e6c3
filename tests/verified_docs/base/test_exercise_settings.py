"""Which pages have to have exercises is a setting, and one that is wrong is refused by name."""

import pytest

from verified_docs.base.errors import DocsError
from verified_docs.base.exercise_settings import ExerciseSettings
from verified_docs.base.plain_settings import parsed


def test_pages_are_asked_by_patterns_but_for_those_that_are_spared():
    settings = parsed(ExerciseSettings, "exercises", {"pages": ["a/*.md"], "without": ["*/index.md"]})
    asked = {path: settings.asks(path) for path in ("a/one.md", "a/index.md", "b/one.md", "index.md")}
    assert asked == {"a/one.md": True, "a/index.md": False, "b/one.md": False, "index.md": False}


def test_nothing_is_asked_without_settings():
    assert parsed(ExerciseSettings, "exercises", {}) == ExerciseSettings()
    assert not ExerciseSettings().asks("a/one.md")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "is not a table"),
        ({"leas": 3}, "has no setting 'leas'; it has pages, without, least"),
        ({"levels": "easy"}, "levels is not a list of texts"),
        ({"kinds": [1]}, "kinds is not a list of texts"),
        ({"least": -1}, "least = -1 is not a number of at least 0"),
        ({"seconds": True}, "seconds = True is not a number of at least 0"),
    ],
)
def test_a_wrong_setting_is_refused(table, message):
    with pytest.raises(DocsError, match=message):
        parsed(ExerciseSettings, "exercises", table)
