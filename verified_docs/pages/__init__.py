"""Pages as their authors write them: which programs they embed, which numbers and verdicts they quote, whom they cite.

In: the Markdown of `docs/`. Out: `Page`, `Quote`, and what is wrong with them. It imports `base`, `programs` and
`records`, and makes no HTML.
"""
