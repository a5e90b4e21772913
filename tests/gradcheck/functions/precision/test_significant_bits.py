import numpy as np
import pytest
from coarse_functions import bfloat16

from minidl.gradcheck.functions.precision.significant_bits import is_full, significant_bits

VALUES = np.random.default_rng(0).standard_normal(50)


@pytest.mark.parametrize(
    ("values", "bits"),
    [
        (VALUES, 53),
        (VALUES.astype(np.float32), 24),
        (VALUES.astype(np.float16), 11),
        (bfloat16(VALUES), 8),
        (1e-30 * bfloat16(VALUES), 53),
        (2.0**-90 * bfloat16(VALUES), 8),
    ],
)
def test_the_shortest_format_that_holds_all_values(values, bits):
    assert significant_bits(values) == bits


@pytest.mark.parametrize("values", [[1.0, 0.5, -5.0], [0.0], [np.nan, np.inf], []])
def test_round_numbers_show_nothing(values):
    assert significant_bits(np.array(values)) == 0
    assert is_full(np.array(values))


def test_one_longer_number_among_many_decides():
    values = bfloat16(np.random.default_rng(1).standard_normal(5000))
    assert not is_full(values)
    values[::2] = np.pi
    assert is_full(values)
