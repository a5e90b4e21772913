"""The bases of the cross-entropies: label smoothing, classes, and validation of the targets."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..utils.foreign_words import explain_arguments
from ..utils.settings import init_arguments
from ..utils.typing import Array
from ..utils.validation import as_real_array, check_flag, check_number, in_range
from ..utils.workspace import scalar_array
from .base import Loss, Shape
from .encoding import class_numbers_as_rows

# A row of a softmax may round to a little more than 1, and rows of a file to other sums.
PROBABILITY_TOLERANCE = 1e-6
ROW_SUM_TOLERANCE = 1e-3


@explain_arguments("__init__")
class BaseCrossEntropy(Loss):
    """Base of the cross-entropies, with label smoothing.

    The accuracy uses the targets without smoothing.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each target t is replaced by (1 - s) t + s / n_classes in the loss.
    """

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
        """Return the constructor arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            The arguments by name, without `label_smoothing` and `sum_outputs` where they have
            their defaults.
        """
        return {
            name: value
            for name, value in init_arguments(self).items()
            if name not in ("label_smoothing", "sum_outputs") or value
        }

    def __repr__(self) -> str:
        names = ("label_smoothing", "sum_outputs")
        shown = [f"{name}={value}" for name in names if (value := getattr(self, name, False))]
        return f"{type(self).__name__}({', '.join(shown)})"

    def probabilities(self, prediction: Array) -> Array:
        return prediction

    def _smooth_targets(self, prediction: Array, target: Array, n_classes: int) -> Array:
        self._check_same_shape(prediction, target)
        if not self.label_smoothing:
            return target
        smoothed = self._work_array("smoothed", target)
        np.multiply(target, 1 - self.label_smoothing, out=smoothed)
        smoothed += self.label_smoothing / n_classes
        return smoothed

    def _check_probabilities(self, prediction: Array, last_layer: str) -> None:
        low, high = prediction.real.min(), prediction.real.max()
        if low < 0 or high > 1 + PROBABILITY_TOLERANCE:
            raise ArgumentError(
                f"{self} takes probabilities in [0, 1], got {low:g} to {high:g}: "
                f"end the model with {last_layer}"
            )


@explain_arguments("__init__")
class BaseBinaryCrossEntropy(BaseCrossEntropy):
    """Base of the cross-entropies of independent outputs with two classes each, 0 and 1.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each target t is replaced by (1 - s) t + s / 2 in the loss.
    sum_outputs : bool, default False
        Whether the losses of the k outputs are added instead of averaged.

    Attributes
    ----------
    threshold : float
        Predictions above it are class 1.
    """

    threshold = 0.5
    sum_outputs = False

    def __init__(self, *, label_smoothing: float = 0.0, sum_outputs: bool = False) -> None:
        super().__init__(label_smoothing=label_smoothing)
        self.sum_outputs = check_flag(sum_outputs, "sum_outputs", self)

    def _divisor(self, prediction: Array) -> int:
        """Return m k, or m if the losses of the outputs are added."""
        size = prediction.size
        return size // prediction.shape[-1] if self.sum_outputs else size

    def _over_outputs(self, losses: Array) -> Array:
        """Return the mean over the outputs, or the sum."""
        combined: Array = losses.sum(axis=-1) if self.sum_outputs else losses.mean(axis=-1)
        return combined

    def prepare_targets(
        self, Y: npt.ArrayLike, outputs: int | Shape | None, dtype: np.dtype[Any]
    ) -> Array:
        targets = super().prepare_targets(Y, outputs, dtype)
        for extreme in (targets.min(), targets.max()):
            if not 0 <= extreme <= 1:
                raise ArgumentError(
                    f"Y must lie in [0, 1] for {self}, got {extreme:g}: "
                    "number the two classes 0 and 1"
                )
        return targets

    def classes(self, prediction: Array) -> Array:
        numbers = (prediction > self.threshold).astype(np.int64)
        return numbers[..., 0] if numbers.shape[-1] == 1 else numbers

    def true_classes(self, target: Array) -> Array:
        numbers = (target > 0.5).astype(np.int64)
        return numbers[..., 0] if numbers.shape[-1] == 1 else numbers

    def count_correct(self, prediction: Array, target: Array) -> tuple[int, int]:
        predicted = prediction > scalar_array(self.threshold, prediction.dtype)
        expected = target > scalar_array(0.5, target.dtype)
        return int(np.count_nonzero(predicted == expected)), target.size


class BaseCategoricalCrossEntropy(BaseCrossEntropy):
    """Base of the cross-entropies of one class out of k, which exclude each other.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        s in [0, 1): each target t is replaced by (1 - s) t + s / k in the loss.
    """

    takes_class_numbers = True

    def prepare_targets(
        self, Y: npt.ArrayLike, outputs: int | Shape | None, dtype: np.dtype[Any]
    ) -> Array:
        one_hot_rows = class_numbers_as_rows(as_real_array(Y, "Y"), outputs, dtype)
        if one_hot_rows is not None:
            return one_hot_rows
        rows = super().prepare_targets(Y, outputs, dtype)
        sums = rows.sum(axis=-1)
        deviations = np.abs(sums - 1)
        problem = None
        if deviations.max() > ROW_SUM_TOLERANCE:
            problem = f"a sum of {sums.flat[deviations.argmax()]:g}"
        elif rows.min() < 0:
            problem = f"the number {rows.min():g}"
        if problem is not None:
            raise ArgumentError(
                f"each row of Y must be probabilities that sum to 1 for {self}, got {problem}: "
                "pass one_hot(Y, classes)"
            )
        probabilities: Array = rows / sums[..., np.newaxis]
        return probabilities

    def classes(self, prediction: Array) -> Array:
        numbers: Array = prediction.argmax(axis=-1)
        return numbers
