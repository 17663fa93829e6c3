"""What a page shows, taken from it as a reader would: each program by its copy button, with the output below it."""

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

# The page's code block, then its results, which name the program.
RESULTS = ".vd-results[data-program]"
BLOCK_BEFORE = "xpath=preceding::div[contains(concat(' ', @class, ' '), ' highlight ')][1]"


@dataclass(frozen=True)
class Shown:
    """A program of a page: its path in the repository, the text that the button copies, what the page says it prints."""

    program: str
    copied: str
    output: str


def shown(page: Page) -> Iterator[Shown]:
    """Each program and study of a page, copied."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    for results in page.locator(RESULTS).all():
        results.locator(BLOCK_BEFORE).locator(".md-code__button[data-md-type=copy]").click()
        output = results.locator(".vd-output:not(.vd-elsewhere) pre > code")
        yield Shown(
            program=results.get_attribute("data-program") or "",
            copied=page.evaluate("navigator.clipboard.readText()"),
            output=(output.text_content() or "") if output.count() else "",
        )
