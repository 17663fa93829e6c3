"""lightning_modules.wildcards: layers that are named by patterns."""

import pytest

from lightning_modules.wildcards import matches, spread

KNOWN = ["stem", "blocks", *(f"blocks.{i}" for i in range(11)), "blocks.0.norm", "head"]


def names(*layers):
    return [found for _, found in spread(layers, KNOWN)]


def test_a_pattern_by_itself_is_a_layer_for_each_match_from_the_top_down():
    assert names("blocks.?") == [[f"blocks.{i}"] for i in range(9, -1, -1)]
    assert names("blocks.*")[:2] == [["blocks.10"], ["blocks.9"]]  # not by the alphabet


def test_a_pattern_in_a_list_is_names_that_belong_together():
    assert spread([["blocks.[01]", "stem"]], KNOWN) == [
        ("blocks.[01], stem", ["blocks.1", "blocks.0", "stem"])
    ]


def test_what_is_named_or_matched_elsewhere_is_not_matched_again():
    assert names("blocks.*[13579]", ["blocks.*"], "blocks.10") == [
        *([f"blocks.{i}"] for i in (9, 7, 5, 3, 1)),
        [f"blocks.{i}" for i in (8, 6, 4, 2, 0)],
        ["blocks.10"],
    ]


def test_names_without_a_match_and_plain_ones_stay_as_they_are():
    assert names("layers.*", "nowhere", ["head"]) == [["layers.*"], ["nowhere"], ["head"]]


def test_a_name_that_has_such_a_sign_itself_is_no_pattern():
    assert [found for _, found in spread(["a*"], ["a*", "ab"])] == [["a*"]]


def test_names_of_compiled_networks_are_those_that_it_was_written_with():
    assert names("_orig_mod.blocks.[12]") == [["blocks.2"], ["blocks.1"]]


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        ("*", "head", True),
        ("*", "blocks.1", False),
        ("blocks.*.norm", "blocks.0.norm", True),
        ("blocks.*", "blocks.0.norm", False),
        ("blocks.[!0]", "blocks.0", False),
        ("Blocks.*", "blocks.0", False),
    ],
)
def test_each_part_between_dots_is_matched_by_itself(pattern, name, is_match):
    assert matches(pattern, name) == is_match
