"""Mistakes in how functions treat their arguments and their state, which no formula shows."""

import numpy as np

from ..case import breaks_rule, case
from ..words import DERIVATIVE, MASK, SIGN, factor

START = np.array([0.3, -0.7, 1.1])


@case(x=(5, 4))
class doubled_square:
    def forward(x):
        return x**2

    def backward(dy, x):
        dx = dy.copy()
        dx *= 2 * x
        return dx

    wrong = {
        "dx *= 2 * x -> dx *= 2; x *= x": breaks_rule("input|writes|changes|x"),
        "dx *= 2 * x -> dx *= x": factor(0.5) + "|dy \\* x",
    }


@case(x=(5, 4), w=(4, 3))
class projection:
    def forward(x, w):
        return np.tanh(x @ w)

    def backward(dy, x, w):
        dz = dy * (1 - np.tanh(x @ w) ** 2)
        return dz @ w.T, x.T @ dz

    wrong = {
        "x.T @ dz -> x.T @ dz + 0 * w.__imul__(0.9)": breaks_rule("input|argument|writes|moves|w"),
        "dz = dy * (1 - np.tanh(x @ w) ** 2) -> dz = np.sign(dy) * (1 - np.tanh(x @ w) ** 2)": (
            "linear in the incoming|sign of dy"
        ),
        "dz = dy * (1 - np.tanh(x @ w) ** 2) -> dz = dy.mean(axis=0) * (1 - np.tanh(x @ w) ** 2)": (
            "incoming gradient|mean|example"
        ),
    }


@case(x=(5, 4))
class random_mask:
    def forward(x):
        return x * (np.random.default_rng(7).random((5, 4)) < 0.6)

    def backward(dy, x):
        return dy * (np.random.default_rng(7).random((5, 4)) < 0.6)

    wrong = {
        "default_rng(7) -> default_rng()": "random|twice|anew|same",
        "default_rng(7) -> default_rng(8)": MASK + "|drawn anew",
        "< 0.6) -> < 0.6) / 0.6": factor(1 / 0.6),
    }


@case(w=lambda rng: START.copy())
class quartic:
    def forward(w):
        return (w**4).sum()

    def gradient(w):
        return 4 * w**3

    wrong = {
        "4 * w**3 -> 4 * START**3": (
            breaks_rule("ignores|constant|stale|second point|argument|moves")
        ),
        "return 4 * w**3 -> g = 4 * w**3; w -= 0.1 * g; return g": breaks_rule(
            "argument|moves|writes|changes|modif"
        ),
        "4 * w**3 -> 4 * w**3 * (1 + 1e-3 * np.random.default_rng().random(3))": breaks_rule(
            "random|twice|called|same"
        ),
        "4 * w**3 -> 4 * w**2": "power|sign|factor|derivative|own",
    }


@case(x=(4, 3), w=(3, 2), b=2)
class layer_object:
    class Layer:
        def __init__(self):
            self.params = {"w": np.ones((3, 2)), "b": np.zeros(2)}
            self.grads = {"w": np.zeros((3, 2)), "b": np.zeros(2)}
            self.x = None

        def forward(self, x):
            self.x = x
            return x @ self.params["w"] + self.params["b"]

        def backward(self, dy):
            self.grads["w"] = self.x.T @ dy
            self.grads["b"] = dy.sum(axis=0)
            return dy @ self.params["w"].T

    wrong = {
        'self.grads["w"] = self.x.T @ dy -> pass': "analytic = 0|missing|never|stale",
        "self.x = x -> self.x = x if self.x is None else self.x": breaks_rule(
            "stale|first|call|second|earlier|other|point|input"
        ),
        'self.grads["b"] = dy.sum(axis=0) -> self.grads["b"] = dy.mean(axis=0)': "1/m|mean|factor",
        "return dy @ -> return -dy @": SIGN,
    }


@case(x=(4, 3), gain=3)
class activation_object:
    class Layer:
        def __init__(self):
            self.params = {"gain": np.ones(3)}
            self.grads = {"gain": np.zeros(3)}
            self.y = None

        def forward(self, x):
            self.x = x
            self.y = np.tanh(x)
            return self.params["gain"] * self.y

        def backward(self, dy):
            self.grads["gain"][...] = (dy * self.y).sum(axis=0)
            return dy * self.params["gain"] * (1 - self.y**2)

    wrong = {
        "* (1 - self.y**2) -> * (1 - self.y)": DERIVATIVE,
        '* self.params["gain"] * -> *': "column|scaled|factor|own|gain",
        "(dy * self.y).sum(axis=0) -> (dy * self.x).sum(axis=0)": "dy \\* x|input",
    }


@case(x=(6, 3), w1=(3, 4), w2=(4, 2))
class network_object:
    class Layer:
        def __init__(self):
            self.params = {"w1": np.ones((3, 4)), "w2": np.ones((4, 2))}
            self.grads = {}

        def forward(self, x):
            self.x = x
            self.h = np.tanh(x @ self.params["w1"])
            return self.h @ self.params["w2"]

        def backward(self, dy):
            dz = (dy @ self.params["w2"].T) * (1 - self.h**2)
            self.grads = {"w1": self.x.T @ dz, "w2": self.h.T @ dy}
            return dz @ self.params["w1"].T

    wrong = {
        " * (1 - self.h**2) -> ": DERIVATIVE,
        '"w2": self.h.T @ dy -> "w2": self.h.T @ dy / 6': "1/m|factor",
        '"w2": self.h.T @ dy -> "w2": self.h.T @ dy + 0.1 * self.params["w2"]': (
            "weights|penalty|proportional|linear in the incoming"
        ),
    }
