"""How often a right program fails on a processor that is not known, and how often a wrong number is noticed.

A site has some three thousand numbers that vary. What a new processor gives is drawn like what is known: from seven
processors and twenty seeds, of which processors move a number as far as seeds do, or a hundredth of it. Distributions
are round, flat and a little skewed; were all numbers as skewed as an exponential one, a run of ten would fail. The rule
is the engine's own, written for arrays and held to it one by one.
"""

import numpy as np
import pytest

from verified_docs.comparing.elsewhere import FARTHEST, USUAL, judged
from verified_docs.comparing.groups import Group, Groups, Number
from verified_docs.comparing.known import Known, Spans

PROCESSORS, SEEDS = 7, 20
NUMBERS = 3_000  # of the site that vary
SITES = 300  # that are simulated: were one in a thousand to fail, one number in three million would

DRAWN = {
    "round": lambda generator, *shape: generator.standard_normal(shape),
    "flat": lambda generator, *shape: generator.uniform(-1, 1, shape),
    "skewed": lambda generator, *shape: generator.gamma(6, 1, shape),
}


def group(value: float) -> Groups:
    return {"loss": Group(("loss",), (Number(value, 0.0),))}


def by_the_engine(processors: np.ndarray, seeds: np.ndarray, now: float) -> str:
    """What is said of one number; the first processor's is recorded."""
    known = Known(
        [group(one) for one in processors], {"loss": Spans(((float(seeds.min()), float(seeds.max())),))}
    )
    return judged(group(processors[0]), group(now), known).outcome


def widths_outside(processors: np.ndarray, seeds: np.ndarray, now: np.ndarray) -> np.ndarray:
    """How far outside its range each number lies, in widths of the range."""
    known = np.concatenate([processors, seeds], axis=1)
    low, high = known.min(axis=1), known.max(axis=1)
    return np.maximum(low - now, now - high).clip(0) / (high - low)


def simulated(
    kind: str, moved: float, numbers: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What processors and seeds give, and what a new processor does, which moves a number `moved` times as seeds do."""
    generator = np.random.default_rng(seed)
    draw = DRAWN[kind]
    processors = moved * draw(generator, numbers, PROCESSORS)
    return processors, draw(generator, numbers, SEEDS), moved * draw(generator, numbers)


@pytest.mark.parametrize("kind", DRAWN)
def test_the_rule_for_arrays_is_the_engine_s(kind: str):
    processors, seeds, now = simulated(kind, 1.0, 300)
    now = now * np.geomspace(1, 30, len(now))  # some far outside
    widths = widths_outside(processors, seeds, now)
    said = np.where(
        widths <= USUAL, "other digits", np.where(widths <= FARTHEST, "not seen before", "failed")
    )
    assert [by_the_engine(*one) for one in zip(processors, seeds, now, strict=True)] == said.tolist()
    assert {"other digits", "not seen before", "failed"} <= set(said)


@pytest.mark.parametrize("moved", [1.0, 0.01])
@pytest.mark.parametrize("kind", DRAWN)
def test_a_right_site_fails_in_less_than_one_run_of_a_thousand(kind: str, moved: float):
    failed = unseen = 0
    for site in range(SITES):
        widths = widths_outside(*simulated(kind, moved, NUMBERS, seed=site))
        failed += int((widths > FARTHEST).sum())
        unseen += int(((widths > USUAL) & (widths <= FARTHEST)).sum())
    assert failed == 0
    assert unseen < SITES, "less than one number of the site is called new where nothing is"


@pytest.mark.parametrize(("shift", "at_least"), [(2.0, 0.95), (5.0, 1.0)])
@pytest.mark.parametrize("kind", DRAWN)
def test_a_number_that_is_two_widths_off_is_noticed_and_one_that_is_five_off_fails(
    kind: str, shift: float, at_least: float
):
    processors, seeds, now = simulated(kind, 1.0, 20_000)
    known = np.concatenate([processors, seeds], axis=1)
    widths = widths_outside(processors, seeds, now + shift * np.ptp(known, axis=1))
    noticed = (widths > (USUAL if shift == 2 else FARTHEST)).mean()
    assert noticed >= at_least
