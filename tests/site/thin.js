// Less of the same for axe, which looks at every element: a page has thousands of colored words, and rows of numbers.
// An element's kind is its tag, its looks as the page's source says them, and what it stands in. Of code, a word of kinds
// that were there before goes, and of a table such a row; of figures, the drawing goes and its name stays.
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
  const thin = (parts, shorten) => {
    const seen = new Set()
    for (const part of [...document.querySelectorAll(parts)]) {
      const found = [part, ...part.querySelectorAll("*")].map(kind)
      if (found.every((one) => seen.has(one))) shorten(part)
      found.forEach((one) => seen.add(one))
    }
  }
  for (const shape of document.querySelectorAll("figure svg > :not(title, desc), .jp-OutputArea svg > :not(title, desc)"))
    shape.remove()
  thin(".highlight code > span, .highlight pre > span", (word) => word.remove())
  thin("tbody > tr", (row) => row.remove())
  for (const code of document.querySelectorAll(".highlight code")) {
    code.normalize()
    for (const text of code.childNodes) if (text.nodeType === Node.TEXT_NODE) text.data = text.data.replace(/\s*\n\s*/g, "\n")
  }
}
