"""Gaussian error linear unit."""

import math

import numpy as np

from ..initializers import He
from ..utils.foreign_words import explain_arguments
from ..utils.sigmoid import sigmoid_into
from ..utils.typing import Array
from ..utils.validation import check_flag
from ..utils.workspace import get_workspace, scalar_array
from .activation import Activation
from .graph import GraphBuilder

# u(x) = 2 sqrt(2 / pi) (x + 0.044715 x**3) = LINEAR x + CUBIC x**3.
LINEAR = 2 * math.sqrt(2 / math.pi)
CUBIC = 0.044715 * LINEAR

# Beyond it the gates are 0 or 1 in float64, and their derivatives 0; x**2 could overflow there.
SATURATED = 40.0


@explain_arguments("__init__")
class GELU(Activation):
    """Gaussian error linear unit: y = x Phi(x), Phi the distribution function of N(0, 1).

    Applied to each element, for x of any shape. Phi(x) = (1 + erf(x / sqrt(2))) / 2, and
    dx = dy (Phi(x) + x phi(x)), phi the density of N(0, 1) [1]_. With ``approximate=True``, Phi(x)
    is replaced by (1 + tanh(u / 2)) / 2 = sigmoid(u), u = sqrt(8 / pi) (x + 0.044715 x**3), and phi
    by its derivative: y differs by less than 0.0005, and takes a quarter to half of the time.

    Parameters
    ----------
    approximate : bool, default False
        Whether Phi is replaced by the hyperbolic tangent that approximates it.

    Raises
    ------
    ArgumentError
        If `approximate` is neither True nor False.

    See Also
    --------
    SiLU : With the sigmoid of x in place of Phi(x).
    ReLU : With a step from 0 to 1 in place of Phi(x).

    Notes
    -----
    In an ONNX file it is computed by Erf, which onnxruntime has for float32 only. The
    approximation runs in float64 too.

    References
    ----------
    .. [1] D. Hendrycks, K. Gimpel, "Gaussian error linear units (GELUs)", 2016,
       https://arxiv.org/abs/1606.08415, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import GELU
    >>> layer = GELU()
    >>> layer.forward(np.array([[-1.0, 2.0]])).round(3)
    array([[-0.159,  1.954]])
    >>> layer.backward(np.array([[5.0, 5.0]])).round(3)
    array([[-0.417,  5.426]])
    """

    inference_arrays = 2
    option_name = "gelu"
    default_init = He

    _x: Array
    _gate: Array

    def __init__(self, *, approximate: bool = False) -> None:
        self.approximate = check_flag(approximate, "approximate", self)

    def activate(self, x: Array, out: Array) -> None:
        self._x = x
        gate = self._gate = get_workspace(self.workspace, "gate", x.shape, x.dtype)
        if self.approximate:
            self._write_slope(x, LINEAR, CUBIC, out)
            np.multiply(out, _clipped(x, gate), out=gate)  # u
            sigmoid_into(gate, gate, out)
        else:
            from scipy.special import ndtr  # (1 + erf(x / sqrt(2))) / 2, exact also for x << 0

            ndtr(x, out=gate)
        np.multiply(x, gate, out=out)

    def activation_gradient(self, y: Array, dy: Array, out: Array) -> None:
        x, gate = self._x, self._gate
        slope = get_workspace(self.workspace, "slope", x.shape, x.dtype)
        if self.approximate:  # gate' = gate (1 - gate) u'
            self._write_slope(x, LINEAR, 3 * CUBIC, slope)
            np.multiply(slope, gate, out=slope)
            np.subtract(scalar_array(1, out.dtype), gate, out=out)
            np.multiply(slope, out, out=slope)
        else:  # gate' = exp(-x**2 / 2) / sqrt(2 pi)
            _clipped(x, slope)
            np.multiply(slope, slope, out=slope)
            np.multiply(slope, scalar_array(-0.5, out.dtype), out=slope)
            np.exp(slope, out=slope)
            factor = 1 / math.sqrt(2 * math.pi)
            np.multiply(slope, scalar_array(factor, out.dtype), out=slope)
        np.multiply(x, slope, out=out)
        np.add(out, gate, out=out)
        np.multiply(out, dy, out=out)

    def _write_slope(self, x: Array, linear: float, cubic: float, out: Array) -> None:
        """Write linear + cubic x**2."""
        _clipped(x, out)
        np.multiply(out, out, out=out)
        np.multiply(out, scalar_array(cubic, out.dtype), out=out)
        np.add(out, scalar_array(linear, out.dtype), out=out)

    def formula(self) -> tuple[str, str]:
        if self.approximate:
            forward = "y = x g, g = sigmoid(u), u = sqrt(8 / pi) (x + 0.044715 x**3)"
            return forward, "dx = dy * (g + x g (1 - g) u'), u' = sqrt(8 / pi) (1 + 0.134145 x**2)"
        return (
            "y = x Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2",
            "dx = dy * (Phi(x) + x exp(-x**2 / 2) / sqrt(2 pi))",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        def constant(name: str, value: float) -> str:
            return graph.constant(f"{y}.{name}", np.array(value, graph.dtype))

        gate = f"{y}.gate"
        # Operators of opset 13: Gelu exists from 20 on only.
        if self.approximate:
            square, cubic = f"{y}.square", f"{y}.cubic"
            slope, u = f"{y}.slope", f"{y}.u"
            graph.node("Mul", [x, x], [square])
            graph.node("Mul", [square, constant("cubic factor", CUBIC)], [cubic])
            graph.node("Add", [cubic, constant("linear factor", LINEAR)], [slope])
            graph.node("Mul", [slope, x], [u])
            graph.node("Sigmoid", [u], [gate])
        else:
            scaled, erf, shifted = f"{y}.scaled", f"{y}.erf", f"{y}.shifted"
            graph.node("Mul", [x, constant("scale", math.sqrt(0.5))], [scaled])
            graph.node("Erf", [scaled], [erf])
            graph.node("Add", [erf, constant("one", 1.0)], [shifted])
            graph.node("Mul", [shifted, constant("half", 0.5)], [gate])
        graph.node("Mul", [x, gate], [y])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'approximate=True' if self.approximate else ''})"


def _clipped(x: Array, out: Array) -> Array:
    """Write x, but at most SATURATED and at least -SATURATED."""
    np.minimum(x, scalar_array(SATURATED, x.dtype), out=out)
    return np.maximum(out, scalar_array(-SATURATED, x.dtype), out=out)
