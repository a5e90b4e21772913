"""Softplus."""

import numpy as np

from ..initializers import He
from ..utils.typing import Array
from ..utils.workspace import get_workspace, scalar_array
from .activation import Activation
from .graph import GraphBuilder


class Softplus(Activation):
    """Softplus, a smooth ReLU: y = log(1 + exp(x)) > 0.

    Applied to each element, for x of any shape, as max(x, 0) + log(1 + exp(-abs(x))), which does
    not overflow. dx = dy / (1 + exp(-x)), computed as dy (1 - exp(-y)) [1]_.

    See Also
    --------
    ReLU : What it is for large x and for large -x.

    References
    ----------
    .. [1] C. Dugas, Y. Bengio, F. Belisle, C. Nadeau, R. Garcia, "Incorporating second-order
       functional knowledge for better option pricing", Advances in Neural Information Processing
       Systems 13, 2000, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Softplus
    >>> layer = Softplus()
    >>> layer.forward(np.array([[-1.0, 2.0]])).round(3)
    array([[0.313, 2.127]])
    >>> layer.backward(np.array([[5.0, 5.0]])).round(3)
    array([[1.345, 4.404]])
    """

    inference_arrays = 2
    option_name = "softplus"
    default_init = He

    def activate(self, x: Array, out: Array) -> None:
        excess = get_workspace(self.workspace, "excess", x.shape, x.dtype)  # over max(x, 0)
        np.negative(x, out=excess)
        np.minimum(x, excess, out=excess)  # -abs(x), also of complex numbers
        np.exp(excess, out=excess)
        np.log1p(excess, out=excess)
        np.maximum(x, scalar_array(0, x.dtype), out=out)
        np.add(out, excess, out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        np.negative(y, out=out)
        np.expm1(out, out=out)  # exp(-y) - 1
        np.negative(out, out=out)
        np.multiply(out, dy, out=out)

    def formula(self) -> tuple[str, str]:
        return "y = log(1 + exp(x))", "dx = dy * (1 - exp(-y))"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        if graph.dtype == np.float32:
            graph.node("Softplus", [x], [y])
            return
        # onnxruntime has no Softplus of float64.
        one, zero = (graph.constant(f"{y}.{n}", np.array(n, graph.dtype)) for n in (1, 0))
        names = ("abs", "negative", "exp", "sum", "log", "positive")
        absolute, negative, exponential, total, log, positive = (f"{y}.{name}" for name in names)
        graph.node("Abs", [x], [absolute])
        graph.node("Neg", [absolute], [negative])
        graph.node("Exp", [negative], [exponential])
        graph.node("Add", [exponential, one], [total])
        graph.node("Log", [total], [log])
        graph.node("Max", [x, zero], [positive])
        graph.node("Add", [positive, log], [y])
