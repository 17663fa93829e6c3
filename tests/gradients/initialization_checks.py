"""What the tests of initialization share."""

import pytest

DISTRIBUTIONS = ["normal", "uniform", "orthogonal"]


def close(value, expected, relative=0.02):
    return value == pytest.approx(expected, rel=relative)
