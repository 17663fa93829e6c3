// What the browser notices while a page comes: in place before the page is, read by visits.py once it has loaded.
{
  const html = (node) => (node?.outerHTML ?? node?.parentElement?.outerHTML ?? "").replace(/\s+/g, " ").slice(0, 120)
  const moved = []
  let largest
  const painted = new Promise((seen) => {
    new PerformanceObserver((list) => {
      const { startTime, element } = list.getEntries().at(-1)
      largest = { ms: startTime, html: html(element) }
      seen()
    }).observe({ type: "largest-contentful-paint", buffered: true })
  })
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) moved.push({ by: value, what: sources.map(({ node }) => html(node)) })
  }).observe({ type: "layout-shift", buffered: true })

  window.speed = async () => {
    await document.fonts.ready
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    await Promise.race([painted, new Promise((done) => setTimeout(done, 5000))]) // A paint is told of a little later.
    return { largest: largest ?? { ms: Infinity, html: "nothing" }, moved, shift: moved.reduce((sum, { by }) => sum + by, 0) }
  }
}
