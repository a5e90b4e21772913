"""A block of a large array: some lines of each axis, whose elements were computed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..utils.typing import Array


class Block(NamedTuple):
    """Some lines of each axis of an array; the whole array is a block of itself.

    Attributes
    ----------
    indices
        The numbers of the lines along each axis.
    shape
        The shape of the whole array.
    wrong
        The numbers of all lines of the whole array in which probes found an error, along each
        axis; None for an axis that was not searched.
    """

    indices: tuple[Array, ...]
    shape: tuple[int, ...]
    wrong: tuple[Array | None, ...]

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Block:
        """Return the block that is a whole array of this shape."""
        return cls(tuple(np.arange(n) for n in shape), shape, (None,) * len(shape))

    @property
    def size(self) -> int:
        """The number of elements of the block."""
        return int(np.prod([len(lines) for lines in self.indices]))

    @property
    def is_whole(self) -> bool:
        """Whether the block is the whole array."""
        return self.size == np.prod(self.shape)

    def is_searched(self, axis: int) -> bool:
        """Return whether all wrong lines along an axis of the whole array are known."""
        return self.is_whole or self.wrong[axis] is not None

    def of(self, array: Array) -> Array:
        """Return the elements of the block."""
        part: Array = array[np.ix_(*self.indices)] if self.indices else array
        return part

    def embed(self, elements: Array) -> Array:
        """Return the whole array with the elements of the block, and NaN elsewhere."""
        whole = np.full(self.shape, np.nan)
        whole[np.ix_(*self.indices)] = elements
        return whole

    def position(self, index: tuple[int, ...]) -> tuple[int, ...]:
        """Return where in the whole array an element of the block is."""
        return tuple(int(lines[i]) for lines, i in zip(self.indices, index, strict=True))

    def all_elements(self) -> str:
        """Return "all 12 elements", of a part with the size of the whole."""
        if self.is_whole:
            return f"all {self.size} elements"
        whole = int(np.prod(self.shape))
        return f"all {self.size} elements that were computed, of {whole}"
