"""Programs as texts: a snippet or a study, its question, caption and claims; nothing here runs one.

In: files of `snippets/` and `studies/`. Out: `Snippet`, `StudyFile`. It imports `base`.
"""
