"""What is right on a processor of which no record is known, rule by rule."""

import math

import pytest

from verified_docs.base.config import Settings
from verified_docs.comparing.elsewhere import judged
from verified_docs.comparing.groups import Groups, groups
from verified_docs.comparing.known import Known, spans
from verified_docs.records.gave import Gave


def printed(text: str) -> Groups:
    return groups(Gave(text), Settings(), [])


def known(*processors: str, seeds: tuple[str, ...] = (), base: str = "") -> Known:
    return Known([printed(one) for one in processors], spans(printed(base), [printed(one) for one in seeds]))


def outcome(base: str, now: str, *processors: str, seeds: tuple[str, ...] = ()) -> str:
    return judged(printed(base), printed(now), known(*processors, seeds=seeds, base=base)).outcome


def test_a_number_that_nothing_has_moved_is_held_like_where_it_was_recorded():
    assert outcome("loss 0.50", "loss 0.50", "loss 0.50") == "as recorded"
    assert outcome("loss 0.50", "loss 0.51", "loss 0.50") == "as recorded", "one unit of the last digit"
    assert outcome("loss 0.50", "loss 0.52", "loss 0.50") == "failed"
    assert outcome("loss 0.50", "loss 0.52", "loss 0.50", seeds=("loss 0.50", "loss 0.51")) == "failed"


def test_a_number_that_only_seeds_have_moved_was_not_seen_before_when_a_processor_moves_it():
    seeds = ("loss 0.40", "loss 0.60")
    assert outcome("loss 0.50", "loss 0.51", "loss 0.50", seeds=seeds) == "as recorded"
    assert outcome("loss 0.50", "loss 0.55", "loss 0.50", seeds=seeds) == "not seen before"
    assert outcome("loss 0.50", "loss 1.20", "loss 0.50", seeds=seeds) == "not seen before", "3 R outside"
    assert outcome("loss 0.50", "loss 1.21", "loss 0.50", seeds=seeds) == "failed"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("0.50", "as recorded"),
        ("0.60", "other digits"),
        ("0.70", "other digits"),  # known are .50 to .60: a width outside
        ("0.71", "not seen before"),
        ("0.90", "not seen before"),  # three widths outside
        ("0.91", "failed"),
        ("0.41", "other digits"),
        ("0.19", "failed"),
    ],
)
def test_a_number_that_varies_may_lie_as_far_outside_as_the_known_ones_lie_apart(now: str, said: str):
    assert outcome("loss 0.50", f"loss {now}", "loss 0.60") == said


def test_seeds_widen_what_a_number_that_varies_with_the_processor_may_be():
    assert outcome("loss 0.50", "loss 0.80", "loss 0.53") == "failed"
    assert outcome("loss 0.50", "loss 0.80", "loss 0.53", seeds=("loss 0.30", "loss 0.60")) == "other digits"


def test_whole_numbers_have_ranges_too():
    assert outcome("step 100", "step 101", "step 100") == "failed"
    assert outcome("step 100", "step 112", "step 110") == "other digits"
    assert outcome("step 100", "step 150", "step 110") == "failed"


@pytest.mark.parametrize(
    "now", ["loss 0.5", "gain 0.5", "loss 0.5 0.6", "loss 0.5\nloss 0.6", "", "loss nan"]
)
def test_the_form_is_held_everywhere(now: str):
    said = outcome("loss 0.5\nin the end", f"{now}\nin the end", "loss 0.9\nin the end")
    assert said == ("as recorded" if now == "loss 0.5" else "failed")


def test_what_is_not_finite_on_a_known_processor_need_not_be_finite_here():
    assert outcome("loss 0.5", "loss nan", "loss nan") == "other digits"
    assert outcome("loss nan", "loss 0.5", "loss nan") == "failed"
    assert outcome("loss nan", "loss nan", "loss nan") == "as recorded"


def test_a_length_that_differs_is_a_number_itself():
    rates = "rates 0.1, 0.2", "rates 0.1, 0.2, 0.4"
    assert outcome(rates[0], rates[0], rates[1]) == "as recorded"
    assert outcome(*rates, "rates 0.1, 0.2, 0.3") == "other digits"
    assert outcome(rates[0], "rates 0.1, 0.2, 0.3, 0.2, 0.1, 0.2, 0.3", *rates[1:]) == "failed", "3 R more"
    assert outcome(rates[0], "rates 0.1, 0.2, 9.9", *rates[1:]) == "failed"
    assert outcome(rates[0], "rates 0.1, 0.2 and 0.3", *rates[1:]) == "failed"


