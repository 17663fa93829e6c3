"""From pages and records to the site: results below programs, tables of studies, notebooks, formulas, links to the API.

In: pages and records that belong together. Out: `site/`, replaced whole. It runs a program only where `serve` follows
an edit, and imports every room but `studies`.
"""
