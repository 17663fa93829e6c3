"""How fast the search answers: from a letter typed to the list of results changed, by the page's own clock."""

import time

from playwright.sync_api import Page

INPUT = ".md-search__input"
# In the page: nothing that passes between browser and test is timed.
WATCH = """([input, list]) => {
    let typed
    document.querySelector(input).addEventListener("input", () => {
        typed = performance.now()
        window.answered = null
    }, true)
    new MutationObserver(() => (window.answered ??= performance.now() - typed)).observe(
        document.querySelector(list), { childList: true, subtree: true })
}"""


def answer_times(page: Page, words: list[str]) -> dict[str, float]:
    """Type each word letter by letter; the milliseconds, on a core of its own, in which its last letter was answered."""
    times = {}
    page.evaluate(WATCH, [INPUT, ".md-search-result__list"])
    for word in words:
        page.locator(INPUT).fill("")
        for letter in word:
            page.keyboard.type(letter)
            page.wait_for_function("window.answered !== null")
        times[word] = page.evaluate("window.answered") / crowding()
    return times


def crowding() -> float:
    """How much longer work takes than on a core of its own: wall clock over processor time of a short busy loop."""
    wall, own = time.perf_counter(), time.process_time()
    while time.process_time() < own + 0.05:
        pass
    return max(1.0, (time.perf_counter() - wall) / (time.process_time() - own))
