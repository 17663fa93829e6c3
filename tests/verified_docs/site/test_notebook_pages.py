"""mkdocs-jupyter's pages lose their half megabyte and their scripts, and keep everything else."""

import html
import re

import nbformat
import pytest
from mkdocs_jupyter.convert import nb2html

from verified_docs.base.errors import DocsError
from verified_docs.site.notebook_pages import NO_ALT, main, share_styles

PROGRAM = '"""Is 1 < 2?"""\nprint("</div><script>", 1 < 2)  # <style>\n'
FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0L9 9"/></svg>'


@pytest.fixture(scope="module")
def body(tmp_path_factory) -> str:
    """A notebook's page as the plugin makes it today."""
    outputs = [
        nbformat.v4.new_output("stream", text="</div><script> True\n"),
        nbformat.v4.new_output("display_data", data={"image/svg+xml": FIGURE}),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Is 1 < 2?\n\nA *caption*."),
        nbformat.v4.new_code_cell(PROGRAM, outputs=outputs),
    ]
    path = tmp_path_factory.mktemp("notebook") / "one.ipynb"
    nbformat.write(notebook, path)
    return nb2html(path, no_prompt=True)


@pytest.fixture
def site(tmp_path, body):
    for name in ("one", "two"):
        page = tmp_path / "notebooks" / "section" / name / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(
            f"<html><head><title>T</title></head><body><script>theme()</script><article>{body}</article></body></html>"
        )
    return tmp_path


def read(site, name="one"):
    return (site / "notebooks" / "section" / name / "index.html").read_text()


def test_the_plugins_pages_are_as_heavy_as_ever(site):
    assert len(read(site)) > 500_000


def test_the_pages_become_light(site):
    assert len(share_styles(site)) == 2
    assert len(read(site)) < 20_000


def test_all_pages_share_one_style_sheet(site):
    share_styles(site)
    (sheet,) = (site / "assets" / "stylesheets").glob("notebook.*.css")
    for name in ("one", "two"):
        (href,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', read(site, name))
        assert (site / "notebooks" / "section" / name / href).resolve() == sheet
    assert ".jp-RenderedHTMLCommon" in sheet.read_text()


def test_no_script_and_no_other_host_is_left_in_the_article(site):
    share_styles(site)
    article = read(site).split("<article>")[1]
    assert "<script" not in article and "cdnjs" not in article
    assert "<script>theme()</script>" in read(site)


def test_the_program_and_its_output_survive_to_the_letter(site):
    share_styles(site)
    code = re.search(r'<div class="language-python highlight"><pre><code>(.*?)</code>', read(site), re.DOTALL)
    assert html.unescape(re.sub(r"<[^>]+>", "", code[1])) == PROGRAM
    assert "&lt;/div&gt;&lt;script&gt; True" in read(site)


def test_the_figure_is_named_by_the_programs_question(site):
    assert NO_ALT in read(site)
    share_styles(site)
    assert 'alt="Figure: Is 1 &lt; 2?"' in read(site)


def test_a_second_run_changes_nothing(site, capsys, monkeypatch):
    share_styles(site)
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert share_styles(site) == []
    assert before == {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    monkeypatch.setattr("sys.argv", ["notebook_pages", str(site)])
    main()
    assert capsys.readouterr().out == "0 notebook pages made lighter.\n"


def test_other_pages_are_not_touched(site):
    other = site / "notebooks" / "index.html"
    other.write_text("<article><style>p { color: red }</style></article>")
    share_styles(site)
    assert "<style>" in other.read_text()


def test_a_plugin_that_writes_its_cells_differently_is_noticed(site):
    page = site / "notebooks" / "section" / "one" / "index.html"
    page.write_text(read(site).replace('<div class="zeroclipboard-container">', '<div class="new">'))
    with pytest.raises(DocsError, match="differently"):
        share_styles(site)


def test_without_a_site_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["notebook_pages", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="nox -s docs"):
        main()
