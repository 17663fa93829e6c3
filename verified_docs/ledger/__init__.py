"""The ledger of claims: how often each `assert` of each snippet holds under other seeds and on other processors."""
