"""A browser and a server for the built site."""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zlib import crc32

from playwright.sync_api import Browser, BrowserContext, sync_playwright

ROOT = Path(__file__).parents[2]
SITE = Path(os.environ.get("SITE_DIR", ROOT / "site"))
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = [
    "--no-sandbox",  # Chromium refuses to run as root otherwise, and containers are root.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks of another host fails at once, wherever the tests run; the request is still seen.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


class QuietHandler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # One connection for a page's twenty files.

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle(self) -> None:
        # The browser drops connections when it moves on to the next page.
        with contextlib.suppress(ConnectionError):
            super().handle()


@contextlib.contextmanager
def serve(folder: Path, handler: type[QuietHandler] = QuietHandler) -> Iterator[str]:
    """The address, without a final slash, at which `folder` is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def context(browser: Browser, theme: str = "light", width: int = 1280) -> BrowserContext:
    return browser.new_context(
        color_scheme=theme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",  # A color in transition has the wrong contrast.
        has_touch=width < 600,
    )


@cache
def pages(site: Path = SITE) -> list[str]:
    """Every page's path, as it stands in its address: "", "gradients/initialization/", "404.html"."""
    found = [path.relative_to(site).as_posix() for path in site.rglob("*.html")]
    return sorted(name.removesuffix("index.html") for name in found)


def in_sample(path: str, of: int, which: int = 0) -> bool:
    """Whether a page is in one of `of` samples of pages that are made alike; with SITE_TESTS=all every page is."""
    return os.environ.get("SITE_TESTS") == "all" or crc32(path.encode()) % of == which


def file_of(site: Path, path: str) -> Path:
    """The file of a page."""
    return site / path if path.endswith(".html") else site / path / "index.html"


@cache
def programs(site: Path, path: str) -> list[str]:
    """The programs whose results a page shows."""
    return re.findall(r'data-program="([^"]+)"', file_of(site, path).read_text(encoding="utf-8"))
