"""Sequences of different lengths as one array, and which of its steps count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, DtypeError, ShapeError
from ..utils.typing import Array
from ..utils.validation import as_real_array, is_integer


def pad_sequences(sequences: Sequence[npt.ArrayLike]) -> tuple[Array, Array]:
    """Make one array of sequences of different lengths, filled up with 0 at their ends.

    Layers with ``skip_padding=True``, such as `LSTM`, skip these zeros, tokens through
    ``Embedding(padding=0)``: number tokens from 1 then. A sequence of features whose own last steps
    are all 0 would be taken for a shorter one. `length_mask` gives the weights with which a loss
    leaves the padding out.

    Parameters
    ----------
    sequences : sequence of array_like of shape (t_i, ...)
        m sequences, each with t_i >= 1 steps; the steps of all have the same shape: () for tokens,
        (features,) for features.

    Returns
    -------
    X : ndarray of shape (m, t, ...)
        The sequences, where t is the greatest length; int64 if all hold integers.
    lengths : ndarray of shape (m,)
        The lengths t_i.

    Raises
    ------
    ShapeError
        If there is no sequence, one has no steps, or the steps of two have different shapes.
    DtypeError
        If a sequence holds anything but real numbers.

    See Also
    --------
    length_mask : The weights of the steps, from their lengths.

    Examples
    --------
    >>> from minidl.data import pad_sequences
    >>> X, lengths = pad_sequences([[5, 2, 7], [3], [1, 4]])
    >>> X
    array([[5, 2, 7],
           [3, 0, 0],
           [1, 4, 0]])
    >>> lengths
    array([3, 1, 2])
    """
    rule = "pad_sequences takes a list of sequences"
    if isinstance(sequences, str | bytes):
        raise DtypeError(f"{rule} of numbers, got a text: number its tokens")
    arrays = [as_real_array(sequence, f"sequence {i}") for i, sequence in enumerate(sequences)]
    if not arrays:
        raise ShapeError(f"{rule}, got none: pass at least one")
    for i, array in enumerate(arrays):
        if array.ndim == 0:
            raise ShapeError(f"{rule}, got the number {array} in place {i}: pass [[...], [...]]")
        if array.size == 0:
            raise ShapeError(
                f"{rule} of at least one step, got shape {array.shape} in place {i}: leave it out"
            )
        if array.shape[1:] != arrays[0].shape[1:]:
            raise ShapeError(
                f"{rule} whose steps have the same shape, got shapes {arrays[0].shape} in place 0 "
                f"and {array.shape} in place {i}: put the steps first, (t, features)"
            )
    lengths = np.array([len(array) for array in arrays])
    dtype = np.result_type(*arrays)
    if dtype.kind in "iu":
        dtype = np.dtype(np.int64)
    X = np.zeros((len(arrays), lengths.max(), *arrays[0].shape[1:]), dtype)
    for row, array in zip(X, arrays, strict=True):
        row[: len(array)] = array
    return X, lengths


def length_mask(lengths: npt.ArrayLike, t: int) -> Array:
    """Return 1 for the steps of sequences and 0 for their padding, as weights for a loss.

    Parameters
    ----------
    lengths : array_like of int of shape (m,)
        The length of each sequence, from 0 to t.
    t : int
        The number of steps with padding, ``X.shape[1]``.

    Returns
    -------
    ndarray of shape (m, t)
        For `sample_weight` of a model whose outputs are (m, t, k), in float32.

    Raises
    ------
    ArgumentError
        If `t` is no integer >= 1, or a length is not in [0, t].
    ShapeError, DtypeError
        If `lengths` is not (m,), or holds anything but integers.

    See Also
    --------
    pad_sequences : Makes X and the lengths.

    Examples
    --------
    >>> from minidl.data import length_mask
    >>> length_mask([3, 1], 3)
    array([[1., 1., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    if not is_integer(t):
        raise ArgumentError(f"t must be an integer >= 1, got {t!r} in length_mask")
    array = as_real_array(lengths, "lengths")
    if array.ndim != 1 or array.size == 0:
        raise ShapeError(
            f"lengths must be (m,), one number per sequence, got shape {array.shape} in length_mask"
        )
    if array.dtype.kind not in "iu":
        raise DtypeError(
            f"lengths must be integers, got dtype {array.dtype} in length_mask: pass "
            "lengths.astype(int)"
        )
    wrong = np.flatnonzero((array < 0) | (array > t))
    if wrong.size:
        raise ArgumentError(
            f"lengths must be in [0, t] = [0, {t}], got {array[wrong[0]]} for sequence {wrong[0]} "
            "in length_mask: pass X.shape[1] of the padded sequences as t"
        )
    mask: Array = (np.arange(t) < array[:, np.newaxis]).astype(np.float32)
    return mask
