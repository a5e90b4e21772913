"""Hinge loss, of two classes and of several."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..utils.typing import Array
from ..utils.validation import as_real_array
from ..utils.workspace import get_workspace, scalar_array
from .base import Loss, Shape, as_shape
from .encoding import class_numbers_as_rows
from .underflow import ignore_underflow

BOOL = np.dtype(bool)


@ignore_underflow
class Hinge(Loss):
    """Hinge loss of scores: (1 / m) * sum(max(0, 1 + r - c)), as in support vector machines.

    z has shape (m, k): the scores of k classes for each of m examples. c is the score of an
    example's class, r the largest score of all others: the loss of Crammer and Singer [1]_. A model
    with one output, k = 1, decides between class 0, whose score is 0, and class 1, whose score is
    z: then the loss is (1 / m) * sum(max(0, 1 - s z)) with s = 1 for class 1 and s = -1 for class
    0. In sequences and images (m, ..., k), m counts all positions.

    Targets are class numbers of shape (m,), or the rows of `one_hot`; of two classes 0 and 1, as
    everywhere in minidl, not -1 and 1. The predicted class is that of the largest score; with one
    output it is 1 where z > 0. Scores are no probabilities.

    The gradient is 1 / m for r and -1 / m for c where 1 + r - c > 0, else 0. At the kinks it is a
    subgradient: 0 where 1 + r - c = 0, and where several classes share the largest score r, the
    first one has the gradient.

    Raises
    ------
    ArgumentError
        From `prepare_targets`, if targets are no class numbers or rows of `one_hot`.
    ShapeError
        From `forward`, if the shapes of predictions and targets differ.

    See Also
    --------
    SoftmaxCrossEntropy : The smooth loss of scores, which are logits then.

    Notes
    -----
    Weston and Watkins (1998) sum over all other classes instead of the largest; so does PyTorch's
    MultiMarginLoss.

    References
    ----------
    .. [1] K. Crammer, Y. Singer, "On the algorithmic implementation of multiclass kernel-based
       vector machines", Journal of Machine Learning Research 2, 2001, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Hinge
    >>> loss = Hinge()
    >>> z = np.array([[2.0, 0.5, 1.5], [0.0, 0.5, -1.0]])
    >>> t = loss.prepare_targets([0, 1], 3, z.dtype)
    >>> float(loss.forward(z, t))
    0.5
    >>> loss.backward()
    array([[-0.5,  0. ,  0.5],
           [ 0.5, -0.5,  0. ]])
    >>> loss.classes(np.array([[-0.5], [2.0]]))
    array([0, 1])
    """

    is_classification = True
    takes_class_numbers = True
    symbol = "z"

    def forward(self, prediction: Array, target: Array) -> Any:
        self._check_same_shape(prediction, target)
        # The gradient of 1 + r - c.
        direction = self._direction = self._work_array("direction", prediction)
        if prediction.shape[-1] == 1:
            np.multiply(target, scalar_array(-2, direction.dtype), out=direction)
            np.add(direction, scalar_array(1, direction.dtype), out=direction)
        else:
            np.subtract(scalar_array(0, direction.dtype), target, out=direction)
            rival = self._largest_other(prediction, target)
            np.put_along_axis(direction, rival[..., np.newaxis], 1, axis=-1)
        products = np.multiply(direction, prediction, out=self._work_array("work", prediction))
        losses = self._losses = products.sum(axis=-1)
        losses += 1
        self._active = losses.real > 0
        losses *= self._active
        return losses.sum() / losses.size

    def _largest_other(self, z: Array, target: Array) -> Array:
        """Return the class of the largest score but that of the target."""
        others = self._work_array("work", z)
        is_target = get_workspace(self.workspace, "is target", z.shape, BOOL)
        np.greater(target.real, 0, out=is_target)
        others[...] = z
        np.copyto(others, -np.inf, where=is_target)
        rival: Array = others.real.argmax(axis=-1)
        return rival

    def per_position(self) -> Any:
        return self._losses.copy()

    def backward(self) -> Array:
        direction, active = self._direction, self._active[..., np.newaxis]
        gradient = self._work_array("gradient", direction)
        np.multiply(direction, active, out=gradient)
        factor = scalar_array(1 / self._losses.size, gradient.dtype)
        return np.multiply(gradient, factor, out=gradient)

    def prepare_targets(
        self, Y: npt.ArrayLike, outputs: int | Shape | None, dtype: np.dtype[Any]
    ) -> Array:
        is_binary = outputs is not None and as_shape(outputs)[-1] == 1
        if not is_binary:
            rows = class_numbers_as_rows(as_real_array(Y, "Y"), outputs, dtype)
            if rows is not None:
                return rows
        targets = super().prepare_targets(Y, outputs, dtype)
        is_wrong = (targets != 0) & (targets != 1)
        if is_wrong.any():
            raise ArgumentError(
                f"Y must be 0 or 1 for {self}, got {targets[is_wrong][0]:g}: number the classes "
                "from 0 (of -1 and 1 pass (Y + 1) / 2)"
            )
        sums = targets.sum(axis=-1)
        if not is_binary and (sums != 1).any():
            raise ArgumentError(
                f"each row of Y must have one 1 for {self}, got a sum of {sums[sums != 1][0]:g}: "
                "pass class numbers, or one_hot(Y, classes)"
            )
        return targets

    def classes(self, prediction: Array) -> Array:
        if prediction.shape[-1] == 1:
            return (prediction[..., 0] > 0).astype(np.int64)
        numbers: Array = prediction.argmax(axis=-1)
        return numbers

    def formula(self) -> tuple[str, str]:
        return (
            "1 / m * sum of max(0, 1 + r - c), c the score in z of the class, r the largest other",
            "1 / m for r and -1 / m for c where 1 + r - c > 0, else 0",
        )
