"""Class numbers as rows of zeros and ones."""

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..utils.typing import Array
from ..utils.validation import as_real_array


def one_hot(labels: npt.ArrayLike, classes: int, *, dtype: npt.DTypeLike = np.float32) -> Array:
    """Return rows (m, classes) with a 1 at each label and 0 elsewhere.

    Parameters
    ----------
    labels : array_like of shape (m,) or (m, 1)
        Whole numbers from 0 to classes - 1.
    classes : int
        >= 1.
    dtype : dtype, default float32

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    if not isinstance(classes, int | np.integer) or classes < 1:
        raise ArgumentError(f"classes must be a whole number >= 1, got {classes!r}")
    numbers = as_real_array(labels, "labels")
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.ndim != 1 or numbers.size == 0:
        raise ShapeError(
            f"labels must be a vector (m,) of at least one class number, got shape {numbers.shape}"
        )
    wrong = ~((numbers >= 0) & (numbers < classes) & (numbers == np.floor(numbers)))
    if wrong.any():
        first = int(wrong.argmax())
        raise ArgumentError(
            f"class labels must be whole numbers from 0 to {classes - 1}, got {numbers[first]} in row {first}"
        )
    rows = np.zeros((len(numbers), classes), dtype)
    rows[np.arange(len(numbers)), numbers.astype(np.intp)] = 1
    return rows
