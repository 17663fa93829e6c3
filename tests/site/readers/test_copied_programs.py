"""A program copied from its page, saved in an empty folder and run there, prints what the page shows."""

import pytest
from reader import PATIENCE, Outcome

from verified_docs.processor import gives_the_recorded_numbers


def test_a_copied_program_prints_what_its_page_shows(reader, project, copied, path, program):
    taken = copied(path)[program]
    settings = project.settings_of(program.removeprefix("snippets/").removesuffix(".py"))
    outcome = reader.program(taken.copied, PATIENCE * settings.seconds)
    expected = Outcome(taken.output) if gives_the_recorded_numbers(project) else Outcome(outcome.printed)
    faults = outcome.unlike(expected, settings)
    if faults:
        pytest.fail("\n".join([f"{program}, copied from /{path}:", *faults]), pytrace=False)
