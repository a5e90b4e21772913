"""Exponential linear unit."""

import numpy as np

from ..initializers import He
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from ..utils.validation import check_number, greater_than
from ..utils.workspace import get_workspace, scalar_array
from .activation import BOOL, Activation
from .graph import GraphBuilder


@explain_arguments("__init__")
class ELU(Activation):
    """Exponential linear unit: y = x where x > 0, else alpha (exp(x) - 1).

    Applied to each element, for x of any shape. dx = dy where x > 0, else (y + alpha) dy; at x = 0
    the derivative is taken as alpha [1]_.

    Parameters
    ----------
    alpha : float, default 1.0
        Minus the limit of y for x towards minus infinity, > 0. With 1 the derivative is continuous.

    Raises
    ------
    ArgumentError
        If alpha is not a finite number > 0.

    See Also
    --------
    ReLU : With 0 for negative inputs.
    LeakyReLU : Linear for negative inputs.

    References
    ----------
    .. [1] D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by
       exponential linear units (ELUs)", 2016, https://arxiv.org/abs/1511.07289, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import ELU
    >>> layer = ELU()
    >>> layer.forward(np.array([[-1.0, 2.0]])).round(3)
    array([[-0.632,  2.   ]])
    >>> layer.backward(np.array([[5.0, 5.0]])).round(3)
    array([[1.839, 5.   ]])
    """

    inference_arrays = 2
    option_name = "elu"
    default_init = He

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number(alpha, "alpha", greater_than(0), self)

    def activate(self, x: Array, out: Array) -> None:
        zero = scalar_array(0, x.dtype)
        positive_part = get_workspace(self.workspace, "positive part", x.shape, x.dtype)
        np.maximum(x, zero, out=positive_part)
        np.minimum(x, zero, out=out)
        np.expm1(out, out=out)
        np.multiply(out, scalar_array(self.alpha, x.dtype), out=out)
        np.add(out, positive_part, out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        positive = get_workspace(self.workspace, "positive", y.shape, BOOL)
        np.greater(y, scalar_array(0, y.dtype), out=positive)
        np.add(y, scalar_array(self.alpha, y.dtype), out=out)
        np.copyto(out, scalar_array(1, out.dtype), where=positive)
        np.multiply(out, dy, out=out)

    def formula(self) -> tuple[str, str]:
        alpha = f"{self.alpha:g}"
        backward = f"dx = dy where x > 0, else (y + {alpha}) dy"
        return f"y = x where x > 0, else {alpha} (exp(x) - 1)", backward

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        if graph.dtype == np.float32 or float(np.float32(self.alpha)) == self.alpha:
            graph.node("Elu", [x], [y], alpha=self.alpha)
            return
        # ONNX stores alpha in float32, which would not be exact here.
        zero = graph.constant(f"{y}.zero", np.array(0, graph.dtype))
        alpha = graph.constant(f"{y}.alpha", np.array(self.alpha, graph.dtype))
        names = ("negative", "elu", "scaled", "positive")
        negative, elu, scaled, positive = (f"{y}.{name}" for name in names)
        graph.node("Min", [x, zero], [negative])
        graph.node("Elu", [negative], [elu], alpha=1.0)
        graph.node("Mul", [elu, alpha], [scaled])
        graph.node("Max", [x, zero], [positive])
        graph.node("Add", [scaled, positive], [y])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.alpha})"
