"""Lanes: parts of a batch of pictures, of which each is computed by one thread."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ..utils.threads import count_threads, share_out
from ..utils.typing import Array
from ..utils.workspace import Workspace, get_scratch

N_LANES, MIN_PRODUCTS = 4, 20_000_000
"""Into how many lanes pictures are divided from this number of multiplications on.
They take 0.4 ms, of which a second thread saves half and takes 0.1 ms to start."""

SMALL_PRODUCT = 1_000_000
"""Up to how many multiplications OpenBLAS makes a product without packing, and by one thread."""

MIN_ROWS = 96
"""How many rows the factor of a product should have: with fewer, a product takes longer."""


class Lanes:
    """The lanes of a batch.

    They depend on the sizes alone, not on the number of threads, and sums are made lane by lane:
    so the results have the same bits for any number of threads.

    Parameters
    ----------
    n_examples : int
        The size of the batch.
    n_products : int
        The number of multiplications for each example.
    is_shared : bool
        Whether threads pay at all: not where products are so large that BLAS has threads for each.

    Attributes
    ----------
    slices : list of slice
        The examples of each lane.
    longest : int
        The number of examples of the longest.
    n_threads : int
        How many threads share the lanes.
    """

    def __init__(self, n_examples: int, n_products: int, *, is_shared: bool) -> None:
        pays = is_shared and n_examples * n_products >= MIN_PRODUCTS
        n_lanes = min(N_LANES, n_examples) if pays else 1
        bounds = [n_examples * k // n_lanes for k in range(n_lanes + 1)]
        self.slices = [slice(*pair) for pair in pairwise(bounds)]
        self.longest = -(-n_examples // n_lanes)
        self.n_threads = min(count_threads(), n_lanes) if n_lanes > 1 else 1

    def run(self, work: Callable[[int, int], None]) -> None:
        """Call work(lane, thread) for each lane."""
        share_out(work, len(self.slices), self.n_threads)

    def new_sums(self, workspace: Workspace, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return zeros of a shape for each lane, to which it adds, as a work array."""
        sums = get_scratch(workspace, "sums of lanes", (len(self.slices), *shape), dtype)
        sums[...] = 0
        return sums

    def total(self, sums: Array) -> Array:
        """Return the sum over the lanes, in their order."""
        total: Array = sums[0]
        for of_lane in sums[1:]:
            np.add(total, of_lane, out=total)
        return total
