import numpy as np
import pytest
from thread_ranks import results_of

from minidl.batching.own_lanes import OwnLanes
from minidl.batching.row_exchange import RowExchange

X = np.arange(40.0).reshape(20, 2)
ORDER = np.random.default_rng(0).permutation(20)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("first_row", [0, 16])
def test_each_process_gets_its_rows_in_their_order(size, first_row):
    """Blocks of four rows: the last process may have read none."""
    lanes = [OwnLanes(size, rank, rank + 1, "") for rank in range(size)]

    def work(group):
        exchange = RowExchange(lanes, group.rank, group.exchange)
        of_ranks = exchange.blocks(np.arange(5))
        n_read = [4 * len(blocks) for blocks in of_ranks]
        start = sum(n_read[: group.rank])
        arrays = [X[start : start + n_read[group.rank]], np.arange(start, start + len(X))]
        arrays[1] = arrays[1][: n_read[group.rank]]
        received, order, places = exchange.rows(arrays, n_read, ORDER, first_row, 8, 36)
        return [array[order] for array in received], places

    for rank, ((rows, numbers), places) in enumerate(results_of(size, work)):
        own, expected_places = lanes[rank].own(ORDER, first_row, 8, 36)
        assert numbers.tolist() == own.tolist()
        assert rows.tolist() == X[own].tolist()
        assert places.tolist() == expected_places.tolist()


def test_blocks_are_shared_equally():
    exchange = RowExchange([OwnLanes(3, rank, rank + 1, "") for rank in range(3)], 0, None)
    assert [part.tolist() for part in exchange.blocks(np.array([7, 3]))] == [[7], [3], []]
