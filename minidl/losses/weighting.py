"""The weights of examples, or of positions, in a loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.typing import Array
from .base import Loss


def supports_weights(loss: Loss, *, per_position: bool) -> bool:
    """Return whether a loss defines the method that weights need.

    Parameters
    ----------
    loss : Loss
        The loss.
    per_position : bool
        Whether the weights are those of positions, not of examples.

    Returns
    -------
    bool
        False for weights per position, too, if a class overrides `per_example` and inherits
        `per_position`: then the losses of positions are not those that it means.
    """
    for cls in type(loss).__mro__:
        if "per_position" in vars(cls):
            return cls is not Loss
        if "per_example" in vars(cls):
            return not per_position
    return False


def weighted_mean(loss: Loss, sample_weight: Array) -> Any:
    """Return the mean of weight times loss over the examples or positions of the last `forward`.

    Parameters
    ----------
    loss : Loss
        The loss.
    sample_weight : ndarray of shape (m,) or (m, ...)
        The weights, of examples or of positions.

    Returns
    -------
    scalar
        The mean.
    """
    if sample_weight.ndim == 1:
        return loss.per_example().dot(sample_weight) / len(sample_weight)
    return loss.per_position().ravel().dot(sample_weight.ravel()) / sample_weight.size


def expand_weight(sample_weight: Array, ndim: int) -> Array:
    """Return weights (m, ...) as an array of `ndim` axes, of which the last ones have length 1."""
    if ndim == 2:
        return sample_weight[:, np.newaxis]
    return sample_weight.reshape(sample_weight.shape + (1,) * (ndim - sample_weight.ndim))
