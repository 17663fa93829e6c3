"""How fast the search answers: from a letter typed to the list of results changed, by the page's own clock."""

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
    """Type each word letter by letter; the milliseconds in which its last letter was answered."""
    times = {}
    page.evaluate(WATCH, [INPUT, ".md-search-result__list"])
    for word in words:
        page.locator(INPUT).fill("")
        for letter in word:
            page.keyboard.type(letter)
            page.wait_for_function("window.answered !== null")
        times[word] = page.evaluate("window.answered")
    return times
