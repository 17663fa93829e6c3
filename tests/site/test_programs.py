"""What a reader takes away from a page is the program itself, to the letter."""

import contextlib
import re
from urllib.parse import urljoin
from urllib.request import urlopen

import nbformat
import pytest
from browsing import ROOT, pages, programs
from copying import shown


@pytest.fixture
def page(desk, address, program_path):
    with contextlib.closing(desk.new_page()) as page:
        page.goto(f"{address}/{program_path}")
        yield page


def test_copying_a_program_copies_the_file(page):
    for one in shown(page):
        program = (ROOT / one.program).read_text(encoding="utf-8")
        assert one.copied.rstrip("\n") == program.rstrip("\n"), one.program


def test_every_download_runs_and_is_the_program(page):
    for link in page.locator("article a[download]").all():
        address = urljoin(page.url, link.get_attribute("href"))
        with urlopen(address) as answer:
            data = answer.read()
        results = link.locator("xpath=ancestor::*[@data-program][1]")
        program = results.get_attribute("data-program") if results.count() else None
        if address.endswith(".py"):
            assert program, f"{address}: a program's download outside its results"
            assert data == (ROOT / program).read_bytes(), address
            compile(data, address, "exec")
        elif address.endswith(".ipynb"):
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
