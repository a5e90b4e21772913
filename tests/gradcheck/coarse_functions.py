"""Functions that compute in lower precision, with their gradients, for tests of the precision."""

import numpy as np

from minidl.gradcheck.functions.analytic_gradient import AnalyticGradient
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree


def bfloat16(array):
    """Round to bfloat16, to the nearest."""
    bits = np.asarray(array, np.float32).view(np.uint32)
    return ((bits + 0x8000) & 0xFFFF0000).view(np.float32).astype(np.float64)


def tanh_layer(seed=0, dtype=np.float32, factor=1.0):
    """Return cost, gradient and x of sum(R * tanh(x W)), computed in `dtype`."""
    rng = np.random.default_rng(seed)
    w, r = rng.standard_normal((4, 3)).astype(dtype), rng.standard_normal((6, 3)).astype(dtype)

    def cost(x):
        return float((r * np.tanh(x.astype(dtype) @ w)).sum())

    def gradient(x):
        y = np.tanh(x.astype(dtype) @ w)
        return factor * ((r * (1 - y * y)) @ w.T).astype(np.float64)

    return cost, gradient, rng.standard_normal((6, 4))


def relu_layer(seed=0, dtype=np.float32, factor=1.0):
    """Return cost, gradient and x of sum(R * max(x W, 0)): kinks everywhere."""
    rng = np.random.default_rng(seed)
    w, r = rng.standard_normal((6, 9)).astype(dtype), rng.standard_normal((8, 9)).astype(dtype)

    def cost(x):
        return float((r * np.maximum(x.astype(dtype) @ w, 0)).sum())

    def gradient(x):
        return factor * ((r * (x.astype(dtype) @ w > 0)) @ w.T).astype(np.float64)

    return cost, gradient, rng.standard_normal((8, 6))


def both_sides(cost, gradient, x, seed=0):
    """Return the numeric and the analytic side of a function."""
    numeric = CostFunction(cost, ParameterTree(x))
    return numeric, AnalyticGradient(gradient, numeric, np.random.default_rng(seed))
