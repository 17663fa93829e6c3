"""Every recorded study still gives what it gave: some of its runs, chosen by the commit, are made again.

On a push these are any two of one study, and two quick ones of each other one; with STUDIES=all, as weekly, more of all.
On another kind of processor than the record's they are held to what the other seeds of their settings gave.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from verified_docs.base.config import find, in_ci
from verified_docs.programs.study_file import StudyFile, every_study
from verified_docs.records import record
from verified_docs.running.runner import DataUnavailable, kind_of_this_machine
from verified_docs.studies import again

CONFIG = find(Path(__file__).parent)
STUDIES = list(every_study(CONFIG))


@pytest.fixture(scope="module")
def process() -> Iterator[again.Process]:
    with again.Process(CONFIG) as process:
        yield process


@pytest.mark.parametrize("study", [pytest.param(one, id=one.path.stem) for one in STUDIES])
def test_a_study_still_gives_what_it_gave(study: StudyFile, process: again.Process):
    everything = os.environ.get("STUDIES") == "all"
    pick = again.MANY if everything else again.pick(study, STUDIES, again.commit(CONFIG.root))
    same_kind = kind_of_this_machine(CONFIG).name == record.fresh(study).kind
    try:
        found = again.complaints(study, process, pick, same_kind=same_kind)
    except DataUnavailable as error:
        if in_ci():
            raise
        pytest.skip(f"NOT VERIFIED HERE: {error}")
    except again.TooFewSeeds as error:
        pytest.skip(f"NOT VERIFIED ON THIS KIND OF PROCESSOR: {error}")
    assert not found, "\n".join(found)
