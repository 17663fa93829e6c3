"""`pytest snippets`: what has passed is skipped, the others are run and compared, and with `--record` accepted.

In: the programs. Out: new records and a summary. It imports everything but `site` and `studies`.
"""
