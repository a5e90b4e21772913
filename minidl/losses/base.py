"""The base class of all losses."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..utils.foreign_words import explain_arguments
from ..utils.self_description import SelfDescribing
from ..utils.typing import Array
from ..utils.underflow import repeat_without_underflow
from ..utils.validation import check_array
from ..utils.workspace import HasWorkspace, get_workspace

Shape = tuple[int, ...]


@explain_arguments("__init__")
class Loss(HasWorkspace, SelfDescribing, ABC):
    """Base of all losses, defined by `forward` and `backward`.

    A loss of class predictions also sets `is_classification` and defines `classes`, so that a
    model reports an accuracy. A loss that supports sample weights defines `per_example`, or
    `per_position`, from which `per_example` follows.

    Predictions have shape (m, ..., k): k outputs for each position of m examples. The axes between
    are those of sequences and images; in rows (m, k) each example is one position.

    Attributes
    ----------
    is_classification : bool, default False
        Whether predictions are classes, so that there is an accuracy.
    takes_class_numbers : bool, default False
        Whether targets may be class numbers (m, ...) of several classes, so that the number of
        outputs must be known.
    symbol : str, default "p"
        How `formula` calls the prediction: "z" where it is a logit or another score.
    workspace : dict of str to ndarray
        Work arrays that are reused from one call to the next. Nothing that must be kept may be
        stored here: copies begin with an empty one.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Loss
    >>> class QuarticError(Loss):
    ...     def forward(self, prediction, target):
    ...         self.difference = prediction - target
    ...         return (self.difference**4).mean()
    ...
    ...     def backward(self):
    ...         return 4 * self.difference**3 / self.difference.size
    >>> loss = QuarticError()
    >>> float(loss.forward(np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]])))
    8.0
    >>> loss.backward()
    array([[16.],
           [ 0.]])
    """

    is_classification = False
    takes_class_numbers = False
    symbol = "p"

    def __init__(self) -> None:
        pass  # it gives losses without arguments their signature, and need not be called

    @abstractmethod
    def forward(self, prediction: Array, target: Array) -> Any:
        """Compute the mean loss of a batch.

        Parameters
        ----------
        prediction : ndarray of shape (m, ..., k)
            The output of the model. It must not be modified.
        target : ndarray of shape (m, ..., k)
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
        ndarray of the shape of the prediction
            The gradient, valid until the loss's next call.
        """

    def per_example(self) -> Any:
        """Return the loss of each example of the last `forward`, for sample weights.

        By default the mean over the example's positions of what `per_position` returns.

        Returns
        -------
        ndarray of shape (m,)
            The losses, whose mean is what `forward` returned.

        Raises
        ------
        ArgumentError
            If the loss defines neither this method nor `per_position`.
        """
        if type(self).per_position is Loss.per_position:
            raise ArgumentError(
                f"{self} does not support sample weights: define per_example(), which returns the "
                "loss of each example"
            )
        losses = self.per_position()
        if losses.ndim == 1:
            return losses
        rows = losses.reshape(len(losses), -1)
        try:
            return rows.mean(axis=1)
        except FloatingPointError:
            return repeat_without_underflow(rows.mean, 1)

    def per_position(self) -> Any:
        """Return the loss of each position of the last `forward`, for weights per position.

        Returns
        -------
        ndarray of shape (m, ...)
            The losses, whose mean is what `forward` returned: of the shape of the prediction
            without its last axis.

        Raises
        ------
        ArgumentError
            If the loss does not define the method.
        """
        raise ArgumentError(
            f"{self} does not support weights per position: define per_position(), which returns "
            "the loss of each position"
        )

    def prepare_targets(
        self, Y: npt.ArrayLike, outputs: int | Shape | None, dtype: np.dtype[Any]
    ) -> Array:
        """Validate and convert targets that a user passed.

        Parameters
        ----------
        Y : array_like of shape (m, ..., k), or (m, ...) for one output
            The targets, one row per example.
        outputs : int, tuple of int or None
            The shape of one example of the output: the number of outputs k of a model whose
            output is (m, k), the tuple (..., k) where it has more axes; None if it is unknown.
        dtype : numpy.dtype
            The dtype of the model.

        Returns
        -------
        ndarray of shape (m, ..., k) and of the dtype
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
        if outputs is None:
            return targets.reshape(-1, 1) if targets.ndim == 1 else targets
        shape = as_shape(outputs)
        if shape[-1] == 1 and targets.shape[1:] == shape[:-1]:
            targets = targets[..., np.newaxis]
        if targets.shape[1:] != shape:
            is_transposed = targets.ndim == 2 and targets.shape[:1] == shape
            cure = " (the examples are the rows: pass Y.T?)" if is_transposed else ""
            raise ShapeError(
                f"Y must have shape (m, {', '.join(map(str, shape))}), one row per example, "
                f"got {np.shape(Y)}{cure}"
            )
        return targets

    def classes(self, prediction: Array) -> Array:
        """Return the predicted class numbers.

        Parameters
        ----------
        prediction : ndarray of shape (m, ..., k)
            The output of the model, or prepared targets.

        Returns
        -------
        ndarray of int64
            The class numbers, of shape (m, ...), or (m, ..., k) if each output is a separate
            decision.

        Raises
        ------
        ArgumentError
            If the loss does not predict classes.
        """
        raise ArgumentError(f"{self} does not predict classes: use predict")

    def true_classes(self, target: Array) -> Array:
        """Return the class numbers of targets, by default what `classes` returns of them.

        Parameters
        ----------
        target : ndarray of shape (m, ..., k)
            The targets as `prepare_targets` returns them.

        Returns
        -------
        ndarray of int64
            The class numbers, of the shape of what `classes` returns.

        Raises
        ------
        ArgumentError
            If the loss does not predict classes.
        """
        return self.classes(target)

    def predicted_values(self, prediction: Array) -> Array:
        """Return what a prediction says of the targets, by default the prediction itself.

        Parameters
        ----------
        prediction : ndarray of shape (m, ..., k)
            The output of the model.

        Returns
        -------
        ndarray of shape (m, ..., k)
            Values in the unit of the targets, such as the expected counts under `Poisson`.
        """
        return prediction

    def probabilities(self, prediction: Array) -> Array:
        """Return the probabilities of classes that a prediction means.

        Parameters
        ----------
        prediction : ndarray of shape (m, ..., k)
            The output of the model.

        Returns
        -------
        ndarray of shape (m, ..., k)
            The probability of class 1 for each output that is a separate decision, else those of
            the k classes.

        Raises
        ------
        ArgumentError
            If the loss does not predict probabilities.
        """
        raise ArgumentError(
            f"{self} does not predict probabilities: train under a cross-entropy, or use predict"
        )

    def count_correct(self, prediction: Array, target: Array) -> tuple[int, int]:
        """Count the correct class predictions, for the accuracy.

        Parameters
        ----------
        prediction : ndarray of shape (m, ..., k)
            The output of the model.
        target : ndarray of shape (m, ..., k)
            The targets as `prepare_targets` returns them.

        Returns
        -------
        n_correct : int
            The number of correct predictions.
        n_predictions : int
            The number of predictions.
        """
        expected = self.true_classes(target)
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


def as_shape(outputs: int | Shape) -> Shape:
    """Return the shape of one example of the output, of which a number is the only axis."""
    return outputs if isinstance(outputs, tuple) else (outputs,)
