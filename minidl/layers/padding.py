"""The padding of sequences that end early."""

from __future__ import annotations

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import Workspace, get_workspace

BOOL = np.dtype(bool)


def find_padding(by_time: Array, workspace: Workspace) -> Array:
    """Return which steps are padding: their features, and those of all steps that follow, are 0.

    Parameters
    ----------
    by_time : ndarray of shape (t, m, features)
        Sequences, time-major. Of complex numbers the real parts count, so that a complex step at a
        padded place leaves it padded.
    workspace : dict of str to ndarray
        Receives the work arrays.

    Returns
    -------
    ndarray of bool of shape (t, m, 1)
        A work array.
    """
    t, m, features = by_time.shape
    is_nonzero = get_workspace(workspace, "is nonzero", (t * m, features), BOOL)
    is_used = get_workspace(workspace, "is used", (t * m, 1), BOOL)
    np.not_equal(by_time.real.reshape(t * m, features), 0, out=is_nonzero)
    np.any(is_nonzero, axis=1, keepdims=True, out=is_used)
    is_padding = is_used.reshape(t, m, 1)
    from_the_end = is_padding[::-1]
    np.logical_or.accumulate(from_the_end, axis=0, out=from_the_end)
    return np.logical_not(is_padding, out=is_padding)
