// What one loaded page looks like from inside: everything that visits.py reports as a fault.
async () => {
  for (const box of document.querySelectorAll("details")) box.open = true
  await document.fonts.ready
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))

  const html = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 160)
  const article = document.querySelector("article") ?? document.body
  const hidden = (element) => {
    const box = element.getBoundingClientRect()
    return !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
      || box.width === 0 || box.height === 0
  }
  const named = (figure) =>
    figure.getAttribute("aria-label")
    || figure.querySelector(":scope > title")?.textContent.trim()
    || document.getElementById(figure.getAttribute("aria-labelledby")?.split(" ")[0])?.textContent.trim()

  // The page itself must not scroll sideways; what scrolls inside its own box may be wide.
  const scroller = document.scrollingElement
  const wide = []
  if (scroller.scrollWidth > innerWidth) {
    for (const element of document.body.querySelectorAll("*")) {
      if (element.getBoundingClientRect().right > innerWidth + 1) wide.push(html(element))
    }
  }

  // Formulas, figures and icons: an icon in a button or a link is not a figure.
  const formulas = [...article.querySelectorAll("math")]
  const figures = [...article.querySelectorAll("svg")].filter(
    (svg) => !svg.parentElement.closest("svg") && !svg.closest("[aria-hidden=true], .twemoji, button, a, label, summary"),
  )
  const images = [...article.querySelectorAll("img")]

  // Text that some step should have turned into something else.
  const raw = []
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const { textContent: text, parentElement: parent } = walker.currentNode
    if (parent.closest("pre, code, math, script, style, svg, .jp-OutputArea")) continue
    if (/\$\$|\\[a-z]+\{|\bmarkdown(="1")?>|--8<--|\{\{|\}\}|:::/.test(text)) raw.push(text.trim().slice(0, 120))
  }

  // Without a mouse, only what has the focus can be scrolled.
  const stuck = [...article.querySelectorAll("pre, pre > code, .md-typeset__scrollwrap, div.arithmatex")].filter(
    (box) => /auto|scroll/.test(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth && box.tabIndex < 0,
  )

  return {
    overflow: scroller.scrollWidth > innerWidth ? { width: scroller.scrollWidth, wide: wide.slice(0, 5) } : null,
    formulas: formulas.length,
    hiddenFormulas: formulas.filter(hidden).map(html),
    mathFont: [...document.fonts].some((f) => f.family.includes("STIX Two Math") && f.status === "loaded"),
    hiddenFigures: [...figures, ...images].filter(hidden).map(html),
    namelessFigures: [...figures.filter((svg) => !named(svg)), ...images.filter((img) => !img.alt)].map(html),
    brokenImages: images.filter((img) => img.complete && !img.naturalWidth).map(html),
    raw,
    stuck: stuck.map(html),
    preconnects: [...document.querySelectorAll("link[rel~=preconnect], link[rel~=dns-prefetch]")].map(html),
    colors: [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor],
  }
}
