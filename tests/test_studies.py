"""Every recorded study still gives what it gave: two of its runs, chosen by the commit, are made again."""

from pathlib import Path

import pytest

from verified_docs import processor
from verified_docs.config import find, in_ci
from verified_docs.runner import DataUnavailable
from verified_docs.studies import again
from verified_docs.studies.file import StudyFile, every_study

CONFIG = find(Path(__file__).parent)


@pytest.mark.parametrize("study", [pytest.param(one, id=one.path.stem) for one in every_study(CONFIG)])
def test_a_study_still_gives_what_it_gave(study: StudyFile):
    if not processor.gives_the_recorded_numbers(CONFIG):
        pytest.skip(f"this processor lacks {CONFIG.processor_flag}, which the records are made with")
    try:
        found = again.complaints(study)
    except DataUnavailable as error:
        if in_ci():
            raise
        pytest.skip(f"NOT VERIFIED HERE: {error}")
    assert not found, "\n".join(found)
