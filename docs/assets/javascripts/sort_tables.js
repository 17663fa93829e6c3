// A study's tables are sorted by a click on a heading: first the largest or the last word, then the other way round.

function value(row, column) {
  return row.children[column].dataset.value ?? row.children[column].textContent
}

function sort(table, heading) {
  const column = [...heading.parentElement.children].indexOf(heading)
  const falling = heading.getAttribute("aria-sort") !== "descending"
  for (const other of heading.parentElement.children) other.removeAttribute("aria-sort")
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending")
  const rows = [...table.tBodies[0].rows]
  const numbers = rows.every((row) => !Number.isNaN(Number(value(row, column))))
  rows.sort((one, other) => {
    const [a, b] = [value(one, column), value(other, column)]
    if (a === "" || b === "") return (a === "") - (b === "") // what has none comes last
    const order = numbers ? Number(b) - Number(a) : b.localeCompare(a)
    return falling ? order : -order
  })
  table.tBodies[0].append(...rows)
}

document$.subscribe(() => {
  for (const heading of document.querySelectorAll(".vd-numbers:not(.vd-fixed) thead th:not(:has(button))")) {
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = heading.textContent
    heading.replaceChildren(button)
    button.addEventListener("click", () => sort(heading.closest("table"), heading))
  }
})
