"""The output shape of layers that normalize the last axis."""

from __future__ import annotations

from ..errors import ShapeError
from .base import Shape, UnknownRank


def features_last(shape: Shape | None, features: int) -> Shape | None:
    """Return the shape of one example of the output: that of the input.

    Parameters
    ----------
    shape : tuple of int or None
        The shape of one example of the input, None if it is unknown.
    features : int
        The length that its last axis must have.

    Returns
    -------
    tuple of int or None
        `shape`; of unknown rank where it is unknown.

    Raises
    ------
    ShapeError
        If the last axis has another length.
    """
    if shape is None:
        return UnknownRank((features,))
    if not shape or shape[-1] != features:
        raise ShapeError(f"expects {features} features, got {shape[-1] if shape else 'none'}")
    return shape
