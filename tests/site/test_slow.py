"""A page that comes slowly, as over a bad connection, does not move under the reader's eyes."""

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from browsing import QuietHandler, context, serve
from playwright.sync_api import Browser
from visits import SHIFT, SPEED

# Those that begin with a table: its columns could change with each row that comes.
BEGIN_WITH_A_TABLE = ["api/", "importing/", "notation/", "guidelines/"]
PIECE = 800  # bytes
PAUSE = 0.05  # seconds; a picture of the page is drawn in each


class SlowHandler(QuietHandler):
    """Sends the first 16 kB of an article piece by piece."""

    def do_GET(self) -> None:
        page = Path(self.translate_path(self.path)) / "index.html"
        if not page.is_file():
            super().do_GET()
            return
        content = page.read_bytes()
        begin = re.search(rb"<article|$", content).start()
        cuts = [0, *range(begin, min(len(content), begin + 16_000), PIECE), len(content)]
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for start, end in pairwise(cuts):
            self.wfile.write(content[start:end])
            time.sleep(PAUSE)


def moved(browser: Browser, folder: Path, path: str, width: int) -> float:
    """By how much a page moves while it comes."""
    with (
        serve(folder, SlowHandler) as address,
        context(browser, width=width) as opened,
    ):
        opened.add_init_script(SPEED)
        page = opened.new_page()
        page.goto(f"{address}/{path}")
        return page.evaluate("window.speed()")["shift"]


@pytest.mark.parametrize("window", [390, 1280])
@pytest.mark.parametrize("path", BEGIN_WITH_A_TABLE)
def test_a_page_that_comes_slowly_does_not_move(browser, site, path, window):
    assert moved(browser, site, path, window) <= SHIFT


def test_a_table_whose_columns_change_with_its_rows_is_noticed(browser, tmp_path):
    rows = "".join(f"<tr><td>{'word ' * n}</td><td>{'more words ' * 40}</td></tr>" for n in range(1, 40, 3))
    (tmp_path / "index.html").write_text(f"<!doctype html><article><table>{rows}</table></article>")
    assert moved(browser, tmp_path, "", 1280) > SHIFT
