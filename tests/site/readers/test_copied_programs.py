"""A program copied from its page, saved in an empty folder and run there, prints what the page shows."""

import pytest
from reader import PATIENCE, Outcome


def test_a_copied_program_prints_what_its_page_shows(reader, project, recorded_here, copied, path, program):
    taken = copied(path)[program]
    name = program.removeprefix("snippets/").removesuffix(".py")
    settings = project.settings_of(name)
    outcome = reader.program(taken.copied, PATIENCE * settings.seconds)
    expected = Outcome(taken.output) if name in recorded_here else Outcome(outcome.printed)
    faults = outcome.unlike(expected, settings)
    if faults:
        pytest.fail("\n".join([f"{program}, copied from /{path}:", *faults]), pytrace=False)
