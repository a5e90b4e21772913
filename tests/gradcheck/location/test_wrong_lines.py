"""Find the wrong lines of a large array by halving."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minidl.gradcheck.location.wrong_lines import wrong_lines
from tests.gradcheck.probed_arrays import probed, right_gradient


def search(shape, wrong_place, axis, limit=1000):
    numeric = right_gradient(shape)
    analytic = numeric.copy()
    analytic[wrong_place] *= 1.5
    direction = np.random.default_rng(1).uniform(0.5, 1.5, shape)
    return wrong_lines(probed(analytic, numeric), direction, axis, limit)


@given(st.sets(st.integers(0, 199), min_size=1, max_size=12), st.integers(0, 1))
def test_every_wrong_line_is_found(lines, axis):
    lines = sorted(lines)
    shape = (200, 3) if axis == 0 else (3, 200)
    found = search(shape, (slice(None),) * axis + (lines,), axis)
    assert found.is_complete
    assert found.numbers.tolist() == lines


def test_one_line_takes_few_probes():
    found = search((3, 4096), np.s_[:, 1234], 1)
    assert found.numbers.tolist() == [1234]
    assert found.probes <= 16 + 2 * 8


def test_where_all_lines_are_wrong_each_is_probed_once():
    found = search((300, 2), ..., 0)
    assert found.is_complete
    assert found.numbers.tolist() == list(range(300))
    assert found.probes == 16 + 300


def test_beyond_the_limit_some_wrong_lines_are_found():
    found = search((1000, 2), np.s_[1::2], 0, limit=50)
    assert not found.is_complete
    assert len(found.numbers) == 8
    assert (found.numbers % 2 == 1).all()


def test_an_array_without_errors_has_no_wrong_line():
    found = search((40, 5), np.s_[:0], 0)
    assert found.is_complete
    assert found.numbers.size == 0
