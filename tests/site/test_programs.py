"""What a reader takes away from a page is the program itself, to the letter."""

import contextlib
import re

import nbformat
import pytest
from browsing import ROOT, file_of, pages, programs
from copying import shown

DOWNLOAD = re.compile(r'href="([^"]*)" download')


@pytest.fixture
def page(desk, address, program_path):
    with contextlib.closing(desk.new_page()) as page:
        page.goto(f"{address}/{program_path}")
        yield page


def test_copying_a_program_copies_the_file(page):
    for one in shown(page):
        program = (ROOT / one.program).read_text(encoding="utf-8")
        assert one.copied.rstrip("\n") == program.rstrip("\n"), one.program


def test_every_download_is_the_program_or_a_notebook(site, program_path):
    page = file_of(site, program_path)
    before, *results = page.read_text(encoding="utf-8").split('data-program="')
    assert not DOWNLOAD.search(before), "a download above the first program's results"
    for one in results:
        program, _, rest = one.partition('"')
        links = DOWNLOAD.findall(rest)
        assert links, f"{program} cannot be downloaded"
        for link in links:
            data = (page.parent / link).read_bytes()
            if link.endswith(".py"):
                assert data == (ROOT / program).read_bytes(), link
            else:
                nbformat.validate(nbformat.reads(data.decode("utf-8"), as_version=4))


def test_the_programs_shown_are_files(site):
    found = {program for path in pages() for program in programs(site, path)}
    assert found, "no page of the site shows a program with its results"
    assert not [program for program in found if not (ROOT / program).is_file()]


def test_names_of_the_library_in_programs_lead_to_the_api(site):
    for path in pages():
        if path.endswith(".html"):
            continue
        ours = [
            one
            for one in programs(site, path)
            if "lightning_modules as lm" in (ROOT / one).read_text(encoding="utf-8")
        ]
        found = re.findall(
            r'<a href="[^"]*api/[^"]*#lightning_modules[^"]*">', (site / path / "index.html").read_text()
        )
        assert len(found) >= len(ours), path
