"""The output shape of layers whose output has the shape of their input."""

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


def sequences_only(shape: Shape | None, features: int) -> Shape | None:
    """Return the same for a layer of sequences (t, features).

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
        If it is known to be no sequence of so many features.
    """
    is_known = shape is not None and not isinstance(shape, UnknownRank)
    if shape is not None and (shape[-1:] != (features,) or (is_known and len(shape) != 2)):
        raise ShapeError(f"expects sequences (t, {features}), got {tuple(shape)}")
    return features_last(shape, features)
