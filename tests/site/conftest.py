"""The built site in a real browser.

`nox -s docs` builds what is tested here; SITE_DIR names another folder. Without Chromium the tests are skipped;
with CI=true that is a failure.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

sys.path.insert(0, str(Path(__file__).parent))  # For the helpers beside this file, in any import mode.

from browsing import CHROMIUM, SITE, chromium, context, in_sample, pages, programs, serve
from visits import AXE_OPTIONS, ON_A_PHONE, Visit, visit_in_themes

from verified_docs.base.config import in_ci

WITHOUT_CHROMIUM = (
    "no Chromium found: install chromium (Debian, Ubuntu: apt install chromium) or google-chrome"
)
WIDTHS = [390, 1280]


def _is_due(path: str, width: int) -> bool:
    """On a push, of notebooks' pages an eighth on a phone and another on a desk; each API page at one of the widths."""
    if path.startswith("notebooks/"):
        return in_sample(path, 8, WIDTHS.index(width))
    return not path.startswith("api/") or in_sample(path, 2, WIDTHS.index(width))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests run for every page at two widths, or for those with programs."""
    # Without a site one run is left, which fails in the fixture `site` and says what to do.
    found = pages()
    if "width" in metafunc.fixturenames:
        visits = [(path, width) for path in found or [""] for width in WIDTHS if _is_due(path, width)]
        ids = [f"{path or 'home'}-{width}" for path, width in visits]
        metafunc.parametrize(("page_path", "width"), visits, ids=ids)
    if "program_path" in metafunc.fixturenames:
        shown = [path for path in found if programs(SITE, path)]
        metafunc.parametrize("program_path", shown or [""], ids=lambda path: path or "home")


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").is_file():
        pytest.fail(f"There is no site at {SITE}: run `nox -s docs` first.", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        (pytest.fail if in_ci() else pytest.skip)(WITHOUT_CHROMIUM)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """A window whose clipboard can be read."""
    with contextlib.closing(context(browser)) as desk:
        desk.grant_permissions(["clipboard-read", "clipboard-write"])
        yield desk


@pytest.fixture(scope="session")
def visited(browser: Browser, address: str) -> Callable[[str, int], dict[str, Visit]]:
    """Visit (path, width) in both themes; on a phone an eighth of the pages are asked all that a desk is asked."""
    contexts = cache(lambda width: context(browser, width=width))

    def look(path: str, width: int) -> dict[str, Visit]:
        whole = width != WIDTHS[0] or in_sample(path, 8)
        first = AXE_OPTIONS if whole else ON_A_PHONE
        return visit_in_themes(contexts(width), f"{address}/{path}", ["light", "dark"], first)

    return look
