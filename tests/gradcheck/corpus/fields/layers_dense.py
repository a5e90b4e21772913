"""Layers that multiply by weights."""

from ..case import case
from ..words import MEAN, SIGN, TRANSPOSED, ZERO, factor


@case(x=(5, 4), w=(4, 3), b=3)
class linear:
    def forward(x, w, b):
        return x @ w + b

    def backward(dy, x, w, b):
        return dy @ w.T, x.T @ dy, dy.sum(axis=0)

    wrong = {
        "dy.sum(axis=0) -> dy.mean(axis=0)": MEAN,
        "dy @ w.T -> 2 * dy @ w.T": factor(2),
        "x.T @ dy -> -x.T @ dy": SIGN,
    }


@case(x=(5, 4), w=(4, 4), b=4)
class square_linear:
    def forward(x, w, b):
        return x @ w + b

    def backward(dy, x, w, b):
        return dy @ w.T, x.T @ dy, dy.sum(axis=0)

    wrong = {
        "dy @ w.T -> dy @ w": TRANSPOSED,
        "x.T @ dy -> dy.T @ x": TRANSPOSED,
        "dy.sum(axis=0) -> np.zeros(4)": ZERO,
    }
