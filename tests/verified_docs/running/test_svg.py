"""A figure made fit to stand inside a page."""

import io
import re
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from verified_docs.running.svg import themed

COLORS = {"#000000": "currentColor", "#ff0000": "var(--series-1, #ff0000)"}


def drawn(**settings: object) -> str:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#ff0000", marker="o")
    axes.fill_between([0, 1], [0, 1], color="black", hatch="/")
    axes.set_title("<b> & Q")
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "x", **settings}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


@pytest.fixture(scope="module")
def figure() -> str:
    return themed(drawn(), prefix="a-b", description='It "goes" <up>.', colors=COLORS)


def test_it_is_well_formed_and_the_same_each_time(figure):
    assert ElementTree.fromstring(figure).tag == "{http://www.w3.org/2000/svg}svg"
    assert figure == themed(drawn(), prefix="a-b", description='It "goes" <up>.', colors=COLORS)


def test_every_id_has_the_prefix_and_every_reference_its_target(figure):
    ids = re.findall(r'\bid="([^"]*)"', figure)
    references = re.findall(r'href="#([^"]*)"', figure) + re.findall(r"url\(#([^)]*)\)", figure)
    assert ids
    assert all(name.startswith("a-b-") for name in ids)
    assert set(references) == set(ids)


def test_named_colors_follow_the_theme(figure):
    assert "stroke: var(--series-1, #ff0000)" in figure
    assert "#ff0000" not in figure.replace("var(--series-1, #ff0000)", "")


def test_black_that_matplotlib_leaves_unsaid_follows_the_theme(figure):
    assert "fill: currentColor" in ElementTree.fromstring(figure).attrib["style"].split("; ")


def test_its_size_is_told_to_the_style_sheet(figure):
    root = ElementTree.fromstring(figure)
    assert f"--width: {root.attrib['width']}" in root.attrib["style"].split("; ")


def test_it_says_what_it_shows_to_those_who_do_not_see_it(figure):
    root = ElementTree.fromstring(figure)
    assert (root.attrib["role"], root.attrib["aria-label"]) == ("img", 'It "goes" <up>.')


def test_metadata_and_styles_that_would_reach_the_page_are_gone(figure):
    assert "<metadata" not in figure
    styles = re.findall(r"<style>(.*?)</style>", figure, re.DOTALL)
    assert [re.sub(r"@media \([^)]*\)", "", style).split("{")[1].strip() for style in styles] == ["svg:root"]


def test_coordinates_are_short_but_scales_keep_their_digits(figure):
    before, after = (re.findall(r"scale\([^)]*\)", text) for text in (drawn(), figure))
    assert before
    assert after == before
    lines = re.findall(r' d="([^"]*)"', figure)
    assert lines
    assert not any(re.search(r"\.\d{3}", line) for line in lines)


def test_text_stays_text():
    made = themed(drawn(**{"svg.fonttype": "none"}), prefix="p", description="", colors={})
    assert "&lt;b&gt; &amp; Q" in made
