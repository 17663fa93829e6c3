"""A program in a process of its own: one thread, a clean folder, no network, a limit of memory, gone with its server.

In: a `Snippet`. Out: the runner's `Results`: what was printed, drawn, computed and claimed. The server imports what
programs need once and forks for each; `child` is what happens in the fork. It imports `base`, `programs` and
`records`.
"""
