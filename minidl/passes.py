"""Passes: all rows in order, some at a time, for a model that is only asked and not trained."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from typing import Any

import numpy as np

from .arrays import Array, check_finite, scratch
from .buffers import Buffers, Plan, plan
from .sources import MEMORY_LIMIT, Source

# Rows per pass: large enough for fast products, small enough that what was checked or converted is in the cache when it is multiplied.
_FEWEST, _MOST, _BYTES = 32, 1024, 2**25
_AHEAD = 2**25  # bytes of rows that are read ahead: in order there is nothing to gain from more


class Passes:
    """Rows in the model's dtype, pass by pass; each iteration is over all of them.

    It yields which rows, these rows of X, and of the targets; they are valid until the next are asked for.

    Parameters
    ----------
    x, t : numpy.ndarray or Source
        X (m, ...) of any real type; targets as the loss takes them, if there are any.
    dtype : numpy.dtype
        The model's.
    check : bool, default False
        Check that the numbers of an array `x` are finite. A source always does.
    memory_limit : int
        How many bytes of rows may be in memory at once, where they are read.

    Raises
    ------
    ArgumentError
        If rows cannot be read within the limit.
    NonFiniteError, DataError
        From an iteration, for a number that is not finite, or where rows cannot be read.

    Examples
    --------
    >>> [(rows, x.dtype.name) for rows, x, t in Passes(np.zeros((1500, 2), np.uint8), dtype=np.dtype("float32"))]
    [(slice(0, 1024, None), 'float32'), (slice(1024, 1500, None), 'float32')]
    """

    def __init__(
        self,
        x: Array | Source,
        t: Array | Source | None = None,
        *,
        dtype: np.dtype[Any],
        check: bool = False,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.rows = len(x)
        self._dtype, self._check = dtype, check
        self._store: dict[str, Array] = {}
        row: int = math.prod(x.shape[1:]) * dtype.itemsize
        outside = isinstance(x, Source) or isinstance(t, Source)
        fit = min(_BYTES, memory_limit // 4) // row or 1
        self._step = max(1 if outside else _FEWEST, min(_MOST, 1 << fit.bit_length() - 1))  # a power of two
        self._held: tuple[Any, Any] | Buffers = self._ahead(x, t, row, memory_limit) if outside else (x, t)

    def _ahead(self, x: Array | Source, t: Array | Source | None, row: int, limit: int) -> Buffers:
        """Return what reads the rows."""
        sources = [x if isinstance(x, Source) else Source(x, "X", self._dtype)]
        if t is not None:
            sources.append(t if isinstance(t, Source) else Source(t, "Y"))
        each = sum(2 * source.row_bytes + source.passing_bytes for source in sources)
        reach = max(_AHEAD, 2 * each * max(source.chunk for source in sources))
        step = self._step
        beside = step * row if sources[0].dtype != self._dtype else 0
        block, blocks = plan(sources, 1, min(limit, reach), beside, shuffled=False)
        if block * blocks > step and step % block == 0:
            blocks -= blocks % (step // block)  # whole passes, as over an array: so all roundings are the same
        return Buffers(sources, Plan(block, blocks))

    def __iter__(self) -> Generator[tuple[slice, Array, Any]]:
        return self._read(self._held) if isinstance(self._held, Buffers) else self._cut(0, *self._held)

    def _read(self, buffers: Buffers) -> Generator[tuple[slice, Array, Any]]:
        """Yield the passes over one buffer after another."""
        first = 0
        with closing(buffers.fill(buffers.runs())) as filled:
            for x, *t in filled:
                yield from self._cut(first, x, t[0] if t else None)
                first += len(x)

    def _cut(self, first: int, x: Array, t: Array | None) -> Generator[tuple[slice, Array, Any]]:
        """Cut arrays, whose first row has the number `first`, into passes."""
        for start in range(0, len(x), self._step):
            given = ready = x[start : start + self._step]
            if given.dtype != self._dtype or not given.flags.c_contiguous:
                ready = scratch(self._store, "x", given.shape, self._dtype)
                with np.errstate(over="ignore"):  # the check reports it
                    np.copyto(ready, given)
            if self._check and given.dtype.kind == "f":
                check_finite(ready, "X", received=given, first=first + start)
            yield slice(first + start, first + start + len(given)), ready, None if t is None else t[start : start + self._step]
