"""benchmarks.interleaved and table: ratios with intervals, and which end of these counts."""

import pytest
import torch
from pytorch_lightning import Callback
from torch.utils.data import DataLoader

from benchmarks.interleaved import TrainerSteps, in_turn, ratio, ratios
from benchmarks.table import Row, printed
from benchmarks.train_only import TrainOnly
from lightning_modules import MLP, quiet_trainer


def test_ways_take_one_step_each_round_and_not_always_in_the_same_order():
    order = []
    ways = {name: lambda name=name: (order.append(name), 1.0)[1] for name in "ab"}
    taken = in_turn(ways, 40)
    assert {name: len(times) for name, times in taken.items()} == {"a": 40, "b": 40}
    rounds = [tuple(order[i : i + 2]) for i in range(0, len(order), 2)]
    assert set(rounds) == {("a", "b"), ("b", "a")}


def test_the_ratio_is_that_of_a_round_and_what_slows_both_does_not_count():
    slow = [1.0 if number % 3 else 100.0 for number in range(60)]
    found = ratio([2 * seconds for seconds in slow], slow)
    assert (found.median, found.low, found.high) == (2, 2, 2)


def test_the_interval_holds_the_median_and_turns_over_with_it():
    found = ratio([1.0, 1.2, 1.1, 1.4, 0.9, 1.3] * 5, [1.0] * 30)
    assert 0.9 < found.low < found.median < found.high < 1.4
    assert (found.inverse.low, found.inverse.high) == (1 / found.high, 1 / found.low)


def test_the_worse_end_of_an_interval_is_held_to_the_target():
    row = {"what": "a", "against": "b", "result": 1.0, "unit": "x", "interval": (0.9, 1.1)}
    assert not Row(**row, target=1.05, at_least=False).holds
    assert Row(**row, target=1.1, at_least=False).holds
    assert not Row(**row, target=0.95).holds
    assert Row(**row, target=0.9).holds
    note = printed([Row(**row, target=1.05, at_least=False, note="why")])
    assert "| 1.00x | 0.90 to 1.10 | ≤ 1.05x | MISSED |" in note
    assert note.endswith("a: why")


def fit(seen, callback):
    trainer = quiet_trainer(max_epochs=1, callbacks=[callback])
    batches = [(torch.randn(2, 3), torch.zeros(2, dtype=torch.long))] * 8
    trainer.fit(TrainOnly(MLP([3, 2])), DataLoader(Batches(batches, seen), batch_size=None))


class Batches(list):
    def __init__(self, batches, seen):
        super().__init__(batches)
        self.seen = seen

    def __getitem__(self, place):
        self.seen.append(place)
        return super().__getitem__(place)


def test_a_trainer_makes_a_step_when_it_is_told_to():
    first, second = [], []
    steps = {
        name: TrainerSteps(lambda pause, seen=seen: fit(seen, pause))
        for name, seen in (("first", first), ("second", second))
    }
    found = ratios(steps, "first", 2)["second"]
    for one in steps.values():
        one.end()
    assert found.seconds > 0
    assert max(abs(len(first) - len(second)), 0) <= 1
    assert len(first) < 8


def test_an_error_in_a_trainer_and_its_end_are_told():
    class Fails(Callback):
        def on_train_start(self, trainer, pl_module):
            raise ArithmeticError

    def fails(pause):
        quiet_trainer(max_epochs=1, callbacks=[Fails(), pause]).fit(
            TrainOnly(MLP([3, 2])), DataLoader([(torch.randn(2, 3), torch.zeros(2).long())], batch_size=None)
        )

    with pytest.raises(ArithmeticError):
        TrainerSteps(fails)()
    short = TrainerSteps(lambda pause: fit([], pause))
    for _ in range(7):  # eight batches, and a step ends where the next begins
        short()
    with pytest.raises(RuntimeError, match="give it more batches"):
        short()
