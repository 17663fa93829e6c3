// Less of the same for axe, which looks at every element: a page with programs has thousands of colored words.
// Of code, the lines that show a kind of word for the first time stay; of figures, the drawing goes and its name stays.
() => {
  const seen = new Set()
  for (const line of document.querySelectorAll(".highlight code > span, .highlight pre > span")) {
    const kinds = [line, ...line.querySelectorAll("span, a")].map((word) => `${word.tagName} ${word.className}`)
    if (kinds.every((kind) => seen.has(kind))) line.textContent = ""
    kinds.forEach((kind) => seen.add(kind))
  }
  for (const shape of document.querySelectorAll("figure svg > :not(title, desc), .jp-OutputArea svg > :not(title, desc)"))
    shape.remove()
}
