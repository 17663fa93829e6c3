"""A notebook downloaded from the site runs from top to bottom in Jupyter, and gives the outputs that it came with."""

from dataclasses import replace

import pytest
from browsing import SITE
from reader import PATIENCE, in_notebook


def test_a_downloaded_notebook_gives_its_outputs(reader, project, recorded_here, notebook):
    text = (SITE / "downloads" / f"{notebook}.ipynb").read_text(encoding="utf-8")
    settings = project.settings_of(notebook)
    outcome = reader.notebook(text, PATIENCE * settings.seconds)
    expected = in_notebook(text)
    if notebook not in recorded_here:
        expected = replace(expected, printed=outcome.printed)
    faults = outcome.unlike(expected, settings)
    if faults:
        pytest.fail("\n".join([f"downloads/{notebook}.ipynb:", *faults]), pytrace=False)
