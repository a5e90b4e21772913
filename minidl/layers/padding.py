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
        Sequences, time-major, as a view too. Of complex numbers the real parts count, so that a
        complex step at a padded place leaves it padded.
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
    np.not_equal(by_time.real, 0, out=is_nonzero.reshape(t, m, features))
    np.any(is_nonzero, axis=1, keepdims=True, out=is_used)
    is_padding = is_used.reshape(t, m, 1)
    from_the_end = is_padding[::-1]
    np.logical_or.accumulate(from_the_end, axis=0, out=from_the_end)
    return np.logical_not(is_padding, out=is_padding)


def find_padding_of(x: Array, workspace: Workspace) -> Array:
    """Return the same of sequences whose first axis is that of the examples.

    Parameters
    ----------
    x : ndarray of shape (m, t, features)
        The sequences.
    workspace : dict of str to ndarray
        Receives the work arrays.

    Returns
    -------
    ndarray of bool of shape (m, t, 1)
        A view of a work array.
    """
    return find_padding(x.transpose(1, 0, 2), workspace).transpose(1, 0, 2)


def without_padding(dy: Array, padding: Array | None, workspace: Workspace) -> Array:
    """Return a gradient that is 0 at padding, where the output has been set to 0.

    Parameters
    ----------
    dy : ndarray of shape (m, t, features)
        The gradient with respect to the output.
    padding : ndarray of bool of shape (m, t, 1), or None
        Which positions are padding. None if the layer does not ask.
    workspace : dict of str to ndarray
        Receives the work array.

    Returns
    -------
    ndarray of the shape of dy
        `dy` itself without padding, else a work array.
    """
    if padding is None:
        return dy
    masked = get_workspace(workspace, "dy without padding", dy.shape, dy.dtype)
    np.copyto(masked, dy)
    np.copyto(masked, 0, where=padding)
    return masked
