"""Clipping of a gradient by its norm."""

from __future__ import annotations

import math

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import get_workspace


def clip_by_norm(grad: Array, max_norm: float, workspace: dict[str, Array]) -> Array:
    """Return `grad`, scaled down to the norm `max_norm` if it is longer.

    Parameters
    ----------
    grad : ndarray of shape (P,), float
        The gradient; not modified.
    max_norm : float
        Maximum Euclidean norm, > 0.
    workspace : dict of str to ndarray
        Keeps the array of the clipped gradient for the next call.

    Returns
    -------
    ndarray of shape (P,), float
        `grad` itself if its norm is at most `max_norm` or NaN, else an array of the workspace.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        norm = math.sqrt(grad.dot(grad))
        if not math.isfinite(norm):
            # The squares overflow: scale first. If an element is not finite, the norm is NaN.
            largest = float(np.abs(grad).max())
            scaled = grad / largest
            norm = largest * math.sqrt(scaled.dot(scaled))
    if not norm > max_norm:
        return grad
    clipped = get_workspace(workspace, "clipped", grad.shape, grad.dtype)
    return np.multiply(grad, max_norm / norm, out=clipped)
