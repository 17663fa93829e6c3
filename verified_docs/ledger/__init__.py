"""The ledger of claims: how often each `assert` of each snippet holds under other seeds and on other processors.

In: programs, run again in many ways. Out: an entry beside each record, with the numbers that tell what other kinds of
processors may give. It imports every room but `verifying`, `site` and `studies`.
"""
