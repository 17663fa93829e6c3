"""One visit of a page: load it once, look at everything, report every fault in words."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import axe_playwright_python
from playwright.sync_api import BrowserContext, Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,  # Fetching the style sheets again doubles the time, for one rule on turned screens.
    "iframes": False,
}
# What else a second theme could get wrong; all other rules see the same page.
CONTRAST = AXE_OPTIONS | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# What a narrower window could get wrong: the page is the same, and so are the names and roles in it.
ON_A_PHONE = AXE_OPTIONS | {
    "runOnly": {
        "type": "rule",
        "values": [
            "target-size",
            "scrollable-region-focusable",
            "color-contrast",
            "link-in-text-block",
            "meta-viewport",
        ],
    }
}
CHECKS = (Path(__file__).parent / "checks.js").read_text()
THIN = (Path(__file__).parent / "thin.js").read_text()
SPEED = (Path(__file__).parent / "speed.js").read_text()
FIRST_SIGHT = 1000  # milliseconds from the navigation's start to the largest contentful paint
SHIFT = 0.05  # cumulative layout shift: the part of the window that moves, times how far
LOADS = 3  # A machine that is busy with other things delays one load; what is slow three times is the page.
# Compressed already; everything else goes gzipped over the wire.
PACKED = {".woff2", ".png", ".gz", ".jpg", ".webp"}


@dataclass
class Visit:
    url: str
    errors: list[str]
    requests: list[str]
    facts: dict[str, Any]
    axe: list[str]
    speed: dict[str, Any]

    @cached_property
    def foreign(self) -> list[str]:
        here = urlsplit(self.url).netloc
        return [url for url in self.requests if urlsplit(url).scheme in ("http", "https", "ws", "wss")
                and urlsplit(url).netloc != here]  # fmt: skip

    def faults(self) -> list[str]:
        """What is wrong with the page, one line each; empty where nothing is."""
        facts = self.facts
        found = [f"console: {error}" for error in self.errors]
        found += [f"request to another host: {url}" for url in [*self.foreign, *facts["preconnects"]]]
        found += [f"axe: {violation}" for violation in self.axe]
        if overflow := facts["overflow"]:
            found += [
                f"the page is {overflow['width']} px wide: {html}" for html in overflow["wide"] or ["?"]
            ]
        found += [f"invisible formula: {html}" for html in facts["hiddenFormulas"]]
        if facts["formulas"] and not facts["mathFont"]:
            found.append("there are formulas, but STIX Two Math is not loaded")
        found += [f"invisible figure: {html}" for html in facts["hiddenFigures"]]
        found += [f"figure without a name: {html}" for html in facts["namelessFigures"]]
        found += [f"image that does not load: {html}" for html in facts["brokenImages"]]
        found += [f"scrolls, but cannot be focused: {html}" for html in facts["stuck"]]
        found += [f"unprocessed source in the text: {text!r}" for text in facts["raw"]]
        return [*found, *late_or_moving(self.speed)]

    def weight(self, site: Path) -> dict[str, int]:
        """Bytes over the wire of a first visit, by address."""
        sizes = {}
        for url in {url for url in self.requests if url not in self.foreign}:
            path = site / unquote(urlsplit(url).path).lstrip("/")
            path = path / "index.html" if path.is_dir() else path
            if path.is_file():
                data = path.read_bytes()
                sizes[url] = len(data if path.suffix in PACKED else gzip.compress(data, 6))
        return sizes


def visit(context: BrowserContext, url: str, theme: str = "light") -> Visit:
    """Load the page in a tab of its own and look at it."""
    return visit_in_themes(context, url, [theme])[theme]


def visit_in_themes(
    context: BrowserContext, url: str, themes: Iterable[str], first: dict[str, Any] = AXE_OPTIONS
) -> dict[str, Visit]:
    """Load the page once; a look at the other theme costs less than another load. `first` is asked of the first theme."""
    errors: list[str] = []
    requests: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    facts, violations = {}, {}
    try:
        speed = load(page, url)
        page.evaluate(AXE)
        for theme in themes:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            facts[theme] = page.evaluate(CHECKS)
        page.evaluate(THIN)
        for theme in facts:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            violations[theme] = run_axe(page, CONTRAST if violations else first)
    finally:
        page.close()
    return {theme: Visit(url, errors, requests, facts[theme], violations[theme], speed) for theme in facts}


def load(page: Page, url: str) -> dict[str, Any]:
    """Load the page as on a first visit, again where it was slow; what speed.js noticed the last time."""
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.add_init_script(SPEED)
    for _ in range(LOADS):
        page.goto(url, wait_until="load")
        speed = page.evaluate("speed()")
        if speed["largest"]["ms"] <= FIRST_SIGHT:
            break
    return speed


def late_or_moving(speed: dict[str, Any]) -> list[str]:
    """What comes late, and what moves while it comes."""
    found = []
    largest = speed["largest"]
    if largest["ms"] > FIRST_SIGHT:
        found.append(f"the largest piece is seen only after {largest['ms']:.0f} ms: {largest['html']}")
    if speed["shift"] > SHIFT:
        worst = max(speed["moved"], key=lambda moved: moved["by"])
        found.append(f"moves while it loads, by {speed['shift']:.3f}: {', '.join(worst['what'])}")
    return found


def run_axe(page: Page, options: dict[str, Any]) -> list[str]:
    violations = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        f"{violation['id']}: {node['target']}: {node['html'][:160]}: {node['failureSummary']}".replace(
            "\n", " "
        )
        for violation in violations
        for node in violation["nodes"]
    ]
