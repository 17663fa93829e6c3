"""Documentation whose programs are run, checked against what the pages show, and rendered with their results.

A *snippet* is a plain Python program. pytest runs it (`plugin`), its results are kept beside it as a *record*
(`record`), and a Python-Markdown extension (`show`) puts the record on every page that embeds the snippet.
The engine knows nothing of what the programs are about.
"""
