"""The base class of all losses."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..utils.self_description import SelfDescribing
from ..utils.typing import Array
from ..utils.validation import check_array
from ..utils.workspace import HasWorkspace, get_workspace


class Loss(HasWorkspace, SelfDescribing, ABC):
    """Base of all losses: define `forward` and `backward`; for an accuracy, `is_classification = True` and `classes`."""

    is_classification = False

    @abstractmethod
    def forward(self, prediction: Array, target: Array) -> Any:
        """Return the mean loss of `prediction` (m, k) against `target` (m, k)."""

    @abstractmethod
    def backward(self) -> Array:
        """Return d loss / d prediction (m, k) of the last `forward`, valid until the next call."""

    def per_example(self) -> Any:
        """Return the loss of each row (m,) of the last `forward`, for example weights."""
        raise ArgumentError(f"{self} does not tell the loss of each example: define per_example()")

    def prepare_targets(self, Y: npt.ArrayLike, outputs: int | None, dtype: np.dtype[Any]) -> Array:
        """Return targets (m, k), or (m,) for one output, as (m, k) of the dtype."""
        y = check_array(Y, "Y", dtype)
        if y.ndim == 1 and outputs in (None, 1):
            y = y.reshape(-1, 1)
        if y.ndim != 2 or (outputs is not None and y.shape[1] != outputs):
            rows = (
                " (the examples are the rows: pass Y.T?)"
                if y.ndim == 2 and y.shape[0] == (outputs or 1)
                else ""
            )
            raise ShapeError(
                f"Y must have shape (m, {outputs or 'k'}), one row per example, got {np.shape(Y)}{rows}"
            )
        return y

    def classes(self, prediction: Array) -> Array:
        """Return the class numbers of `prediction`, or targets, (m, k)."""
        raise ArgumentError(f"{self} does not predict classes: use predict")

    def count_correct(self, prediction: Array, target: Array) -> tuple[int, int]:
        """Return how many classes agree, and of how many."""
        due = self.classes(target)
        return int(np.count_nonzero(self.classes(prediction) == due)), due.size

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _scratch(self, name: str, like: Array) -> Array:
        return get_workspace(self.workspace, name, like.shape, like.dtype)

    @staticmethod
    def _same_shape(prediction: Array, target: Array) -> None:
        if prediction.shape != target.shape:
            raise ShapeError(
                f"targets must be of the same shape, got {prediction.shape} and {target.shape}: nothing is broadcast"
            )
