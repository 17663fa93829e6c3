"""A study of arithmetic for tests to run, change and break."""

import textwrap
from pathlib import Path

from toy_project import Project

from verified_docs.programs.study_file import StudyFile

# Ten steps of gradient descent on scale · x² are x · (1 - 2 · rate · scale)¹⁰: of the rates below 0.2
# comes nearest to 0 where the scale is 2, and 0.4 where it is 1.
PROGRAM = '''
"""Which rate goes down a parabola?

The shorter the line, the better.
"""

import random

from verified_docs.study import Metric, Study, Tune

STEPS = 10


def run(settings, seed):
    """Go down."""
    x = random.Random(seed).uniform(0.9, 1.1)
    xs = []
    for _ in range(STEPS):  # one by one
        x *= 1 - 2 * settings["rate"] * settings["scale"]
        xs.append(x if abs(x) < 1e3 else float("nan"))
    return {"distance": abs(xs[-1]), "xs": xs}


RATES = [0.1, 0.2, 0.4, 0.8]

study = Study(
    run=run,
    alternatives={"steep": {"scale": 2.0}, "flat": {"scale": 1.0}},
    tune=Tune("rate", RATES),
    tuning_seeds=[100, 101],
    seeds=range(3),
    metrics={"distance": Metric(matters=0.001, better="lower", tolerance=1e-9)},
    reference="flat",
)
'''

FIGURE = """

def draw(results):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    for name in results.alternatives:
        axes.plot(*results.tuning_curve(name), label=name)
    return figure
"""


def study(project: Project, name: str = "toy", program: str = PROGRAM, more: str = "") -> StudyFile:
    """Write a study's file."""
    path: Path = project.write(f"studies/{name}.py", textwrap.dedent(program) + textwrap.dedent(more))
    return StudyFile(path, project.config)
