"""Mini-batches: one pass over the examples in parts of equal size, each example once."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import Array, Seed
from .buffers import Buffers, Plan, plan
from .errors import ArgumentError, ShapeError
from .randomness import plain, raw_state, set_state, stream, words
from .sources import MEMORY_LIMIT, Source, check_memory_limit, in_memory, same_length, source_or_array

Order = Callable[[int], npt.ArrayLike]

_PORTION = 2**18  # bytes that are gathered at once: several small batches in one call, and all of them still in the cache


class MiniBatches:
    """Deal the rows of `X` and `Y` in batches; each iteration is one epoch.

    Every row comes exactly once in an epoch; the last batch is smaller where `batch_size` does not divide m. Shuffling permutes
    the examples anew each epoch.

    Parameters
    ----------
    X, Y : numpy.ndarray, or anything with shape, dtype and slices of rows, such as an HDF5 data set
        X of shape (m, ...) and Y of shape (m, k).
    batch_size : int or None
        None: the whole set is the one batch, as it is.
    shuffle : bool or callable
        A callable takes the number of the epoch, from 1, and returns the order of the rows, a permutation of range(m).
    seed : int, numpy.random.Generator or RandomState
        Where the permutations come from.
    dtype : numpy.dtype, optional
        What the batches of X have; X itself stays as it is, and each batch is converted. That of X by default.
    memory_limit : int, default 256 * 2**20
        How many bytes of rows may be in memory at once, where X or Y are not.

    Attributes
    ----------
    plan : Plan or None
        How many rows are a `.block` and how many `.blocks` a buffer; None where all rows are in memory.

    Raises
    ------
    ArgumentError, ShapeError
        For a batch size below 1, no examples, or X and Y of different length; where `memory_limit` is too small.
    DataError, NonFiniteError
        From an iteration, where rows cannot be read, or hold a number that is not finite: before any row of their buffer is dealt.

    Notes
    -----
    The arrays that an iteration yields are written over by later ones, and there is one iteration at a time.

    **Larger than memory.** An HDF5 data set, a memmap and the like are read once and kept where all rows fit into `memory_limit`.
    Otherwise blocks of neighbouring rows (some 128 KiB to 1 MiB, in whole HDF5 chunks where these fit) are read in a new random order
    each epoch; many blocks (at least 32 from a limit of 10 MiB on, else at least 8; fewer if chunks are large) make a buffer, and
    batches are dealt from its rows in random order. One thread reads the next buffer meanwhile, so two buffers share the limit; it
    ends with the iteration.

    How good that shuffle is: each epoch, any two blocks share a buffer with a chance of (n - 1) / (N - 1), for n of N blocks in a
    buffer, and within a buffer every order of rows is equally likely. Rows of one block are always in the same buffer, and only
    rows of the same buffer (or, at its end, of the next) meet in a batch. A file that is sorted by class is no problem then: the
    share of a class in a buffer varies around that in the file by at most 0.5 / sqrt(n), one standard deviation: 9 % at n = 32,
    4 % at 150. The order follows from the seed, m, the bytes per row, the chunk's rows, `batch_size` and `memory_limit`, and not
    from which thread is faster.

    Examples
    --------
    >>> X, Y = np.arange(10.0).reshape(5, 2), np.arange(5.0).reshape(5, 1)
    >>> [len(x) for x, y in MiniBatches(X, Y, batch_size=2)]
    [2, 2, 1]
    """

    def __init__(
        self,
        X: Any,
        Y: Any,
        *,
        batch_size: int | None = 64,
        shuffle: bool | Order = True,
        seed: Seed = 0,
        dtype: np.dtype[Any] | None = None,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        check_batch_size(batch_size)
        check_memory_limit(memory_limit)
        if not (isinstance(shuffle, bool) or callable(shuffle)):
            raise ArgumentError(
                f"shuffle must be True, False or a function from the epoch's number to the order of the rows, got {shuffle!r}"
            )
        x, y = source_or_array(X, "X", dtype and np.dtype(dtype)), source_or_array(Y, "Y")
        same_length(x, y)
        if len(x) == 0:
            raise ShapeError("X and Y must hold at least one example, got none")
        self.rows = len(x)
        self.size = self.rows if batch_size is None else min(int(batch_size), self.rows)
        self.shuffle = shuffle
        self.epoch = 0
        self.plan: Plan | None = None
        self._rng = stream(seed)
        self._dealt = 0  # batches of the epoch under way
        self._before: dict[str, Any] | None = None  # where the stream stood when that epoch began
        self._resumes = False
        self._alone = self.size == self.rows and not callable(shuffle)  # one batch, in which the order does not matter
        self._buffers: Buffers | None = None
        self._dtype = np.dtype(dtype or x.dtype)
        self._prepare(x, y, batch_size, memory_limit)

    def _prepare(self, x: Array | Source, y: Array | Source, batch_size: int | None, limit: int) -> None:
        """Choose where the rows come from, and make the arrays that batches are gathered in."""
        row = sum(math.prod(held.shape[1:]) * held.dtype.itemsize for held in (x, y))
        row += math.prod(x.shape[1:]) * self._dtype.itemsize if x.dtype != self._dtype else 0
        portion = min(self.rows, self.size * max(1, min(_PORTION, limit // 16) // max(1, self.size * row)))
        if (arrays := in_memory((x, y), limit - portion * row)) is not None:
            x, y = arrays
            if self._alone:
                x, portion = np.asarray(x, self._dtype), 0
        elif batch_size is None or callable(self.shuffle):
            rule = "batch_size must be a number, got None" if batch_size is None else f"shuffle must be True or False, got {self.shuffle!r}"
            raise ArgumentError(f"{rule}, where X and Y do not fit into memory_limit={limit:,} bytes at once: raise it?")
        else:
            sources = [held if isinstance(held, Source) else Source(held, name) for held, name in ((x, "X"), (y, "Y"))]
            self.plan = plan(sources, self.size, limit, portion * row, shuffled=bool(self.shuffle))
            self._buffers = Buffers(sources, self.plan)
        self._held: tuple[Any, Any] = x, y
        self._x = np.empty((portion, *x.shape[1:]), self._dtype)
        self._y = np.empty((portion, *y.shape[1:]), y.dtype)
        self._raw = self._x if x.dtype == self._dtype else np.empty(self._x.shape, x.dtype)
        self._batches = self._cut(portion)

    def _cut(self, rows: int) -> list[tuple[Array, Array]]:
        """Return the batches that the first `rows` rows of the buffers are."""
        return [(self._x[i : min(i + self.size, rows)], self._y[i : min(i + self.size, rows)]) for i in range(0, rows, self.size)]

    def __len__(self) -> int:
        return math.ceil(self.rows / self.size)

    def __iter__(self) -> Generator[tuple[Array, Array]]:
        if not self._resumes:
            self.epoch += 1
            self._dealt = 0
            self._before = raw_state(self._rng)
        self._resumes = False
        with closing(self._portions(self._dealt * self.size)) as portions:
            for batches in portions:
                for batch in batches:
                    self._dealt += 1
                    yield batch
        self._before = None

    def _portions(self, skip: int) -> Generator[Iterable[tuple[Array, Array]]]:
        """Yield batches, some at a time, from row number `skip` of the epoch on."""
        size = self.size
        with closing(self._segments(skip)) as segments:
            filled = 0
            for x, y, order in segments:
                if order is None:  # nothing is copied
                    yield [(x, y)][skip:] if self._alone else ((x[i : i + size], y[i : i + size]) for i in range(skip, self.rows, size))
                    return
                taken = 0
                while taken < len(order):
                    rows = order[taken : taken + len(self._x) - filled]
                    into = slice(filled, filled + len(rows))
                    # mode="clip" lets take write straight into the buffer; the rows are known to be valid.
                    x.take(rows, axis=0, out=self._raw[into], mode="clip")
                    y.take(rows, axis=0, out=self._y[into], mode="clip")
                    taken += len(rows)
                    filled += len(rows)
                    if filled == len(self._x):
                        yield self._converted(filled)
                        filled = 0
            if filled:
                yield self._converted(filled)

    def _converted(self, rows: int) -> list[tuple[Array, Array]]:
        if self._raw is not self._x:
            np.copyto(self._x[:rows], self._raw[:rows])
        return self._batches if rows == len(self._x) else self._cut(rows)

    def _segments(self, skip: int) -> Generator[tuple[Array, Array, Array | None]]:
        """Yield X, Y and the order in which their rows are due, from row number `skip` of the epoch on."""
        if self._buffers is None:
            order = self._order()
            yield *self._held, None if order is None else order[skip:]
            return
        buffers, entropy = self._buffers, words(self._rng) if self.shuffle else []
        runs = buffers.runs(np.random.default_rng([*entropy, 0]).permutation(buffers.blocks) if self.shuffle else None)
        first = 0
        while first < len(runs) and skip >= (length := buffers.length(runs[first])):
            skip -= length
            first += 1
        with closing(buffers.fill(runs[first:])) as filled:
            for number, (x, y) in enumerate(filled, first + 1):
                # A stream per buffer: to go on in the middle of an epoch, those before need not be drawn again.
                order = np.random.default_rng([*entropy, number]).permutation(len(x)) if self.shuffle else np.arange(len(x))
                yield x, y, order[skip:]
                skip = 0

    def _order(self) -> Array | None:
        """Return the order of all rows in this epoch, None for that in which they are."""
        m = self.rows
        if callable(self.shuffle):
            order = np.asarray(self.shuffle(self.epoch))
            if order.shape != (m,) or order.dtype.kind not in "iu" or not np.array_equal(np.sort(order), np.arange(m)):
                raise ArgumentError(f"shuffle({self.epoch}) must return a permutation of range({m}): every row once, got {order!r}")
            return order.astype(np.intp)
        if self._alone:  # the order within the one batch does not matter
            return None
        if self.shuffle:
            return self._rng.permutation(m)
        return None if self._raw is self._x else np.arange(m)

    def state(self) -> dict[str, Any]:
        """Return where the dealing stands, as plain values that JSON can hold.

        "epoch" is the number of epochs that are complete, "batch" how many batches of the next one have been dealt, also if its
        iteration was left early; "random" is where the stream stood at its beginning.

        Examples
        --------
        >>> X, Y = np.arange(6.0).reshape(6, 1), np.zeros((6, 1))
        >>> batches, twin = (MiniBatches(X, Y, batch_size=2) for _ in range(2))
        >>> rest = iter(batches)
        >>> first = next(rest)
        >>> twin.restore(batches.state())
        >>> [x.tolist() for x, y in rest] == [x.tolist() for x, y in twin]
        True
        """
        under_way = self._before is not None
        epoch, batch = (self.epoch - 1, self._dealt) if under_way else (self.epoch, 0)
        before = self._before if under_way else raw_state(self._rng)
        return {"epoch": epoch, "batch": batch, "random": plain(before), "dealing": self._dealing()}

    def _dealing(self) -> dict[str, Any]:
        block, blocks = self.plan or (None, None)
        how = self.shuffle if isinstance(self.shuffle, bool) else "callable"
        return {"rows": self.rows, "batch_size": self.size, "shuffle": how, "block": block, "blocks": blocks}

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `ArgumentError` unless `restore` can go on from `state`; nothing is changed."""
        try:
            epoch, dealt, before, dealing = (state[name] for name in ("epoch", "batch", "random", "dealing"))
        except (TypeError, KeyError):
            raise ArgumentError(f"state must be what MiniBatches.state() returned, got {state!r}") from None
        if dealing != self._dealing():
            raise ArgumentError(
                f"state must be of batches dealt as these, {self._dealing()}, got {dealing}: use the same data and settings"
            )
        counts = all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in (epoch, dealt))
        if not counts or dealt > len(self):
            raise ArgumentError(f"state must have an epoch >= 0 and a batch from 0 to {len(self)}, got {epoch!r} and {dealt!r}")
        set_state(copy.deepcopy(self._rng), before)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state()` was taken: the next iteration deals exactly the batches that were still to come.

        Raises
        ------
        ArgumentError
            If `state` is of another set, batch size, shuffle or memory limit, or no such state at all.
        """
        self.check(state)
        dealt, before = state["batch"], state["random"]
        set_state(self._rng, before)
        self._dealt, self._resumes = dealt, dealt > 0
        self.epoch = state["epoch"] + self._resumes
        self._before = dict(before) if self._resumes else None


def check_batch_size(batch_size: int | None) -> None:
    """Raise `ArgumentError` unless `batch_size` is None or a whole number >= 1."""
    if batch_size is not None and (isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1):
        raise ArgumentError(f"batch_size must be a whole number >= 1, or None for the whole set, got {batch_size!r}")
