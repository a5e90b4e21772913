"""A regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from ..arrays import Array
from ..losses import MeanSquaredError
from .network import Network


class MinidlRegressor(RegressorMixin, Network):
    """A network for one or more values, trained by the mean squared error, as a scikit-learn estimator.

    The parameters and attributes are those of `MinidlClassifier`, but for `class_weight` and `classes_`. Values far from 1 are best
    scaled, by `sklearn.compose.TransformedTargetRegressor` for instance.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 100)[:, np.newaxis]
    >>> found = MinidlRegressor((16,), "tanh", learning_rate=0.02, random_state=0).fit(X, np.sin(3 * X[:, 0]))
    >>> found.score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> MinidlRegressor:
        """Train on rows X (m, features) with values y, (m,) or (m, outputs), each row with its weight; return the estimator."""
        return self._fit(X, y, sample_weight, once=False)

    def partial_fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> MinidlRegressor:
        """Train for one epoch on some of the rows."""
        self._refuse_early_stopping()
        return self._fit(X, y, sample_weight, once=True)

    def _fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None, *, once: bool) -> MinidlRegressor:
        more = self._continues(once)
        rows, values = validate_data(self, X, y, multi_output=True, y_numeric=True, reset=not more)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, rows, ensure_non_negative=True)
        if values.ndim == 2 and values.shape[1] == 1:
            values = column_or_1d(values, warn=True)
        self._train(np.asarray(rows), values.reshape(len(values), -1), weight, (MeanSquaredError(), None), more=more, once=once)
        self._flat = values.ndim == 1
        return self

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the value of each row, (m,), or the values, (m, outputs), as y had them."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
