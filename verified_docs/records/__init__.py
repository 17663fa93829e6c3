"""What was kept of a run: a record beside each program, measurements of benchmarks, and on which kind of processor.

In: files of `results/`. Out: `Record`, `Measurement`, `Kind`. It imports `base` and `programs`, and knows neither how
a program is run nor where its record is shown.
"""
