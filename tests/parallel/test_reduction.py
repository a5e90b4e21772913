from itertools import pairwise

import numpy as np
import pytest
from thread_ranks import results_of

from minidl.parallel.lane_tree import LaneTree
from minidl.parallel.reduction import OrderedSum, PlainSum

RNG = np.random.default_rng(0)
GRADIENTS = RNG.standard_normal((6, 11)).astype(np.float32)
LOSSES = RNG.random(6).astype(np.float32)


def ordered(group, steps=2):
    """Return the sum of six gradients, and of small arrays, of which the fifth lane has none."""
    bounds = [6 * rank // group.size for rank in range(group.size + 1)]
    runs = list(pairwise(bounds))
    first, stop = runs[group.rank]
    reduction = OrderedSum(group, LaneTree(6), runs, 11, np.dtype(np.float32))
    total = np.empty(11, np.float32)
    for _ in range(steps):  # the second one in the memory of the first
        for lane in range(first, stop):
            is_empty = lane == 4
            gradient = None if is_empty else GRADIENTS[lane]
            reduction.add(lane, gradient, 0.0 if is_empty else LOSSES[lane])
        loss = reduction.finish(total)
    return total.tobytes(), loss.tobytes(), reduction.add_up(GRADIENTS[first:stop, :3]).tobytes()


@pytest.mark.parametrize("size", [2, 3, 5, 6])
def test_ordered_sums_do_not_depend_on_the_number_of_ranks(size):
    (expected,) = results_of(1, ordered)
    assert results_of(size, ordered) == [expected] * size
    total, loss, small = (np.frombuffer(part, np.float32) for part in expected)
    counted = np.arange(6) != 4
    assert total == pytest.approx(GRADIENTS[counted].sum(axis=0), abs=1e-6)
    assert loss == pytest.approx(LOSSES[counted].sum())
    assert small == pytest.approx(GRADIENTS[:, :3].sum(axis=0), abs=1e-6)


def test_two_ranks_send_no_more_than_a_plain_sum():
    def sent(group):
        sizes = []
        exchange = group.exchange

        def note(sent, n_sent, received, n_received):
            sizes.append(len(sent))
            exchange(sent, n_sent, received, n_received)

        group.exchange = note
        runs = [(4 * rank, 4 * rank + 4) for rank in range(2)]
        reduction = OrderedSum(group, LaneTree(8), runs, 99, np.dtype(np.float32))
        for lane in range(*runs[group.rank]):
            reduction.add(lane, np.zeros(99), 0.0)
        reduction.finish(np.empty(99))
        return sizes

    assert results_of(2, sent) == [[100], [100]]


def test_plain_sums_of_which_one_rank_has_no_rows():
    def work(group):
        reduction = PlainSum(group)
        gradient = GRADIENTS[group.rank].copy()
        is_empty = group.rank == 2
        reduction.add(group.rank, None if is_empty else gradient, 0.0 if is_empty else 1.5)
        loss = reduction.finish(gradient)
        return gradient, loss, reduction.add_up(np.full((1, 2), group.rank))

    for gradient, loss, small in results_of(3, work):
        assert gradient == pytest.approx(GRADIENTS[:2].sum(axis=0))
        assert (loss, small.tolist()) == (3.0, [3, 3])
