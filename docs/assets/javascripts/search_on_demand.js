// The search index weighs more than most pages: it is fetched when somebody is about to search, not with the first page.
// The theme asks for it at once and waits for the answer however long it takes, so the request is held back.
{
  const { open, send } = XMLHttpRequest.prototype
  const requests = new WeakSet()

  const searching = new Promise((resolve) => {
    if (new URLSearchParams(location.search).has("q")) resolve()
    for (const event of ["focusin", "pointerover"])
      addEventListener(event, ({ target }) => {
        if (target.closest?.(".md-search, [for=__search]")) resolve()
      })
  })

  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (String(address).endsWith("/search/search_index.json")) requests.add(this)
    return open.call(this, method, address, ...rest)
  }

  XMLHttpRequest.prototype.send = function (body) {
    if (requests.has(this)) searching.then(() => send.call(this, body))
    else send.call(this, body)
  }
}
