"""Whether what a program gave is what its record says, here or on another kind of processor.

In: a record, the results of a run, and what pages quote. Out: agreement, or in words what differs. Nothing is run or
written. It imports all rooms above it: `base`, `programs`, `records`, `running`, `pages`.
"""
