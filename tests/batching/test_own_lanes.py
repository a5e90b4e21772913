import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.batching.own_lanes import OwnLanes


@given(n_rows=st.integers(0, 60), n_lanes=st.integers(1, 9), data=st.data())
def test_lanes_are_those_of_array_split(n_rows, n_lanes, data):
    first = data.draw(st.integers(0, n_lanes - 1))
    stop = data.draw(st.integers(first + 1, n_lanes))
    lanes = OwnLanes(n_lanes, first, stop, "")
    parts = np.array_split(np.arange(n_rows), n_lanes)
    rows = np.arange(n_rows)[lanes.rows(n_rows)]
    assert rows.tolist() == [row for part in parts[first:stop] for row in part]
    own = [rows[part].tolist() for part in lanes.slices(len(rows))]
    assert own == [part.tolist() for part in parts[first:stop]]


@pytest.mark.parametrize("first_row", [0, 4, 8])
def test_the_own_part_of_an_order_is_that_of_each_batch(first_row):
    order = np.random.default_rng(0).permutation(10)
    lanes = OwnLanes(4, 1, 3, "")  # of four rows each: the second and the third
    expected = [order[1:3], order[5:7], order[9:10]][first_row // 4 :]
    own, places = lanes.own(order[first_row:], first_row, 4, 10)
    assert own.tolist() == np.concatenate(expected).tolist()
    assert own.tolist() == order[places].tolist()
