"""Would the tests notice? Small faults, one at a time, put into a copy of the library; see `python -m mutants --help`."""
