"""Sums over the whole batch in layers that couple examples, where each call sees a part of it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np

from ..utils.typing import Array

AddUp: TypeAlias = Callable[[Array], Array]

ADD_UP: ContextVar[AddUp | None] = ContextVar("add up over the parts of a batch", default=None)
"""Adds an array (n,) of this part of the batch to those of all others, None of a whole batch."""


def whole_sums(n_rows: int, *sums: Array) -> tuple[Any, ...]:
    """Return the rows of the whole batch and sums over them, of those over the rows of a call.

    A training by several processes (`DataParallel`) calls `forward` and `backward` with a part of
    the batch. A layer that couples examples, and whose `sums_whole_batches` is True, takes
    the sums that one row has over others by this function; in all parts the same number of times.

    Parameters
    ----------
    n_rows : int
        The number of rows that the sums are made of.
    *sums : ndarray of shape (n,)
        Sums over the rows of this call.

    Returns
    -------
    n_rows : int
        The number of rows of the whole batch.
    *sums : ndarray of shape (n,)
        The sums over them: the arguments themselves if this is the whole batch.

    Examples
    --------
    >>> import numpy as np
    >>> whole_sums(3, np.array([6.0, 9.0]))
    (3, array([6., 9.]))
    """
    add_up = ADD_UP.get()
    if add_up is None:
        return n_rows, *sums
    whole = add_up(np.concatenate([*sums, np.array([n_rows], sums[0].dtype)]))
    ends = np.cumsum([len(each) for each in sums])
    return round(float(whole[-1])), *np.split(whole[:-1], ends[:-1])
