"""Class numbers as rows of zeros and ones."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..utils.typing import Array
from ..utils.validation import as_real_array
from .base import Shape, as_shape


def one_hot(labels: npt.ArrayLike, classes: int, *, dtype: npt.DTypeLike = np.float32) -> Array:
    """Return rows with a 1 at each class number and 0 elsewhere.

    Parameters
    ----------
    labels : array_like of shape (m, ...)
        Class numbers, integers from 0 to classes - 1. A column (m, 1) is taken as (m,).
    classes : int
        The number of classes, >= 1.
    dtype : dtype-like, default float32
        The dtype of the rows.

    Returns
    -------
    ndarray of shape (m, ..., classes)
        The one-hot rows, one for each class number.

    Raises
    ------
    ArgumentError
        If `classes` is not an integer >= 1, or a label is not an integer from 0 to classes - 1.
    ShapeError
        If `labels` is a single number or empty.
    DtypeError
        If `labels` are not real numbers.

    See Also
    --------
    CategoricalCrossEntropy : Takes class numbers as they are, too.

    Examples
    --------
    >>> from minidl import one_hot
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    if not isinstance(classes, int | np.integer) or classes < 1:
        raise ArgumentError(f"classes must be an integer >= 1, got {classes!r}")
    numbers = as_real_array(labels, "labels")
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.ndim == 0 or numbers.size == 0:
        raise ShapeError(
            "labels must be an array (m, ...) of at least one class number, "
            f"got shape {numbers.shape}"
        )
    is_valid = (numbers >= 0) & (numbers < classes) & (numbers == np.floor(numbers))
    if not is_valid.all():
        index = tuple(int(i) for i in np.argwhere(~is_valid)[0])
        place = f"row {index[0]}" if len(index) == 1 else f"position {index}"
        raise ArgumentError(
            f"class labels must be integers from 0 to {classes - 1}, "
            f"got {numbers[index]} in {place}"
        )
    rows = np.zeros((numbers.size, classes), dtype)
    rows[np.arange(numbers.size), numbers.reshape(-1).astype(np.intp)] = 1
    return rows.reshape(*numbers.shape, classes)


def class_numbers_as_rows(
    labels: Array, outputs: int | Shape | None, dtype: np.dtype[Any]
) -> Array | None:
    """Return targets that are class numbers as rows of `one_hot`.

    Parameters
    ----------
    labels : ndarray of shape (m, ...)
        The targets: class numbers, also as a column (m, ..., 1), or rows (m, ..., k).
    outputs : int, tuple of int or None
        The shape of one example of the output, as `Loss.prepare_targets` takes it.
    dtype : numpy.dtype
        The dtype of the rows.

    Returns
    -------
    ndarray of shape (m, ..., k) or None
        None if the targets do not have the shape of class numbers.

    Raises
    ------
    ShapeError
        If there are class numbers, but the number of classes is unknown.
    ArgumentError
        If a label is no class number.
    """
    shape = (None,) if outputs is None else as_shape(outputs)
    positions, n_classes = shape[:-1], shape[-1]
    is_column = labels.shape[1:] == (*positions, 1) and n_classes != 1
    if labels.ndim == 0 or not (labels.shape[1:] == positions or is_column):
        return None
    if n_classes is None:
        raise ShapeError(
            "Y has class numbers, but the number of classes is unknown: pass one_hot(Y, classes)"
        )
    numbers = labels[..., 0] if is_column else labels
    return one_hot(numbers, n_classes, dtype=dtype).reshape(-1, *shape)
