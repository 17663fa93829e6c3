"""Which values of a program are kept."""

import pytest
import torch
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.base.plain import SameKeys, plain
from verified_docs.running.runner import Runner


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ((1, [2.5, "x"], {"a": True}), [1, [2.5, "x"], {"a": True}]),
        ({1: "one", 2.5: [3]}, {"1": "one", "2.5": [3]}),
        ([0] * 64, [0] * 64),
        (torch.tensor(0.5), 0.5),
        ("x" * 200, "x" * 200),
        (10**199, 10**199),
        (-(10**199), -(10**199)),
        ([[[0] * 60] * 60], [[[0] * 60] * 60]),
    ],
)
def test_these_are_kept(value, kept):
    assert plain(value) == kept


def within(depth: int) -> list:
    found = [1]
    for _ in range(depth - 1):
        found = [found]
    return found


cyclic: list = [1]
cyclic += [cyclic] * 60
cyclic_dict: dict = {"a": [1]}
cyclic_dict["a"].append(cyclic_dict)
doubling = [1, 1]
for _ in range(15):
    doubling = [doubling, doubling]


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [0] * 65,
        "x" * 201,
        10**5000,
        10**200,
        [1, object()],
        {("a", 1): 1},
        cyclic,
        cyclic_dict,
        within(5000),
        doubling,
        "\udc80",
        {"a": ["\udc80"]},
        torch.zeros((), device="meta"),
        torch.nn.LazyLinear(1).weight,
    ],
    ids=lambda value: type(value).__name__,
)
def test_these_are_not(value):
    assert plain(value) is None


def test_a_list_that_is_in_two_others_is_kept_in_both():
    shared = [1, 2]
    assert plain({"a": shared, "b": [shared, shared]}) == {"a": [1, 2], "b": [[1, 2], [1, 2]]}


def test_lists_are_kept_sixteen_deep():
    assert plain(within(16)) == within(16)
    assert plain(within(17)) is None


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (2.5, "2.5"), (True, "True")])
def test_keys_that_are_the_same_as_text_are_refused(one, other):
    with pytest.raises(SameKeys, match=f"the keys {one!r} and {other!r}, which are the same in {{{{ name"):
        plain([{one: 2, "x": 0, other: 3}])


def test_a_program_may_end_with_what_is_not_kept(shared_project: Project, runner: Runner):
    code = """
        import json
        large = 10**5000
        cyclic = [1]
        cyclic.append(cyclic)
        json.dumps = None
        kept = 1
    """
    assert runner.run(shared_project.snippet("ends_oddly", code)).values == {"kept": 1}


def test_same_keys_are_named_with_their_variable(shared_project: Project, runner: Runner):
    with pytest.raises(
        DocsError, match=r"^snippets/same.py: found has the keys 1 and '1', .*, or call it _found$"
    ):
        runner.run(shared_project.snippet("same", "_ok = {1: 2, '1': 3}\nfound = {1: 2, '1': 3}"))


def test_same_keys_do_not_hide_a_claim_that_fails(shared_project: Project, runner: Runner):
    code = "by, limit = {1: 2, '1': 3}, 2\nassert by[1] > limit"
    with pytest.raises(DocsError, match=r"claim.py:3: does not hold: by\[1\] > limit\n  where limit = 2$"):
        runner.run(shared_project.snippet("claim", code))
