"""Studies: how they are run, judged, kept and checked. What a study's own file needs is `verified_docs.study`.

In: a file of `studies/`. Out: its record, with verdicts. It imports `base`, `programs`, `records` and `running`.
"""
