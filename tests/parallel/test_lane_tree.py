from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minidl.parallel.lane_tree import LaneTree, TreeSum


def nested(first, stop, values):
    """Return the sum of the two halves, and of their halves."""
    if stop - first == 1:
        return values[first]
    middle = (first + stop) // 2
    return nested(first, middle, values) + nested(middle, stop, values)


@given(n_lanes=st.integers(1, 20), data=st.data())
def test_any_division_of_the_lanes_gives_the_sum_of_the_halves(n_lanes, data):
    values = np.random.default_rng(n_lanes).standard_normal((n_lanes, 3)).astype(np.float32)
    cuts = sorted(data.draw(st.sets(st.integers(1, n_lanes), max_size=4)) | {0, n_lanes})
    tree, total = LaneTree(n_lanes), TreeSum(LaneTree(n_lanes))
    for first, stop in pairwise(cuts):
        own = TreeSum(tree)
        for lane in range(first, stop):
            own.add((lane, lane + 1), values[lane].copy())
        assert [node for node, _ in own.sums] == list(tree.nodes_within(first, stop))
        for node, array in own.sums:
            total.add(node, array)
    ((node, array),) = total.sums
    assert node == (0, n_lanes)
    assert array.tobytes() == nested(0, n_lanes, values).tobytes()


def test_memory_of_what_was_added_is_free():
    total = TreeSum(LaneTree(4))
    arrays = [np.ones(1) for _ in range(4)]
    for lane, array in enumerate(arrays):
        total.add((lane, lane + 1), array)
    assert len(total.free) == 3
    total.clear()
    assert {id(array) for array in total.free} == {id(array) for array in arrays}
    assert total.sums == []
