"""Runs stay good while what computes them is unchanged, whatever else of the file changes."""

import pytest
from toy_studies import FIGURE, PROGRAM

from verified_docs.programs.computing import digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The shorter the line, the better.", "Another caption."),
        ("# one by one", "# another comment"),
        ('"""Go down."""', '"""Another docstring."""'),
        ('"""Go down."""\n    ', ""),
        ("abs(x) < 1e3", "(\n            abs(x) < 1e3\n        )"),
        ("RATES = [0.1,", "RATES = [0.05, 0.1,"),
        ('{"scale": 1.0}', '{"scale": 3.0}'),
        ("import random\n", "import random\nimport matplotlib.pyplot as plt\n"),
        ("RATES =", "import math\n\nCOLOURS = [math.pi]\nRATES ="),
        # Names that `run` has for its own variables:
        ("RATES =", "PAIRS = [(x, settings) for x in 'ab' for settings in 'cd']\nRATES ="),
        ("RATES =", "def other(x):\n    seed = x\n    return seed\n\n\nRATES ="),
        ("RATES =", "OTHER = lambda x: x\nRATES ="),
    ],
)
def test_what_does_not_compute_does_not_count(old: str, new: str):
    assert old in PROGRAM
    assert digest(PROGRAM.replace(old, new) + FIGURE, "run") == digest(PROGRAM, "run")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STEPS = 10", "STEPS = 11"),
        ("abs(x) < 1e3", "abs(x) < 1e4"),
        ("import random\n", "import secrets as random\n"),
        ("STEPS = 10", "STEPS = 10\nSTEPS += 1"),
        ("STEPS = 10", "if True:\n    STEPS = 10"),
        ("STEPS = 10", "STEPS = 10\nrandom.seed(0)"),
        ("STEPS = 10", "STEPS = 10\nrandom.extra = 1"),
        ("STEPS = 10", "def steps():\n    return 10\n\n\nSTEPS = steps()"),
        ("STEPS = 10", "ALL = [10]\nSTEPS = [number for number in ALL][0]"),
        ("STEPS = 10", "STEPS = 10\n\n\ndef more():\n    global STEPS\n    STEPS = 11\n"),
        ("STEPS = 10", "for STEPS in (9, 10):\n    pass"),
    ],
)
def test_what_computes_counts(old: str, new: str):
    assert digest(PROGRAM.replace(old, new), "run") != digest(PROGRAM, "run")


def test_functions_that_functions_use_count():
    program = "def a():\n    return {}\n\ndef b():\n    return a()\n\ndef run():\n    return b()\n"
    assert digest(program.format(1), "run") != digest(program.format(2), "run")
    assert digest(program.format(1), "a") == digest("def a():\n    return 1", "a")
