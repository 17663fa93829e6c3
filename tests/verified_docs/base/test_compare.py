"""What counts as the same output."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verified_docs.base.compare import differences

decimals = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**9), 10**9), st.integers(1, 9)
)
styles = st.sampled_from(
    ["{:f}", "{:,f}", "loss {:f} now", "{:f}x", "{:f}s", "{:f}%", "[{:f}]", "x={:f}", "({:f}, 3)"]
)


def same(recorded: str, now: str, **tolerance: float) -> bool:
    return not differences(recorded, now, **tolerance)


@given(st.text())
def test_a_text_always_equals_itself(text):
    assert same(text, text)


@given(decimals, styles, st.sampled_from([-1, 1]))
def test_one_unit_of_the_last_digit_passes_and_three_fail(number, style, sign):
    unit = Decimal(1).scaleb(number.as_tuple().exponent)
    assert same(style.format(number), style.format(number + sign * unit))
    assert not same(style.format(number), style.format(number + 3 * sign * unit))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5), st.integers(1, 3))
def test_integers_are_exact(numbers, change):
    changed = [*numbers[:-1], numbers[-1] + change]
    assert not same(" ".join(map(str, numbers)), " ".join(map(str, changed)))


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        ("loss  0.5", "loss 0.5"),
        ("[ 0.10 -0.20]", "[0.10  -0.20]"),
        ("-0.00", "0.00"),
        ("−0.25", "-0.25"),
        ("+0.01", "0.01"),
        ("nan", "nan"),
        ("-inf", "-inf"),
        ("1,234.5", "1,234.6"),
        ("999.9", "1,000.0"),
        ("3.2x faster", "3.3x faster"),
        ("12.3s", "12.4s"),
        ("85.1%", "85.0%"),
        ("1.50e-07", "1.51e-07"),
        ("3", "3.0"),
        ("3:10.25", "3:10.26"),
        ("a line\n", "a line"),
    ],
)
def test_these_are_the_same(recorded, now):
    assert same(recorded, now)


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        ("nan", "0.0"),
        ("nan", "inf"),
        ("inf", "-inf"),
        ("0.01", "-0.01"),
        ("1,234", "1,235"),
        ("1,234.5", "2,234.5"),
        ("3.2x", "3.2s"),
        ("85.1%", "85.1"),
        ("2.13.0", "2.13.1"),
        ("torch 2.13.0+cpu", "torch 2.13.0+cu126"),
        ("2026-01-30", "2026-01-31"),
        ("at 12:30", "at 12:31"),
        ("conv1.weight 0.5", "conv2.weight 0.5"),
        ("layer_3", "layer_4"),
        ("resnet-18", "resnet-19"),
        ("layers.0.bias", "layers.1.bias"),
        ("It took 3.", "It took 4."),
        ("3", "3.9"),
        ("5 6", "5"),
        ("0.5", "0.5 0.5"),
        ("one", "two"),
        ("one\n\ntwo", "one\ntwo"),
        ("one", ""),
    ],
)
def test_these_differ(recorded, now):
    assert not same(recorded, now)
    assert not same(now, recorded)


def test_a_hyphen_is_no_sign():
    assert same("2020-0.50", "2020-0.51")
    assert not same("range 3-5", "range 3-6")
    for before in ("2", "f(x)", "a[0]"):
        assert not same(f"{before}-0.00", f"{before}+0.00")


def test_the_declared_tolerance_counts_where_it_is_wider():
    assert same("0.8540", "0.8340", absolute=0.02)
    assert not same("0.8540", "0.8339", absolute=0.02)
    assert same("200.0", "210.0", relative=0.05)
    assert not same("200.0", "210.1", relative=0.05)
    assert not same("10", "11", absolute=5.0)


def test_a_difference_says_which_line_and_why():
    (found,) = differences("epoch 1\nloss 0.50\n", "epoch 1\nloss 0.70\n")
    assert (found.line, found.expected, found.actual) == (2, "loss 0.50", "loss 0.70")
    assert found.reason == "0.70 instead of 0.50; allowed is ±0.01"


def test_numbers_that_are_lacking_are_counted():
    (found,) = differences("1 2 3", "1 2")
    assert found.reason == "2 numbers instead of 3"


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        ("{'a', 'b', 'c'}", "{'c', 'a', 'b'}"),
        ("found\na\nb\n", "found\nb\na\n"),
        ("0.5\n{'a', 'b'}", "0.7\n{'b', 'a'}"),
    ],
)
def test_the_same_words_in_another_order_are_said_to_be_a_sets(recorded, now):
    reason = differences(recorded, now)[-1].reason
    assert reason.startswith(
        "the text changed; the words are the same in another order, as a set's from run to run"
    )
    assert "PYTHONHASHSEED" in reason


@pytest.mark.parametrize(("recorded", "now"), [("a b", "a c"), ("a b", "a b b"), ("1 2", "2 1")])
def test_other_words_are_not(recorded, now):
    assert "order" not in differences(recorded, now)[0].reason


def test_a_line_more_and_a_line_less_are_told_apart():
    assert [one.reason for one in differences("a", "a\nb")] == ["a line more than recorded"]
    assert [one.reason for one in differences("a\nb", "a")] == ["a line less than recorded"]
