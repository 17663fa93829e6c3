// What the theme leaves unnamed or out of reach of a keyboard; tests/site runs axe over every page.

const boxes = ".vd-drawing, .md-typeset__scrollwrap, .md-typeset pre > code, .jp-OutputArea-output pre"

// A box that scrolls must be focusable; one that fits stays out of the Tab order.
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0
    else target.removeAttribute("tabindex")
  }
})

function mend() {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
  // Where a section has an overview page, the theme names its part of the menu by an empty label.
  for (const nav of document.querySelectorAll(".md-nav__container + nav[aria-labelledby]")) {
    nav.setAttribute("aria-label", nav.previousElementSibling.textContent.trim())
    nav.removeAttribute("aria-labelledby")
  }
  // One copy button is not a landmark.
  for (const nav of document.querySelectorAll("nav.md-code__nav")) nav.setAttribute("role", "presentation")
  for (const box of document.querySelectorAll(boxes)) resized.observe(box)
}

// The theme adds boxes and buttons to a page after it has come.
const added = new MutationObserver(mend)

// document$ is Material's: it emits the first page and every page that instant navigation loads.
document$.subscribe(() => {
  resized.disconnect()
  added.disconnect()
  added.observe(document.querySelector(".md-content") ?? document.body, { childList: true, subtree: true })
  mend()
})
