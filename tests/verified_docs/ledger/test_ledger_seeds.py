"""Seed s becomes s + by, whoever sets it, and once; the program's text stays the same."""

import json

PROGRAM = """
import json, random
import numpy as np
import pytorch_lightning as pl
import torch
from sklearn.utils import check_random_state
from verified_docs.running import seeds

def draw(s):
    random.seed(s), np.random.seed(s), torch.manual_seed(s)
    found = {"random": random.random(), "numpy": np.random.rand(), "torch": torch.rand(1).item()}
    found["a generator of Python"] = random.Random(s).random()
    found["a text"] = random.Random("text").random()
    found["a generator of numpy"] = np.random.default_rng(seed=s).random()
    found["a state of numpy"] = np.random.RandomState(s).rand()
    state = np.random.RandomState()
    state.seed(np.int64(s))
    found["a state of numpy, seeded later"] = state.rand()
    found["a generator of torch"] = torch.rand(1, generator=torch.Generator().manual_seed(s)).item()
    generator = torch.Generator(device="cpu")
    generator.manual_seed(s)
    found["seeded later"] = torch.rand(1, generator=generator).item()
    pl.seed_everything(s, verbose=False)
    found["Lightning"] = [random.random(), np.random.rand(), torch.rand(1).item()]
    found["scikit-learn"] = check_random_state(s).rand()
    return found

larger = draw(1005)
larger["no seed at all"] = torch.rand(1, generator=torch.Generator().manual_seed(67280421310721 + 1000)).item()
early, state = torch.Generator(), np.random.RandomState(1)
torch.manual_seed(67280421310721)  # from which torch starts
seeds.shift(1000)
unseeded = torch.rand(1).item()
shifted = draw(5) | {"no seed at all": unseeded}
assert isinstance(early, torch.Generator) and isinstance(torch.default_generator, torch.Generator)
assert isinstance(state, np.random.RandomState) and check_random_state(state) is state
torch.manual_seed(2**64 - 1), np.random.seed(2**32 - 1)  # beyond the end it begins again
print(json.dumps([larger, shifted]))
"""


def test_a_shifted_seed_draws_what_the_larger_one_draws(run_program):
    larger, shifted = json.loads(run_program(PROGRAM).stdout)
    assert len(larger) == 13
    assert shifted == larger
