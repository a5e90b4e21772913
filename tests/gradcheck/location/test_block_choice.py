"""Choose the lines of a large array whose elements are computed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minidl.gradcheck.location.block_choice import choose_block


def choose(shape, *wrong, size=400):
    return choose_block(shape, [np.array(lines) for lines in wrong], (None,) * len(shape), size)


def test_a_block_has_wrong_and_right_lines():
    block = choose((1000, 500), range(100, 400), range(500))
    rows, columns = block.indices
    assert len(rows) == len(columns) == 20
    is_wrong = (rows >= 100) & (rows < 400)
    assert is_wrong.sum() == 14
    assert {100, 399, 0, 999} <= set(rows.tolist())


def test_a_few_wrong_lines_are_all_in_the_block():
    block = choose((1000, 500), [7, 70, 700], range(500))
    assert {7, 70, 700} <= set(block.indices[0].tolist())


def test_short_axes_are_whole_and_leave_room_for_long_ones():
    block = choose((3, 1000), range(3), range(1000), size=300)
    assert [len(lines) for lines in block.indices] == [3, 100]


def test_axes_of_one_length_get_the_same_lines():
    rows, columns = choose((300, 300), range(300), [7]).indices
    assert np.array_equal(rows, columns)
    assert 7 in rows


def test_arrays_that_are_wrong_everywhere_get_the_same_block():
    first, second = (choose((300, 200), range(300), range(200)).indices for _ in range(2))
    assert all(map(np.array_equal, first, second))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(1, 500), st.data())
def test_lines_are_sorted_and_exist(shape, size, data):
    wrong = [data.draw(st.sets(st.integers(0, n - 1), min_size=1)) for n in shape]
    block = choose(tuple(shape), *map(sorted, wrong), size=size)
    for n, lines in zip(shape, block.indices, strict=True):
        assert (np.diff(lines) > 0).all()
        assert lines.min() >= 0
        assert lines.max() < n
    assert block.size <= max(2 ** len(shape), 2 * size)
