// On paper nothing can be unfolded: what is folded opens to be printed, and closes again.

const opened = new Set()

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("article details:not([open])")) {
    details.open = true
    opened.add(details)
  }
})

addEventListener("afterprint", () => {
  for (const details of opened) details.open = false
  opened.clear()
})
