"""Every link to a place of this site leads there, those too that MkDocs cannot check: downloads, notebooks, figures."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest


class _Links(HTMLParser):
    """What a page links to, and the places that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.links += [found[name] for name in ("href", "src") if found.get(name) and tag != "use"]
        self.places |= {found[name] for name in ("id", "name") if found.get(name)}


def _read(page: Path) -> _Links:
    links = _Links()
    links.feed(page.read_text(encoding="utf-8"))
    return links


def _target(site: Path, page: Path, link: str) -> Path | None:
    """The file that a link of `page` leads to; None where it leaves the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return page
    start = site if parts.path.startswith("/") else page.parent
    path = (start / unquote(parts.path).lstrip("/")).resolve()
    return path / "index.html" if path.is_dir() else path


def broken(site: Path) -> list[str]:
    """Every link that leads nowhere, as "page: link"."""
    pages = {page.resolve(): _read(page) for page in site.rglob("*.html")}
    found = []
    for page, links in pages.items():
        if page.name == "404.html":
            continue  # its links are absolute, from the site's root
        for link in links.links:
            target, anchor = _target(site.resolve(), page, link), unquote(urlsplit(link).fragment)
            if target is None:
                continue
            missing = not target.is_file()
            if not missing and anchor and target in pages:
                missing = anchor not in pages[target].places and anchor != "__top"
            if missing:
                found.append(f"{page.relative_to(site.resolve())}: {link}")
    return found


def test_every_link_of_the_site_leads_somewhere(site):
    assert broken(Path(site)) == []


@pytest.mark.parametrize("link", ["nowhere/", "../x.py", "#no-such-place", "other/#no-such-place"])
def test_a_link_to_nowhere_is_found(tmp_path, link):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text("<h1 id='here'>Other</h1>")
    (tmp_path / "index.html").write_text(f"<a href='other/#here'>good</a> <a href='{link}'>bad</a>")
    assert broken(tmp_path) == [f"index.html: {link}"]
