"""Clipping of a gradient by its norm."""

import math

import numpy as np

from ..utils.typing import Array
from ..utils.workspace import get_workspace


def clip_by_norm(grad: Array, most: float, buffers: dict[str, Array]) -> Array:
    """Return `grad`, shortened to the norm `most` if it is longer."""
    with np.errstate(over="ignore", invalid="ignore"):
        norm = math.sqrt(grad.dot(grad))
        if not math.isfinite(
            norm
        ):  # the squares overflow, or an element is not finite: then the norm is NaN
            largest = float(np.abs(grad).max())
            scaled = grad / largest
            norm = largest * math.sqrt(scaled.dot(scaled))
    if not norm > most:
        return grad
    return np.multiply(
        grad, most / norm, out=get_workspace(buffers, "clipped", grad.shape, grad.dtype)
    )
