"""The sum of gradients over all lanes and processes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ..utils.typing import Array
from .lane_tree import LaneTree, TreeSum
from .process_group import ProcessGroup


class Reduction(ABC):
    """Adds the gradients and losses of lanes: each is a share of those of the whole batch."""

    @abstractmethod
    def add(self, lane: int, gradient: Array | None, loss: Any) -> None:
        """Add those of a lane of this process, in the order of the lanes.

        Parameters
        ----------
        lane : int
            The number of the lane.
        gradient : ndarray of shape (P,) or None
            Its gradient, which is copied; None of a lane without rows.
        loss : scalar
            Its loss.
        """

    @abstractmethod
    def finish(self, gradient: Array) -> Any:
        """Write the sum of the gradients into `gradient`, on all ranks, and return the loss."""

    @abstractmethod
    def add_up(self, rows: Array) -> Array:
        """Return the sum over all lanes of small arrays: `rows` has one of each own lane."""


class PlainSum(Reduction):
    """The sum of one lane for each process, made by MPI in whatever order it likes.

    Parameters
    ----------
    group : ProcessGroup
        The processes.
    """

    def __init__(self, group: ProcessGroup) -> None:
        self._group = group
        self._loss = np.zeros(1)
        self._is_empty = False

    def add(self, lane: int, gradient: Array | None, loss: Any) -> None:
        self._is_empty = gradient is None
        self._loss[0] = loss

    def finish(self, gradient: Array) -> Any:
        if self._is_empty:
            gradient[...] = 0
        self._group.add_up(gradient, self._loss)  # that of the lane is still in its place
        return float(self._loss[0])

    def add_up(self, rows: Array) -> Array:
        self._group.add_up(rows)
        return np.asarray(rows[0])


class OrderedSum(Reduction):
    """The sum in the order of a tree over the lanes, which is the same for any number of processes.

    Each process adds a slice of the vector for all lanes, and then all processes collect the
    slices: as much is sent as in the usual reduction if no process has to send more than one sum.

    Parameters
    ----------
    group : ProcessGroup
        The processes.
    tree : LaneTree
        The order.
    runs : sequence of (int, int)
        The lanes of each rank: the first, and the one after the last.
    size : int
        The number of elements P of a gradient.
    dtype : numpy.dtype
        Their dtype.
    """

    def __init__(
        self,
        group: ProcessGroup,
        tree: LaneTree,
        runs: list[tuple[int, int]],
        size: int,
        dtype: np.dtype[Any],
    ) -> None:
        self._group = group
        self._tree = tree
        self._runs = runs
        self._own = TreeSum(tree)
        self._nodes = [list(tree.nodes_within(*run)) for run in runs]
        self._size = size + 1  # the loss is the last element
        self._dtype = dtype
        bounds = [self._size * rank // group.size for rank in range(group.size + 1)]
        self._slices = [slice(*bounds[rank : rank + 2]) for rank in range(group.size)]
        self._widths = [int(part.stop - part.start) for part in self._slices]
        if group.size > 1:
            width, n_own = self._widths[group.rank], len(self._nodes[group.rank])
            self._sent = np.empty(n_own * self._size, dtype)
            self._received = np.empty((sum(map(len, self._nodes)), width), dtype)
            self._total = np.empty(self._size, dtype)

    def add(self, lane: int, gradient: Array | None, loss: Any) -> None:
        array = self._own.free.pop() if self._own.free else np.empty(self._size, self._dtype)
        array[:-1] = 0 if gradient is None else gradient
        array[-1] = loss
        self._own.add((lane, lane + 1), array)

    def finish(self, gradient: Array) -> Any:
        sums = [array for _, array in self._own.sums]
        total = sums[0] if self._group.size == 1 else self._exchanged(sums)
        gradient[...] = total[:-1]
        self._own.clear()
        return total[-1]

    def add_up(self, rows: Array) -> Array:
        lengths = [rows.shape[1] * (stop - first) for first, stop in self._runs]
        of_lanes = np.empty((self._runs[-1][1], rows.shape[1]), rows.dtype)
        self._group.collect(rows.reshape(-1), of_lanes.reshape(-1), lengths)
        total = TreeSum(self._tree)
        for lane, row in enumerate(of_lanes):
            total.add((lane, lane + 1), row)
        return total.sums[0][1]

    def _exchanged(self, sums: list[Array]) -> Array:
        """Return the sum over all ranks."""
        parts = [array[columns] for columns in self._slices for array in sums]
        np.concatenate(parts, out=self._sent)
        width, n_own = self._widths[self._group.rank], len(sums)
        n_sent = [n_own * each for each in self._widths]
        n_received = [len(nodes) * width for nodes in self._nodes]
        self._group.exchange(self._sent, n_sent, self._received.reshape(-1), n_received)
        nodes = [node for own_nodes in self._nodes for node in own_nodes]
        all_sums = TreeSum(self._tree)
        for node, array in zip(nodes, self._received, strict=True):
            all_sums.add(node, array)
        ((_, part),) = all_sums.sums
        self._group.collect(part, self._total, self._widths)
        return self._total
