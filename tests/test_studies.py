"""Every recorded study still gives what it gave: two of its runs, chosen by the commit, are made again.

On another kind of processor than the record's they are held to what the other seeds of their settings gave.
"""

from pathlib import Path

import pytest

from verified_docs.base.config import find, in_ci
from verified_docs.programs.study_file import StudyFile, every_study
from verified_docs.records import record
from verified_docs.running.runner import DataUnavailable, kind_of_this_machine
from verified_docs.studies import again

CONFIG = find(Path(__file__).parent)


@pytest.mark.parametrize("study", [pytest.param(one, id=one.path.stem) for one in every_study(CONFIG)])
def test_a_study_still_gives_what_it_gave(study: StudyFile):
    same_kind = kind_of_this_machine(CONFIG).name == record.fresh(study).kind
    try:
        found = again.complaints(study, same_kind=same_kind)
    except DataUnavailable as error:
        if in_ci():
            raise
        pytest.skip(f"NOT VERIFIED HERE: {error}")
    except again.TooFewSeeds as error:
        pytest.skip(f"NOT VERIFIED ON THIS KIND OF PROCESSOR: {error}")
    assert not found, "\n".join(found)
