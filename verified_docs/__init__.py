"""Documentation whose programs are run, checked against what the pages show, and rendered with their results.

A *snippet* is a plain Python program. pytest runs it (`plugin`), its results are kept beside it as a *record*, and a
Python-Markdown extension (`site.show`) puts the record on every page that embeds the snippet. The engine knows nothing of
what the programs are about.

The way of a program goes through the rooms in this order, and each imports only those before it:

    base → programs → records → running → pages → comparing → ledger → verifying → site

with `studies` beside them. `tests/verified_docs/test_rooms.py` holds that.
"""
