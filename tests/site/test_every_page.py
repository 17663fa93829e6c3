"""What holds for every page, in both themes, on a phone and on a desk."""

import re

KILOBYTE = 1000
FIRST_VISIT = 350 * KILOBYTE
NOTEBOOK = 60 * KILOBYTE


# One test for all of it: workers that share the tests out do not share the visits.
def test_nothing_is_wrong_with_the_page_in_light_and_dark(visited, page_path, width, site):
    visits = visited(page_path, width)
    faults = [f"{theme}: {fault}" for theme, visit in visits.items() for fault in visit.faults()]
    assert not faults, "\n".join(["", *faults])
    light, dark = (visits[theme].facts["colors"] for theme in ("light", "dark"))
    assert light[0] != dark[0] and light[1] != dark[1], "the page does not follow the system's theme"
    if not page_path.startswith("notebooks/"):
        sizes = visits["light"].weight(site)
        table = "\n".join(
            f"{size:9,} {url}" for url, size in sorted(sizes.items(), key=lambda item: -item[1])
        )
        assert sum(sizes.values()) <= FIRST_VISIT, f"a first visit weighs too much\n{table}"


def test_a_notebooks_page_is_light_without_its_figures(site):
    pages = list(site.glob("notebooks/**/index.html"))
    assert pages, "the site has no notebooks"
    for page in pages:
        html = re.sub(rb'src="data:[^"]*"|<svg.*?</svg>', b"", page.read_bytes(), flags=re.DOTALL)
        assert len(html) <= NOTEBOOK, f"{page}: {len(html):,} bytes; was verified_docs.notebook_pages run?"
