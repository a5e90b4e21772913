"""The rows of a file in the order of an epoch, buffer by buffer."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TypeAlias

import numpy as np

from ..utils.random import RandomGenerator, draw_seed_words
from ..utils.typing import Array
from .block_reader import BlockReader
from .out_of_core import ArraySource
from .own_lanes import OwnLanes
from .row_exchange import RowExchange

Part: TypeAlias = tuple[list[Array], Array]
"""Arrays, and the order of their rows."""


class StreamedRows:
    """The rows of each epoch, shuffled within buffers of randomly chosen blocks.

    Of several processes each reads a part of the blocks.

    Parameters
    ----------
    reader : BlockReader
        Reads the blocks.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws the order.
    shuffled : bool
        Whether the rows are in a random order.
    batch_size : int
        Rows per batch.
    rows_per_group : int
        The rows of the batches that are yielded at once.
    lanes : OwnLanes, optional
        The part of each batch that this process computes.
    """

    def __init__(
        self,
        reader: BlockReader,
        rng: RandomGenerator,
        *,
        shuffled: bool,
        batch_size: int,
        rows_per_group: int,
        lanes: OwnLanes | None = None,
    ) -> None:
        self._reader = reader
        self._rng = rng
        self._shuffled = shuffled
        self._batch_size = batch_size
        self._rows_per_group = rows_per_group
        self._lanes = lanes

    @property
    def sources(self) -> Sequence[ArraySource]:
        """All examples, targets and weights."""
        return self._reader.sources

    def parts(self, first_row: int) -> Generator[Part]:
        """Yield the arrays of each buffer, and the order of their rows from `first_row` on."""
        reader = self._reader
        seed_words = draw_seed_words(self._rng) if self._shuffled else []

        def order_of(count: int, number: int) -> Array:
            # A generator per buffer: an epoch is resumed without drawing the earlier orders.
            if not seed_words:
                return np.arange(count)
            return np.random.default_rng([*seed_words, number]).permutation(count)

        groups = reader.block_groups(order_of(reader.n_blocks, 0))
        first_group, n_skipped = 0, first_row
        while first_group < len(groups):
            n_rows = reader.n_rows_in(groups[first_group])
            if n_skipped < n_rows:
                break
            n_skipped -= n_rows
            first_group += 1
        groups = groups[first_group:]
        orders = (
            order_of(reader.n_rows_in(group), number)[
                0 if number > first_group + 1 else n_skipped :
            ]
            for number, group in enumerate(groups, first_group + 1)
        )
        exchange = None if self._lanes is None else self._lanes.exchange
        if exchange is None:
            with closing(reader.read_ahead(groups)) as buffers:
                for arrays, order in zip(buffers, orders, strict=True):
                    yield arrays, self._own(order, first_row)
                    first_row += len(order)
        else:
            yield from self._in_step(
                self._exchanged(exchange, groups, orders, first_row), first_row
            )

    def _own(self, order: Array, first_row: int) -> Array:
        if self._lanes is None:
            return order
        return self._lanes.own(order, first_row, self._batch_size, self._reader.n_rows)[0]

    def _exchanged(
        self, exchange: RowExchange, groups: list[Array], orders: Iterator[Array], first_row: int
    ) -> Generator[tuple[list[Array], Array, Array, int]]:
        """Yield the own rows of each buffer, their order and places, and the end of the buffer."""
        reader = self._reader
        of_ranks = [exchange.blocks(group) for group in groups]
        own_blocks = [blocks[exchange.rank] for blocks in of_ranks]
        with closing(reader.read_ahead(own_blocks)) as buffers:
            for arrays, blocks, order in zip(buffers, of_ranks, orders, strict=True):
                n_read = [reader.n_rows_in(part) for part in blocks]
                sizes = self._batch_size, reader.n_rows
                received = exchange.rows(arrays, n_read, order, first_row, *sizes)
                first_row += len(order)
                yield *received, first_row

    def _in_step(
        self, buffers: Generator[tuple[list[Array], Array, Array, int]], first_row: int
    ) -> Generator[Part]:
        """Yield the own rows so that all processes exchange rows before the same batch.

        Those of one process may end before a buffer does that others need for the same batch.
        """
        left: list[tuple[list[Array], Array, Array]] = []
        n_rows, n_known = self._reader.n_rows, first_row
        with closing(buffers):
            for start in range(first_row, n_rows, self._rows_per_group):
                stop = min(n_rows, start + self._rows_per_group)
                while n_known < stop:
                    arrays, order, places, n_known = next(buffers)
                    left.append((arrays, order, places))
                for arrays, order, places in left:
                    yield arrays, order[places < stop]
                left = [
                    (arrays, order[places >= stop], places[places >= stop])
                    for arrays, order, places in left
                    if len(places) and places[-1] >= stop
                ]
