"""What the cross-entropies share: label smoothing, classes and the checks of their targets."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..utils.settings import init_arguments
from ..utils.typing import Array
from ..utils.validation import as_real_array, check_number, in_range
from ..utils.workspace import scalar_array
from .base import Loss
from .one_hot import one_hot


class CrossEntropy(Loss):
    """With an accuracy, which does not see that targets are smoothed."""

    is_classification = True
    label_smoothing = 0.0

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = check_number(
            label_smoothing,
            "label_smoothing",
            in_range(0, 1, closed="left"),
            self,
            "typical is 0.1",
        )

    def settings(self) -> dict[str, Any]:
        """Return what makes such a loss again."""
        return {
            name: value
            for name, value in init_arguments(self).items()
            if value or name != "label_smoothing"
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({f'label_smoothing={self.label_smoothing}' if self.label_smoothing else ''})"

    def _aim(self, prediction: Array, target: Array, classes: int) -> Array:
        self._same_shape(prediction, target)
        if not self.label_smoothing:
            return target
        smoothed = np.multiply(
            target, 1 - self.label_smoothing, out=self._scratch("smoothed", target)
        )
        smoothed += self.label_smoothing / classes
        return smoothed

    def _probabilities(self, prediction: Array, layer: str) -> None:
        low, high = prediction.real.min(), prediction.real.max()
        if low < 0 or high > 1 + 1e-6:  # rows of a softmax may round to a little over 1
            raise ArgumentError(
                f"{self} takes probabilities in [0, 1], got {low:g} to {high:g}: end the model with {layer}"
            )

    def _weighed(self, name: str, log: np.ufunc, p: Array, t: Array) -> Array:
        """Return t log p, 0 where t is 0."""
        terms = self._scratch(name, p)
        terms[...] = 0
        with np.errstate(divide="ignore"):  # log(0) = -inf is right
            log(p, out=terms, where=t > 0)
        return np.multiply(terms, t, out=terms)


class BinaryTargets(CrossEntropy):
    """Targets in [0, 1] for each output."""

    threshold = 0.5

    def prepare_targets(self, Y: npt.ArrayLike, outputs: int | None, dtype: np.dtype[Any]) -> Array:
        """Return targets in [0, 1]."""
        y = super().prepare_targets(Y, outputs, dtype)
        for bad in (y.min(), y.max()):
            if not 0 <= bad <= 1:
                raise ArgumentError(
                    f"Y must lie in [0, 1] for {self}, got {bad:g}: number the two classes 0 and 1"
                )
        return y

    def classes(self, prediction: Array) -> Array:
        """Return 0 or 1: (m,) for one output, (m, k) for more."""
        found = (prediction > self.threshold).astype(np.int64)
        return found[:, 0] if found.shape[1] == 1 else found

    def count_correct(self, prediction: Array, target: Array) -> tuple[int, int]:
        """Return how many classes agree, and of how many."""
        found, due = (
            prediction > scalar_array(self.threshold, prediction.dtype),
            target > scalar_array(0.5, target.dtype),
        )
        return int(np.count_nonzero(found == due)), target.size


class CategoricalTargets(CrossEntropy):
    """Of class numbers or rows of probabilities."""

    def prepare_targets(self, Y: npt.ArrayLike, outputs: int | None, dtype: np.dtype[Any]) -> Array:
        """Return class numbers (m,) or (m, 1), or rows (m, k) that sum to 1, as rows."""
        y = as_real_array(Y, "Y")
        if y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1 and outputs != 1):
            if outputs is None:
                raise ShapeError(
                    "Y holds class numbers, but how many classes there are is not known: pass one_hot(Y, classes)"
                )
            return one_hot(y.reshape(-1), outputs, dtype=dtype)
        rows = super().prepare_targets(Y, outputs, dtype)
        sums = rows.sum(axis=1)
        wrong = np.abs(sums - 1)
        if rows.min() < 0 or wrong.max() > 1e-3:
            found = (
                f"a sum of {sums[wrong.argmax()]:g}"
                if wrong.max() > 1e-3
                else f"the number {rows.min():g}"
            )
            raise ArgumentError(
                f"each row of Y must be probabilities that sum to 1 for {self}, got {found}: pass one_hot(Y, classes)"
            )
        shares: Array = rows / sums[:, np.newaxis]
        return shares

    def classes(self, prediction: Array) -> Array:
        """Return the largest output's number (m,)."""
        numbers: Array = prediction.argmax(axis=1)
        return numbers
