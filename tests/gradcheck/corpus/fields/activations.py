"""Functions of each element, and of each row."""

import numpy as np

from ..case import case
from ..words import DERIVATIVE, IGNORED, MASK, SIGN, factor


@case(x=(5, 4))
class sigmoid:
    def forward(x):
        return 1 / (1 + np.exp(-x))

    def backward(dy, x):
        y = 1 / (1 + np.exp(-x))
        return dy * y * (1 - y)

    wrong = {
        "dy * y * (1 - y) -> dy * x * (1 - x)": DERIVATIVE,
        "dy * y * (1 - y) -> dy * y": "output|derivative",
        "dy * y * (1 - y) -> y * (1 - y)": IGNORED,
        "dy * y * (1 - y) -> dy * y * (y - 1)": SIGN,
    }


@case(x=(5, 4))
class tanh:
    def forward(x):
        return np.tanh(x)

    def backward(dy, x):
        y = np.tanh(x)
        return dy * (1 - y**2)

    wrong = {
        "1 - y**2 -> 1 - y": DERIVATIVE + "|square",
        "1 - y**2 -> 1 - x**2": DERIVATIVE,
        "dy * (1 - y**2) -> dy * (1 - np.tanh(y) ** 2)": "derivative|output",
        "dy * (1 - y**2) -> dy": DERIVATIVE,
    }


@case(x=(5, 4))
class relu:
    def forward(x):
        return np.maximum(x, 0)

    def backward(dy, x):
        return dy * (x > 0)

    wrong = {
        "(x > 0) -> (x < 0)": MASK,
        "(x > 0) -> (dy > 0)": MASK + "|linear in the incoming",
        "dy * (x > 0) -> (x > 0) * 1.0": IGNORED,
        "dy * (x > 0) -> dy": "derivative|mask",
    }


@case(x=(5, 4))
class leaky_relu:
    def forward(x):
        return np.where(x > 0, x, 0.1 * x)

    def backward(dy, x):
        return dy * np.where(x > 0, 1.0, 0.1)

    wrong = {
        "1.0, 0.1) -> 1.0, 0.03)": "x < 0|slope|range",
        "1.0, 0.1) -> 1.0, 0.0)": "x < 0|slope|zero|mask|held fixed",
        "1.0, 0.1) -> 0.1, 1.0)": "slope|inverted|exchanged|branches|mask",
    }


@case(x=(5, 4))
class elu:
    def forward(x):
        return np.where(x > 0, x, np.exp(x) - 1)

    def backward(dy, x):
        return dy * np.where(x > 0, 1, np.exp(x))

    wrong = {
        "np.exp(x)) -> np.exp(x) - 1)": "x < 0|slope|derivative",
        "np.exp(x)) -> 1)": "x < 0|slope|derivative",
        "np.where(x > 0, 1, np.exp(x)) -> np.exp(x)": "x > 0|slope|derivative",
    }


@case(x=(5, 4))
class selu:
    def forward(x):
        return 1.0507 * np.where(x > 0, x, 1.6733 * (np.exp(np.minimum(x, 0)) - 1))

    def backward(dy, x):
        return dy * 1.0507 * np.where(x > 0, 1, 1.6733 * np.exp(np.minimum(x, 0)))

    wrong = {
        "dy * 1.0507 -> dy": factor(1 / 1.0507),
        "1, 1.6733 * np -> 1, np": "x < 0|slope|left out",
    }


@case(x=(5, 4))
class softplus:
    def forward(x):
        return np.log(1 + np.exp(x))

    def backward(dy, x):
        return dy / (1 + np.exp(-x))

    wrong = {
        "np.exp(-x) -> np.exp(x)": SIGN + "|1 -" + "|left out",
        "dy / (1 + np.exp(-x)) -> dy * np.exp(x)": "denominator|term|missing|grouped|left out",
        "dy / (1 + np.exp(-x)) -> dy / (1 + np.exp(-x)) ** 2": "square|twice|applied",
    }


@case(x=(5, 4))
class swish:
    def forward(x):
        return x / (1 + np.exp(-x))

    def backward(dy, x):
        s = 1 / (1 + np.exp(-x))
        y = x * s
        return dy * (s + y * (1 - s))

    wrong = {
        "s + y * (1 - s) -> s": "term|missing|branch|product",
        "s + y * (1 - s) -> y * (1 - s)": "term|missing|branch|product",
        "s + y * (1 - s) -> s + y": "term|missing|product",
        "s + y * (1 - s) -> s * (1 - s)": "sigmoid|term|derivative",
    }


@case(x=(5, 4))
class gelu:
    """The common approximation by tanh."""

    def forward(x):
        return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))

    def backward(dy, x):
        t = np.tanh(0.7978845608 * (x + 0.044715 * x**3))
        inner = 0.7978845608 * (1 + 3 * 0.044715 * x**2)
        return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)

    wrong = {
        "dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner) -> dy * 0.5 * (1 + t)": (
            "term|missing|branch|product"
        ),
        "(1 - t**2) * inner -> (1 - t**2) * 0.7978845608": "term|missing|slight|inner",
        "(1 - t**2) -> (1 - t)": "square|term|left out",
    }


@case(x=(5, 4), slope=4)
class prelu:
    def forward(x, slope):
        return np.maximum(x, 0) + slope * np.minimum(x, 0)

    def backward(dy, x, slope):
        dx = dy * np.where(x > 0, 1, slope)
        return dx, (dy * np.minimum(x, 0)).sum(axis=0)

    wrong = {
        "np.where(x > 0, 1, slope) -> (x > 0)": "x < 0|slope|zero|mask",
        "(dy * np.minimum(x, 0)).sum(axis=0) -> (dy * x).sum(axis=0)": "mask|sum of dy \\* x",
        "np.where(x > 0, 1, slope) -> np.where(x > 0, slope, 1)": "slope|mask|branch|exchanged",
    }


@case(x=(5, 4))
class softsign:
    def forward(x):
        return x / (1 + np.abs(x))

    def backward(dy, x):
        return dy / (1 + np.abs(x)) ** 2

    wrong = {
        "(1 + np.abs(x)) ** 2 -> (1 + np.abs(x))": "derivative|square|quotient|root|held fixed",
        "(1 + np.abs(x)) ** 2 -> (1 + x) ** 2": "sign|x < 0|abs",
        "dy / (1 + np.abs(x)) ** 2 -> dy": DERIVATIVE,
    }
