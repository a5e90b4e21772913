"""The labels of a classifier, and the targets of its network that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.utils.multiclass import check_classification_targets

from ..errors import ArgumentError
from ..losses.encoding import one_hot
from ..utils.typing import Array


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of a classifier.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted. Of several labels per example, the columns of y: their numbers, or the
        names that the first call of `partial_fit` gave.
    is_multilabel : bool, default False
        Whether an example has any number of labels: y is (m, n_classes), 0 and 1.
    is_sparse : bool, default False
        Whether y is a sparse matrix, and so are the predictions.
    """

    classes: Array
    is_multilabel: bool = False
    is_sparse: bool = False

    @classmethod
    def of(cls, y: Any, classes: npt.ArrayLike | None) -> Labels:
        """Return the labels that y has, or that are known.

        Parameters
        ----------
        y : ndarray or sparse matrix
            The labels of a first training, as `validate_training` returns them.
        classes : array_like or None
            All labels, if y may lack some.

        Returns
        -------
        Labels
            The labels.

        Raises
        ------
        ArgumentError
            If there is one class only, or not as many as y has columns.
        """
        check_classification_targets(y)
        known = None if classes is None else np.unique(np.asarray(classes))
        if y.ndim == 2:
            columns = np.arange(y.shape[1])
            if known is not None and len(known) != len(columns):
                raise ArgumentError(
                    f"classes must name the {len(columns)} columns of y, got {len(known)} names"
                )
            return cls(columns if known is None else known, True, scipy.sparse.issparse(y))
        known = np.unique(y) if known is None else known
        if len(known) < 2:
            raise ArgumentError(f"y must have at least two classes, got one class, {known[0]}")
        return cls(known)

    @property
    def name(self) -> str:
        """What the outputs of a network are for, such as "3 classes", for errors."""
        n_classes = len(self.classes)
        return f"{n_classes} labels per example" if self.is_multilabel else f"{n_classes} classes"

    def check(self, y: Any) -> Array:
        """Return y as a dense array, or raise `ArgumentError` if it has other labels."""
        n_classes = len(self.classes)
        if self.is_multilabel:
            if y.ndim != 2 or y.shape[1] != n_classes:
                raise ArgumentError(
                    f"y must be 0 and 1 for each of {n_classes} labels, (m, {n_classes}), as in "
                    f"the first call, got shape {y.shape}"
                )
            dense: Array = y.toarray() if scipy.sparse.issparse(y) else y
            return dense
        if y.ndim != 1:
            raise ArgumentError(
                f"y must be one label per example, (m,), as in the first call, got shape {y.shape}"
            )
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown):
            raise ArgumentError(
                f"y must hold labels of the first call, {self.classes}, got the label {unknown[0]}"
            )
        return np.asarray(y)

    def encode(self, y: Array, n_outputs: int) -> Array:
        """Return the targets of a network: class numbers in a column, or rows of 0 and 1.

        Parameters
        ----------
        y : ndarray
            Labels that `check` has returned.
        n_outputs : int
            The number of outputs.

        Returns
        -------
        ndarray of shape (m, n_outputs)
            The targets.
        """
        if self.is_multilabel:
            return y
        numbers = np.searchsorted(self.classes, y)
        return numbers[:, np.newaxis] if n_outputs == 1 else one_hot(numbers, n_outputs)

    def decode(self, numbers: Array) -> Any:
        """Return the labels of class numbers (m,), or of 0 and 1 in (m, n_classes)."""
        if not self.is_multilabel:
            return self.classes[numbers]
        return scipy.sparse.csr_matrix(numbers) if self.is_sparse else numbers


def has_several_labels(y: Any) -> bool:
    """Return whether y is 0 and 1 for several labels per example, or raise in a sentence.

    Parameters
    ----------
    y : array_like or sparse matrix
        What `fit` was passed. Other errors are left to the validation of scikit-learn.

    Returns
    -------
    bool
        Whether it is a matrix (m, k) of 0 and 1 with k > 1.

    Raises
    ------
    ArgumentError
        If it is a matrix of other values.
    """
    if not hasattr(y, "ndim"):
        y = np.asarray(y)
    if y.ndim != 2 or y.shape[1] < 2:
        return False
    values = y.tocsr().data if scipy.sparse.issparse(y) else np.asarray(y)
    other = values[~np.isin(values, (0, 1))]
    if not other.size:
        return True
    raise ArgumentError(
        "y must be one label per example, (m,), or 0 and 1 for each of k labels, (m, k), got shape "
        f"{y.shape} with the value {other.tolist()[0]!r}: of rows of scores or probabilities, pass "
        "y.argmax(axis=1)"
    )
