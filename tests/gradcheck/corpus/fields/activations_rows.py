"""Softmax and other functions of rows and powers."""

import numpy as np

from ..case import case
from ..draws import positive
from ..words import DIAGONAL, MASK, SIGN, factor


@case(x=(5, 4))
class softmax:
    def forward(x):
        e = np.exp(x)
        return e / e.sum(axis=1, keepdims=True)

    def backward(dy, x):
        e = np.exp(x)
        y = e / e.sum(axis=1, keepdims=True)
        return y * (dy - (dy * y).sum(axis=1, keepdims=True))

    wrong = {
        "y * (dy - (dy * y).sum(axis=1, keepdims=True)) -> dy * y * (1 - y)": DIAGONAL,
        "(dy * y).sum(axis=1, keepdims=True) -> (dy * y).sum(axis=0)": "axis|sums? to zero",
        "y * (dy - (dy * y).sum(axis=1, keepdims=True)) -> dy * y": DIAGONAL + "|output",
        "(dy * y).sum(axis=1, keepdims=True) -> dy.sum(axis=1, keepdims=True)": (
            "sums? to zero|held|left out"
        ),
    }


@case(x=(5, 4))
class log_softmax:
    def forward(x):
        x = x - x.max(axis=1, keepdims=True)
        return x - np.log(np.exp(x).sum(axis=1, keepdims=True))

    def backward(dy, x):
        e = np.exp(x)
        p = e / e.sum(axis=1, keepdims=True)
        return dy - p * dy.sum(axis=1, keepdims=True)

    wrong = {
        "dy - p * dy.sum(axis=1, keepdims=True) -> dy - p": "incoming gradient|sums? to zero|held",
        "dy - p * dy.sum(axis=1, keepdims=True) -> dy - p * dy": DIAGONAL,
        "p * dy.sum(axis=1, keepdims=True) -> p * dy.sum(axis=0)": "axis|sums? to zero",
    }


@case(x=(5, 4))
class softmax_with_temperature:
    def forward(x):
        e = np.exp(x / 0.7)
        return e / e.sum(axis=1, keepdims=True)

    def backward(dy, x):
        e = np.exp(x / 0.7)
        y = e / e.sum(axis=1, keepdims=True)
        return y * (dy - (dy * y).sum(axis=1, keepdims=True)) / 0.7

    wrong = {
        "keepdims=True)) / 0.7 -> keepdims=True))": factor(0.7),
        "keepdims=True)) / 0.7 -> keepdims=True)) * 0.7": factor(0.49),
        "(dy - (dy * y).sum(axis=1, keepdims=True)) -> dy": DIAGONAL,
    }


@case(x=positive(5, 4), p=positive(4))
class power:
    def forward(x, p):
        return x**p

    def backward(dy, x, p):
        return dy * p * x ** (p - 1), (dy * x**p * np.log(x)).sum(axis=0)

    wrong = {
        "dy * p * x ** (p - 1) -> dy * x ** (p - 1)": "column|factor|scaled|missing",
        "dy * p * x ** (p - 1) -> dy * p * x**p": "times x|input|power|factor (of )?x|exponent",
        "x**p * np.log(x) -> np.log(x)": "missing|factor|left out",
    }


@case(x=(5, 4))
class sine:
    def forward(x):
        return np.sin(30 * x)

    def backward(dy, x):
        return 30 * dy * np.cos(30 * x)

    wrong = {
        "30 * dy -> dy": factor(1 / 30),
        "np.cos -> -np.cos": SIGN,
        "30 * dy * np.cos(30 * x) -> 30 * dy * np.sin(30 * x)": "output|y|derivative",
    }


@case(x=(5, 4))
class hard_sigmoid:
    def forward(x):
        return np.clip(0.2 * x + 0.5, 0.3, 0.7)

    def backward(dy, x):
        return 0.2 * dy * (np.abs(x) < 1)

    wrong = {
        "(np.abs(x) < 1) -> (np.abs(x) > 1)": MASK,
        "0.2 * dy * (np.abs(x) < 1) -> 0.2 * dy": MASK + "|derivative is taken",
        "0.2 * dy -> dy": factor(5),
    }


@case(x=(5, 4))
class square_in_place:
    """Both passes work in place, on copies of their own."""

    def forward(x):
        y = x.copy()
        y *= y
        y += 1
        return y

    def backward(dy, x):
        dx = dy.copy()
        dx *= x
        dx *= 2
        return dx

    wrong = {
        "dx *= 2 -> pass": factor(0.5) + "|dy \\* x",
        "dx *= x -> pass": "input|missing|left out|derivative",
    }
