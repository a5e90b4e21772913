"""Rows that one of several processes has read, sent to those that compute with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from ..utils.typing import Array
from .own_lanes import OwnLanes

Exchange: TypeAlias = Callable[[Array, Sequence[int], Array, Sequence[int]], None]
"""exchange(sent, n_sent, received, n_received): the elements of an array for each process."""


class RowExchange:
    """Shares the reading of a file: each row is read by one process, and sent where it belongs.

    Parameters
    ----------
    lanes : sequence of OwnLanes
        Those of each process.
    rank : int
        The number of this process.
    exchange : callable
        Sends a part of an array to each process, and receives one of each.

    Attributes
    ----------
    rank, size : int
        The number of this process, and that of all.
    """

    def __init__(self, lanes: Sequence[OwnLanes], rank: int, exchange: Exchange) -> None:
        self._lanes = lanes
        self.rank = rank
        self._exchange = exchange
        self.size = len(lanes)

    def blocks(self, block_group: Array) -> list[Array]:
        """Return the blocks of a buffer that each process reads."""
        return np.array_split(block_group, self.size)

    def rows(
        self,
        arrays: Sequence[Array],
        n_read: Sequence[int],
        order: Array,
        first_row: int,
        batch_size: int,
        n_rows: int,
    ) -> tuple[list[Array], Array, Array]:
        """Send the rows of a buffer that this process has read, and receive its own.

        Parameters
        ----------
        arrays : sequence of ndarray
            The rows that this process has read.
        n_read : sequence of int
            The number of rows that each process has read.
        order : ndarray of shape (n,)
            The order of the rows of the buffer.
        first_row, batch_size, n_rows : int
            As for `OwnLanes.own`.

        Returns
        -------
        arrays : list of ndarray
            The rows of this process.
        order : ndarray
            Their order.
        places : ndarray
            Their places in the epoch.
        """
        bounds = np.cumsum([0, *n_read])
        of_ranks = [lanes.own(order, first_row, batch_size, n_rows) for lanes in self._lanes]
        start, stop = bounds[self.rank], bounds[self.rank + 1]
        sent = [own[(start <= own) & (own < stop)] - start for own, _ in of_ranks]
        own, places = of_ranks[self.rank]
        source = np.searchsorted(bounds, own, side="right") - 1
        n_received = np.bincount(source, minlength=self.size)
        received = [self._exchanged(array, sent, n_received) for array in arrays]
        own_order = np.empty(len(own), np.intp)
        own_order[np.argsort(source, kind="stable")] = np.arange(len(own))
        return received, own_order, places

    def _exchanged(self, array: Array, sent: Sequence[Array], n_received: Array) -> Array:
        row_size = math.prod(array.shape[1:])
        rows = array[np.concatenate(sent)]
        received = np.empty((int(n_received.sum()), *array.shape[1:]), array.dtype)
        n_sent = [len(part) * row_size for part in sent]
        counts = [int(n) * row_size for n in n_received]
        self._exchange(rows.reshape(-1), n_sent, received.reshape(-1), counts)
        return received
