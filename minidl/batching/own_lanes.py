"""The lanes of each batch that one of several processes computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..utils.typing import Array
from .batch import Batch

if TYPE_CHECKING:
    from .row_exchange import RowExchange


class OwnLanes:
    """A run of lanes, of the equal parts into which each batch is divided.

    The first lanes of a batch of n rows have one row more if n is no multiple of their number, as
    of `numpy.array_split`; a short batch leaves the last ones empty.

    Parameters
    ----------
    n_lanes : int
        The number of all lanes.
    first, stop : int
        The run of this process: `first` and all before `stop`.
    description : int or str
        What identifies the lanes in a checkpoint, which another number of processes may resume.
    n_coupled_parts : int, default 1
        Into how many parts a batch is divided of which each has statistics of its own, where
        layers couple examples.

    Attributes
    ----------
    exchange : RowExchange or None
        Sends rows of files to the processes that compute with them, if there are several.

    Examples
    --------
    >>> lanes = OwnLanes(4, 2, 4, 4)
    >>> lanes.rows(10), lanes.slices(4), lanes.rows(2)
    (slice(6, 10, None), (slice(0, 2, None), slice(2, 4, None)), slice(2, 2, None))
    """

    def __init__(
        self,
        n_lanes: int,
        first: int,
        stop: int,
        description: int | str,
        n_coupled_parts: int = 1,
    ) -> None:
        self.n_lanes = n_lanes
        self.first = first
        self.stop = stop
        self.description = description
        self.n_coupled_parts = n_coupled_parts
        self.exchange: RowExchange | None = None

    def rows(self, n_rows: int) -> slice:
        """Return the rows of this process in a batch of `n_rows`."""
        return slice(*(_bound(n_rows, self.n_lanes, lane) for lane in (self.first, self.stop)))

    def count(self, n_rows: int) -> int:
        """Return the number of these rows."""
        rows = self.rows(n_rows)
        return int(rows.stop - rows.start)

    def cut(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the rows of this process in each batch, but for batches where it has none."""
        for batch in batches:
            rows = self.rows(batch.n_examples)
            if rows.start < rows.stop:
                yield batch.rows(rows)

    def slices(self, n_own_rows: int) -> tuple[slice, ...]:
        """Return the rows of each lane of this process, among its own rows of a batch."""
        # An equal division of its rows gives its lanes the sizes that they have in the batch.
        return _division(n_own_rows, self.stop - self.first)

    def own(
        self, order: Array, first_row: int, batch_size: int, n_rows: int
    ) -> tuple[Array, Array]:
        """Return the part of an order of rows that is of this process.

        Parameters
        ----------
        order : ndarray of shape (n,)
            The numbers of some rows, as they follow each other in an epoch.
        first_row : int
            The place of the first of them in the epoch.
        batch_size : int
            The rows of each batch but the last one.
        n_rows : int
            The rows of the epoch.

        Returns
        -------
        own : ndarray
            Some of them.
        places : ndarray
            Their places in the epoch.
        """
        places = np.arange(first_row, first_row + len(order))
        n_full = n_rows - n_rows % batch_size
        full, last = self.rows(batch_size), self.rows(n_rows % batch_size)
        is_full, within = places < n_full, places % batch_size
        start = np.where(is_full, full.start, last.start)
        stop = np.where(is_full, full.stop, last.stop)
        is_own = (start <= within) & (within < stop)
        return order[is_own], places[is_own]


@lru_cache(64)
def _division(n_rows: int, n_lanes: int) -> tuple[slice, ...]:
    bounds = [_bound(n_rows, n_lanes, lane) for lane in range(n_lanes + 1)]
    return tuple(slice(*pair) for pair in pairwise(bounds))


def _bound(n_rows: int, n_lanes: int, lane: int) -> int:
    size, n_longer = divmod(n_rows, n_lanes)
    return lane * size + min(lane, n_longer)
