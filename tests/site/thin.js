// Less of the same for axe, which looks at every element: a page has thousands of colored words, rows and items of lists.
// An element's kind is its tag, its looks as the page's source says them, and what it stands in. Where it and all in it are
// of kinds that were there before, a word of code goes, or a row, or an item; of figures the drawing goes, its name stays.
() => {
  const kinds = new Map()
  const kind = (element) => {
    if (!element) return ""
    if (!kinds.has(element)) {
      const { tagName, cellIndex, dataset } = element
      const looks = ["class", "style"].map((name) => element.getAttribute(name))
      kinds.set(element, [kind(element.parentElement), tagName, cellIndex, dataset?.head, ...looks].join(" "))
    }
    return kinds.get(element)
  }
  const thin = (parts) => {
    const seen = new Set()
    for (const part of [...document.querySelectorAll(parts)]) {
      const found = [part, ...part.querySelectorAll("*")].map(kind)
      const named = [...part.querySelectorAll("a, button, img")].every((one) => (one.alt ?? one.textContent).trim())
      if (named && found.every((one) => seen.has(one))) part.remove()
      found.forEach((one) => seen.add(one))
    }
  }
  for (const shape of document.querySelectorAll("figure svg > :not(title, desc), .jp-OutputArea svg > :not(title, desc)"))
    shape.remove()
  thin(".highlight code > span, .highlight pre > span")
  thin("tbody > tr, li")
  for (const code of document.querySelectorAll(".highlight code")) {
    code.normalize()
    for (const text of code.childNodes) if (text.nodeType === Node.TEXT_NODE) text.data = text.data.replace(/\s*\n\s*/g, "\n")
  }
}
