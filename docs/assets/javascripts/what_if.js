// "What if I had taken another value?": a slider over the table of all values that a study tried. Every number is the table's.

const svg = "http://www.w3.org/2000/svg"

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

function drawn(name, attributes) {
  const made = document.createElementNS(svg, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function points(row, names) {
  const found = []
  for (const [column, cell] of [...row.cells].entries()) {
    if (cell.dataset.value) {
      found.push({ name: names[column], value: Number(cell.dataset.value), shown: cell.textContent, best: Boolean(cell.querySelector("strong")) })
    }
  }
  return found
}

function slider(box) {
  const table = box.querySelector("table")
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent)
  const rows = [...table.tBodies[0].rows]
  const select = element("select", {}, ...rows.map((row) => element("option", {}, row.cells[0].textContent)))
  const range = element("input", { type: "range", min: 0, step: 1 })
  const output = element("output", { "aria-live": "polite" })
  const chart = drawn("svg", { viewBox: "0 0 300 90", "aria-hidden": "true" })
  let here = []

  function show() {
    const at = here[Number(range.value)]
    const best = here.find((one) => one.best)
    const share = at.shown.endsWith("%")
    const off = Math.abs(at.value - best.value) * (share ? 100 : 1)
    const word = at.best ? "the best of them" : `${off.toPrecision(2)}${share ? " points" : ""} from the best, ${best.name}`
    output.textContent = `${box.dataset.parameter} ${at.name}: ${at.shown}, ${word}`
    range.setAttribute("aria-valuetext", output.textContent)
    const values = here.map((one) => one.value)
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const x = (place) => 10 + (280 * place) / Math.max(1, here.length - 1)
    const y = (value) => 80 - (70 * (value - low)) / (high - low || 1)
    const line = here.map((one, place) => `${x(place)},${y(one.value)}`).join(" ")
    chart.replaceChildren(
      drawn("polyline", { points: line }),
      ...here.map((one, place) => drawn("circle", { cx: x(place), cy: y(one.value), r: one === at ? 6 : 2.5 })),
    )
  }

  function choose() {
    here = points(rows[select.selectedIndex], names)
    range.max = here.length - 1
    range.value = here.findIndex((one) => one.best)
    show()
  }

  select.addEventListener("change", choose)
  range.addEventListener("input", show)
  const of = element("label", {}, "of ", select)
  const value = element("label", {}, `${box.dataset.parameter} `, range)
  box.querySelector("summary").after(element("div", { class: "vd-what-if" }, of, value, output, chart))
  choose()
}

document$.subscribe(() => {
  for (const box of document.querySelectorAll(".vd-values:not(:has(.vd-what-if))")) slider(box)
})
