"""The base class of the activations."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from ..initializers import Initializer, Xavier
from ..utils.typing import Array
from ..utils.underflow import repeat_without_underflow
from ..utils.workspace import get_workspace, scalar_array
from .base import Layer, Shape, as_float_array

BOOL = np.dtype(bool)


class Activation(Layer):
    """Base of the activations, defined by `activate` and `activation_gradient`.

    The output has the shape and dtype of the input, of any rank. The gradient is computed from
    the output, so that the input need not be kept.

    Attributes
    ----------
    option_name : str or None
        The name on the command line, such as "leaky-relu". None if the activation is not offered
        there for the hidden layers.
    estimator_name : str or None
        The name as the `activation` of the estimators; by default `option_name` with underscores.
    default_init : type of Initializer, default Xavier
        The usual initializer of the linear layer before the activation.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.layers import Activation
    >>> class Exponential(Activation):
    ...     def activate(self, x, out):
    ...         np.exp(x, out=out)
    ...
    ...     def activation_gradient(self, y, dy, out):
    ...         np.multiply(dy, y, out=out)
    >>> layer = Exponential()
    >>> layer.forward(np.zeros((1, 2)))
    array([[1., 1.]])
    >>> layer.backward(np.array([[3.0, 4.0]]))
    array([[3., 4.]])
    """

    option_name: ClassVar[str | None] = None
    estimator_name: ClassVar[str | None] = None
    default_init: ClassVar[type[Initializer]] = Xavier

    _y: Array | None = None

    @abstractmethod
    def activate(self, x: Array, out: Array) -> None:
        """Compute the output in place.

        Parameters
        ----------
        x : ndarray of shape (m, ...)
            The input. It must not be modified.
        out : ndarray of the shape and dtype of x
            Uninitialized; the output y is written into it.
        """

    @abstractmethod
    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        """Compute the gradient with respect to the input in place.

        Parameters
        ----------
        y : ndarray of shape (m, ...)
            The output of the last `forward`. It must not be modified.
        dy : ndarray of the shape of y
            The gradient with respect to the output. It must not be modified.
        out : ndarray of the shape and dtype of y
            Uninitialized; the gradient dx is written into it.
        """

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        y = self._y = get_workspace(self.workspace, "y", x.shape, x.dtype)
        try:
            self.activate(x, y)
        except FloatingPointError:
            repeat_without_underflow(self.activate, x, y)
        return y

    def backward(self, dy: Array) -> Array:
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        dx = get_workspace(self.workspace, "dx", y.shape, y.dtype)
        try:
            self.activation_gradient(y, dy, dx)
        except FloatingPointError:
            repeat_without_underflow(self.activation_gradient, y, dy, dx)
        return dx

    def output_shape(self, shape: Shape | None) -> Shape | None:
        return shape

    def _write_positive_mask(self, y: Array, out: Array) -> None:
        """Write 1 where y > 0, else 0; NumPy takes twice as long to compare into floats."""
        positive = get_workspace(self.workspace, "positive", y.shape, BOOL)
        np.greater(y, scalar_array(0, y.dtype), out=positive)
        out[...] = positive
