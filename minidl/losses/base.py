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
    """Base of all losses, defined by `forward` and `backward`.

    A loss of class predictions also sets `is_classification` and defines `classes`, so that a
    model reports an accuracy. A loss that supports sample weights defines `per_example`.

    Attributes
    ----------
    is_classification : bool, default False
        Whether predictions are classes, so that there is an accuracy.
    workspace : dict of str to ndarray
        Work arrays that are reused from one call to the next. Nothing that must be kept may be
        stored here: copies begin with an empty one.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Loss
    >>> class HalfSquaredError(Loss):
    ...     def forward(self, prediction, target):
    ...         self.difference = prediction - target
    ...         return (self.difference**2).mean() / 2
    ...
    ...     def backward(self):
    ...         return self.difference / self.difference.size
    >>> loss = HalfSquaredError()
    >>> float(loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]])))
    1.0
    >>> loss.backward()
    array([[1.],
           [0.]])
    """

    is_classification = False

    def __init__(self) -> None:
        pass  # it gives losses without arguments their signature, and need not be called

    @abstractmethod
    def forward(self, prediction: Array, target: Array) -> Any:
        """Compute the mean loss of a batch.

        Parameters
        ----------
        prediction : ndarray of shape (m, k)
            The output of the model. It must not be modified.
        target : ndarray of shape (m, k)
            The targets as `prepare_targets` returns them, in the dtype of the prediction. They
            must not be modified.

        Returns
        -------
        float
            The loss; complex for a complex prediction.

        Raises
        ------
        ShapeError
            If the shapes differ. NumPy would broadcast (m, 1) and (m,) to (m, m).
        """

    @abstractmethod
    def backward(self) -> Array:
        """Compute the gradient of the last `forward` with respect to the prediction.

        Returns
        -------
        ndarray of shape (m, k)
            The gradient, valid until the loss's next call.
        """

    def per_example(self) -> Any:
        """Return the loss of each example of the last `forward`, for sample weights.

        Returns
        -------
        ndarray of shape (m,)
            The losses, whose mean is what `forward` returned.

        Raises
        ------
        ArgumentError
            If the loss does not define the method.
        """
        raise ArgumentError(
            f"{self} does not support sample weights: define per_example(), which returns the "
            "loss of each example"
        )

    def prepare_targets(self, Y: npt.ArrayLike, outputs: int | None, dtype: np.dtype[Any]) -> Array:
        """Validate and convert targets that a user passed.

        Parameters
        ----------
        Y : array_like of shape (m, k), or (m,) for one output
            The targets, one row per example.
        outputs : int or None
            The number of outputs of the model, k; None if it is unknown.
        dtype : numpy.dtype
            The dtype of the model.

        Returns
        -------
        ndarray of shape (m, k) and of the dtype
            The targets for `forward`.

        Raises
        ------
        ShapeError
            If the shape does not fit the outputs.
        DtypeError
            If the targets are not numbers.
        NonFiniteError
            If a target is NaN or infinite.
        """
        targets = check_array(Y, "Y", dtype)
        if targets.ndim == 1 and outputs in (None, 1):
            targets = targets.reshape(-1, 1)
        if targets.ndim != 2 or (outputs is not None and targets.shape[1] != outputs):
            is_transposed = targets.ndim == 2 and targets.shape[0] == (outputs or 1)
            cure = " (the examples are the rows: pass Y.T?)" if is_transposed else ""
            raise ShapeError(
                f"Y must have shape (m, {outputs or 'k'}), one row per example, "
                f"got {np.shape(Y)}{cure}"
            )
        return targets

    def classes(self, prediction: Array) -> Array:
        """Return the predicted class numbers.

        Parameters
        ----------
        prediction : ndarray of shape (m, k)
            The output of the model, or prepared targets.

        Returns
        -------
        ndarray of int64
            The class numbers, of shape (m,), or (m, k) if each output is a separate decision.

        Raises
        ------
        ArgumentError
            If the loss does not predict classes.
        """
        raise ArgumentError(f"{self} does not predict classes: use predict")

    def count_correct(self, prediction: Array, target: Array) -> tuple[int, int]:
        """Count the correct class predictions, for the accuracy.

        Parameters
        ----------
        prediction : ndarray of shape (m, k)
            The output of the model.
        target : ndarray of shape (m, k)
            The targets as `prepare_targets` returns them.

        Returns
        -------
        n_correct : int
            The number of correct predictions.
        n_predictions : int
            The number of predictions.
        """
        expected = self.classes(target)
        n_correct = int(np.count_nonzero(self.classes(prediction) == expected))
        return n_correct, expected.size

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _work_array(self, name: str, like: Array) -> Array:
        return get_workspace(self.workspace, name, like.shape, like.dtype)

    @staticmethod
    def _check_same_shape(prediction: Array, target: Array) -> None:
        if prediction.shape != target.shape:
            raise ShapeError(
                "prediction and target must have the same shape, "
                f"got {prediction.shape} and {target.shape}: nothing is broadcast"
            )