def test_an_output_may_be_a_line_longer_where_it_was_so_before():
    lines = "epoch 1\nepoch 2", "epoch 1\nepoch 2\nepoch 3"
    assert outcome(*lines, lines[0]) == "failed"
    assert outcome(*lines, lines[1]) == "other digits"
    assert outcome(*lines, lines[0], seeds=lines[1:]) == "other digits"


def test_where_nothing_is_known_only_the_form_is_held():
    assert outcome("loss 0.50", "loss 0.90") == "not seen before"
    assert outcome("loss 0.50", "loss 0.50") == "as recorded"
    assert outcome("loss 0.50", "loss nan") == "failed"
    assert outcome("loss 0.50", "gain 0.50") == "failed"


def test_the_message_names_the_place_and_what_is_known():
    found = judged(printed("a\nloss 0.50"), printed("a\nloss 0.99"), known("a\nloss 0.60"))
    assert found.failed == ["  line 2 of its output: 0.99, known are 0.5 to 0.6"]
    found = judged(printed("loss 0.50"), printed("loss 0.99"), known("loss 0.50"))
    assert found.failed == [
        "  line 1 of its output: 0.99 instead of 0.5, which no processor and no seed has moved"
    ]


def drawn(*heights: float, size: int = 3, title: str = "loss") -> Groups:
    artist = {"kind": "line 1, y", "shape": [size], "span": 1.0, "statistics": list(heights)}
    axes = {"texts": [title], "scales": ["linear", "linear"], "artists": [artist]}
    return groups(Gave("", {}, [axes]), Settings(), [])


def test_a_figure_is_held_by_its_statistics_its_artists_and_its_texts():
    base = drawn(0, 1, 0.5, 0.1)
    nothing_varies, mean_varies = Known([base]), Known([base, drawn(0, 1, 0.6, 0.1)])
    assert judged(base, drawn(0, 1, 0.5005, 0.1), nothing_varies).outcome == "as recorded"
    assert judged(base, drawn(0, 1, 0.6, 0.1), nothing_varies).outcome == "failed"
    assert judged(base, drawn(0, 1, 0.65, 0.1), mean_varies).outcome == "other digits"
    assert judged(base, drawn(0, 1, 0.65, 0.2), mean_varies).outcome == "failed"
    assert judged(base, drawn(), mean_varies).outcome == "failed"
    assert judged(base, drawn(0, 1, 0.5, 0.1, size=4), mean_varies).outcome == "failed"
    assert judged(base, drawn(0, 1, 0.5, 0.1, title="gain"), mean_varies).outcome == "failed"
    assert judged(base, printed(""), mean_varies).outcome == "failed"


def test_spans_are_kept_only_where_something_differs():
    found = spans(printed("a 1.0 2.0\nb 3.0"), [printed("a 1.0 2.5\nb 3.0"), printed("a 1.0 1.5\nb 3.0")])
    assert list(found) == ["line 1 of its output"]
    assert found["line 1 of its output"].each == ((1.0, 1.0), (1.5, 2.5))
    [(low, high)] = spans(printed("a nan"), [printed("a nan"), printed("a 1.0")])["line 1 of its output"].each
    assert (low, high) == (1.0, 1.0)
    assert (
        all(map(math.isnan, spans(printed("a 1.0"), [printed("a nan")])["line 1 of its output"].each[0]))
        is False
    )


def bars(*heights: float) -> Groups:
    artists = [
        {"kind": f"patch {number}, y", "shape": [5], "span": 10.0, "statistics": [0, height]}
        for number, height in enumerate(heights, start=1)
    ]
    beside, axes = ({"texts": [], "scales": [], "artists": some} for some in ([], artists))
    return groups(Gave("", {}, [beside, axes]), Settings(), [])


def test_a_bar_that_nothing_has_moved_has_the_range_of_its_neighbors():
    base = bars(5, 3, 0)
    known = Known([base], spans(base, [bars(6, 4, 0)]))
    assert judged(base, bars(5, 3, 0), known).outcome == "as recorded"
    assert judged(base, bars(5, 3, 1), known).outcome == "not seen before"
    assert judged(base, bars(5, 3, 99), known).outcome == "failed"
    assert judged(base, bars(5, 3, 1), Known([base])).outcome == "failed", "none is known to move"
