"""Names in programs lead to their API entries, and the programs stay as they are."""

import html
import re
import zlib

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.site.links import link_names, names_in

ENTRIES = {
    "toy.Wheel": "api/wheel/#toy.parts.Wheel",
    "toy.parts.Wheel": "api/wheel/#$",
    "toy.Wheel.roll": "api/wheel/#toy.parts.Wheel.roll",
    "other.Thing": "api/other/#$",
}


def inventory(entries: dict[str, str]) -> bytes:
    head = b"# Sphinx inventory version 2\n# Project: Toy\n# Version: 0\n# compressed with zlib.\n"
    lines = [f"{name} py:class 1 {place} -" for name, place in entries.items()]
    return head + zlib.compress("\n".join(lines).encode())


@pytest.fixture
def site(project: Project) -> Project:
    project.configure(data='\n[tool.verified_docs.api]\npackages = ["toy"]\n')
    project.write("toy/__init__.py", "from toy.parts import Wheel\n__all__ = ['Wheel']\n")
    project.write("toy/parts.py", "class Wheel: ...\n")
    project.write("site/objects.inv", "").write_bytes(inventory(ENTRIES))
    return project


def linked(project: Project, code: str, page: str = "a/b/index.html") -> str:
    """The page's code once its names are links."""
    file = project.root / "site" / page
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<p>toy</p><pre><span></span><code>{code}</code></pre>", encoding="utf-8")
    link_names(project.config, project.root / "site")
    found = re.search("<code>(.*)</code>", file.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


PROGRAM = (
    '<span class="kn">import</span><span class="w"> </span><span class="nn">toy</span> <span class="k">as</span> t\n'
    '<span class="n">x</span> <span class="o">=</span> "ü &lt; toy"; <span class="n">t</span><span class="o">.</span>'
    '<span class="n">Wheel</span><span class="p">()</span>\n'
)


def test_a_name_leads_to_its_entry_and_every_character_stays(site: Project):
    code = linked(site, PROGRAM)
    link = '<span class="n"><a href="../../api/wheel/#toy.parts.Wheel">Wheel</a></span>'
    assert code == PROGRAM.replace('<span class="n">Wheel</span>', link)
    assert html.unescape(re.sub("<[^>]*>", "", code)) == html.unescape(re.sub("<[^>]*>", "", PROGRAM))


@pytest.mark.parametrize(
    ("page", "way"),
    [
        ("index.html", "api/wheel/"),
        ("a.html", "api/wheel/"),
        ("api/wheel/index.html", "./"),
        ("a/b.html", "../api/wheel/"),
    ],
)
def test_the_way_is_right_from_every_depth(site: Project, page: str, way: str):
    assert f'<a href="{way}#toy.parts.Wheel">' in linked(site, PROGRAM, page)


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("from toy import Wheel\nWheel", ["toy.Wheel", "toy.Wheel"]),
        (
            "from toy import Wheel as W\nW().roll; W.roll",
            ["toy.Wheel", "toy.Wheel", "toy.Wheel", "toy.Wheel.roll"],
        ),
        ("import toy.parts\ntoy.parts.Wheel", ["toy", "toy.parts", "toy.parts.Wheel"]),
        ("import toy.parts as p\np.Wheel", ["toy.parts", "toy.parts.Wheel"]),
        ("import toy as t\ndef f(t):\n    t.Wheel", []),
        ("from toy import Wheel\nWheel = 3\nWheel", ["toy.Wheel"]),
        ("from toy import Wheel\nclass Wheel: ...\nWheel", ["toy.Wheel"]),
        ("from .toy import Wheel\nWheel", []),
        ("y.Wheel; 'toy.Wheel'  # toy.Wheel", []),
        (">>> import toy\n>>> toy.Wheel", []),
        ("a\0b", []),
    ],
)
def test_what_a_program_names(program: str, found: list[str]):
    assert sorted(name for _, name in names_in(program)) == sorted(found)


def test_places_are_characters_whatever_bytes_they_take():
    program = "from toy import Wheel\n'üö✓'; Wheel"
    assert [program[start:end] for (start, end), _ in names_in(program)] == ["Wheel", "Wheel"]


def test_what_is_no_program_of_ours_stays(site: Project):
    for code in ("import other\nother.Thing", "$ toy &gt; x", "import toy\ntoy.Unknown"):
        assert linked(site, code) == code


def test_code_inside_a_link_gets_no_second_one(site: Project):
    text = '<a href="x">see <code>from toy import Wheel</code></a> <code>from toy import Wheel</code>'
    page = site.write("site/index.html", text)
    assert link_names(site.config, site.root / "site") == 1
    assert page.read_text().startswith(
        '<a href="x">see <code>from toy import Wheel</code></a> <code>from toy import <a '
    )


def test_without_packages_no_page_is_touched(site: Project):
    site.configure()
    (site.root / "site" / "objects.inv").unlink()
    assert linked(site, PROGRAM) == PROGRAM


def test_a_public_name_that_the_site_does_not_describe_fails_the_build(site: Project):
    (site.root / "site" / "objects.inv").write_bytes(inventory({"toy.parts.Wheel": "api/wheel/#$"}))
    with pytest.raises(DocsError, match=r"toy.Wheel: is public, and the built site has no entry for it"):
        link_names(site.config, site.root / "site")


def test_a_site_without_an_inventory_fails_the_build(site: Project):
    (site.root / "site" / "objects.inv").unlink()
    with pytest.raises(DocsError, match=r"no objects.inv; is mkdocstrings among the plugins"):
        link_names(site.config, site.root / "site")


MKDOCS = """
site_name: Toy
strict: true
theme: mkdocs
plugins:
  - mkdocstrings:
      handlers: {python: {paths: ["."], options: {filters: FILTERS}}}
markdown_extensions: [pymdownx.highlight, pymdownx.superfences]
"""


def test_a_real_build_has_the_links_and_fails_where_a_filter_hides_a_name(site: Project):
    site.write("toy/parts.py", "class Wheel:\n    '''It turns.'''\n")
    site.write("docs/api/wheel.md", "::: toy.parts\n")
    site.write("docs/index.md", "```python\nimport toy\n\ntoy.Wheel()\n```\n")
    site.write("mkdocs.yml", MKDOCS.replace("FILTERS", '["!^_"]'))
    run = site.python("verified_docs", "build")
    assert run.code == 0, run.output
    page = (site.root / "site" / "index.html").read_text()
    assert '<span class="n"><a href="api/wheel/#toy.parts.Wheel">Wheel</a></span>' in page

    site.write("mkdocs.yml", MKDOCS.replace("FILTERS", '["!^W"]'))
    run = site.python("verified_docs", "build")
    assert run.code == 1
    assert "toy.Wheel: is public, and the built site has no entry for it" in run.output
    assert (site.root / "site" / "index.html").read_text() == page
