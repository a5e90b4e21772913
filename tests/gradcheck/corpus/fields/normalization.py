"""Normalizations over examples, features, groups and space."""

import numpy as np

from ..case import case
from ..draws import positive
from ..words import AXIS, EPSILON, HELD, MEAN, SUM_TO_ZERO, factor


@case(x=(6, 4), gain=positive(4), shift=4)
class batch_normalization:
    def forward(x, gain, shift):
        centered = x - x.mean(axis=0)
        return gain * centered / np.sqrt((centered**2).mean(axis=0) + 1e-5) + shift

    def backward(dy, x, gain, shift):
        centered = x - x.mean(axis=0)
        std = np.sqrt((centered**2).mean(axis=0) + 1e-5)
        xhat = centered / std
        dxhat = dy * gain
        dx = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std
        return dx, (dy * xhat).sum(axis=0), dy.sum(axis=0)

    wrong = {
        "dxhat - dxhat.mean(axis=0) - xhat -> dxhat - xhat": SUM_TO_ZERO,
        " - xhat * (dxhat * xhat).mean(axis=0)) -> )": HELD,
        "dxhat = dy * gain -> dxhat = dy": "gain|scaled|column|factor",
        "(dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std -> dxhat / std": (
            HELD
        ),
        "(dy * xhat).sum(axis=0) -> (dy * x).sum(axis=0)": "dy \\* x|input",
    }


@case(x=(5, 6), gain=positive(6), shift=6)
class layer_normalization:
    def forward(x, gain, shift):
        centered = x - x.mean(axis=1, keepdims=True)
        var = (centered**2).mean(axis=1, keepdims=True)
        return gain * centered / np.sqrt(var + 1e-5) + shift

    def backward(dy, x, gain, shift):
        centered = x - x.mean(axis=1, keepdims=True)
        std = np.sqrt((centered**2).mean(axis=1, keepdims=True) + 1e-5)
        xhat = centered / std
        g = dy * gain
        mean = g.mean(axis=1, keepdims=True)
        slope = (g * xhat).mean(axis=1, keepdims=True)
        return (g - mean - xhat * slope) / std, (dy * xhat).sum(axis=0), dy.sum(axis=0)

    wrong = {
        "(g - mean - xhat * slope) -> (g - xhat * slope)": SUM_TO_ZERO,
        "(g - mean - xhat * slope) -> (g - mean)": HELD,
        "xhat * slope) / std -> xhat * slope)": "row|factor|scaled|std",
        "dy.sum(axis=0) -> dy.mean(axis=0)": MEAN,
        "g = dy * gain -> g = dy": "gain|missing|sums? to zero|factor",
    }


@case(x=(5, 6), gain=positive(6))
class rms_normalization:
    def forward(x, gain):
        return gain * x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)

    def backward(dy, x, gain):
        rms = np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)
        xhat = x / rms
        g = dy * gain
        dx = (g - xhat * (g * xhat).mean(axis=1, keepdims=True)) / rms
        return dx, (dy * xhat).sum(axis=0)

    wrong = {
        "(g - xhat * (g * xhat).mean(axis=1, keepdims=True)) / rms -> g / rms": HELD,
        "(g * xhat).mean(axis=1, keepdims=True) -> (g * xhat).sum(axis=1, keepdims=True)": (
            HELD + "|mean"
        ),
        "(g * xhat).mean(axis=1, keepdims=True) -> (g * xhat).mean(axis=0)": AXIS + "|" + HELD,
        "g = dy * gain -> g = dy": "gain|missing|factor",
    }


@case(x=(2, 3, 4, 4), gain=positive(3))
class instance_normalization:
    def forward(x, gain):
        centered = x - x.mean(axis=(2, 3), keepdims=True)
        var = (centered**2).mean(axis=(2, 3), keepdims=True)
        return gain[:, None, None] * centered / np.sqrt(var + 1e-5)

    def backward(dy, x, gain):
        centered = x - x.mean(axis=(2, 3), keepdims=True)
        std = np.sqrt((centered**2).mean(axis=(2, 3), keepdims=True) + 1e-5)
        xhat = centered / std
        g = dy * gain[:, None, None]
        mean = g.mean(axis=(2, 3), keepdims=True)
        slope = (g * xhat).mean(axis=(2, 3), keepdims=True)
        return (g - mean - xhat * slope) / std, (dy * xhat).sum(axis=(0, 2, 3))

    wrong = {
        "mean = g.mean(axis=(2, 3), keepdims=True) -> mean = 0.0": SUM_TO_ZERO,
        "slope = (g * xhat).mean(axis=(2, 3), keepdims=True) -> slope = 0.0": HELD,
        "mean = g.mean(axis=(2, 3), keepdims=True) -> "
        "mean = g.mean(axis=(0, 2, 3), keepdims=True)": (SUM_TO_ZERO + "|axis"),
    }


@case(x=(2, 4, 3), gain=positive(4))
class group_normalization:
    def forward(x, gain):
        groups = x.reshape(2, 2, 6)
        centered = groups - groups.mean(axis=2, keepdims=True)
        xhat = centered / np.sqrt((centered**2).mean(axis=2, keepdims=True) + 1e-5)
        return gain[:, None] * xhat.reshape(x.shape)

    def backward(dy, x, gain):
        groups = x.reshape(2, 2, 6)
        centered = groups - groups.mean(axis=2, keepdims=True)
        std = np.sqrt((centered**2).mean(axis=2, keepdims=True) + 1e-5)
        xhat = centered / std
        g = (dy * gain[:, None]).reshape(xhat.shape)
        mean = g.mean(axis=2, keepdims=True)
        dx = (g - mean - xhat * (g * xhat).mean(axis=2, keepdims=True)) / std
        return dx.reshape(x.shape), (dy * xhat.reshape(x.shape)).sum(axis=(0, 2))

    wrong = {
        "(g - mean - xhat -> (g - xhat": SUM_TO_ZERO,
        "mean = g.mean(axis=2, keepdims=True) -> mean = g.mean(axis=(1, 2), keepdims=True)": (
            "axis|sums? to zero"
        ),
        "(dy * xhat.reshape(x.shape)).sum(axis=(0, 2)) -> "
        "(dy * xhat.reshape(x.shape)).mean(axis=(0, 2))": factor(1 / 6) + "|mean",
    }


@case(x=(5, 4))
class unit_rows:
    """Each row is divided by its length."""

    def forward(x):
        return x / np.sqrt((x * x).sum(axis=1, keepdims=True))

    def backward(dy, x):
        norm = np.sqrt((x * x).sum(axis=1, keepdims=True))
        y = x / norm
        return (dy - y * (dy * y).sum(axis=1, keepdims=True)) / norm

    wrong = {
        "(dy - y * (dy * y).sum(axis=1, keepdims=True)) / norm -> dy / norm": HELD,
        "keepdims=True)) / norm -> keepdims=True)) / norm**2": "row|scaled|factor|held|norm",
        "y * (dy * y).sum(axis=1 -> x * (dy * y).sum(axis=1": HELD + "|norm|extra factor",
        "(dy * y).sum(axis=1, keepdims=True) -> (dy * y).sum(axis=0)": AXIS + "|" + HELD,
    }


@case(x=(5, 4))
class norm_with_epsilon:
    def forward(x):
        return x / np.sqrt((x * x).sum(axis=1, keepdims=True) + 0.01)

    def backward(dy, x):
        norm = np.sqrt((x * x).sum(axis=1, keepdims=True) + 0.01)
        y = x / norm
        return (dy - y * (dy * y).sum(axis=1, keepdims=True)) / norm

    wrong = {
        "keepdims=True) + 0.01) -> keepdims=True)) + 0.01": EPSILON,
        "keepdims=True) + 0.01) -> keepdims=True))": EPSILON,
        "(dy - y * (dy * y).sum(axis=1, keepdims=True)) -> dy": HELD + "|scaled|row",
    }


@case(x=positive(5, 4))
class row_proportions:
    def forward(x):
        return x / x.sum(axis=1, keepdims=True)

    def backward(dy, x):
        total = x.sum(axis=1, keepdims=True)
        return dy / total - (dy * x).sum(axis=1, keepdims=True) / total**2

    wrong = {
        "dy / total - (dy * x).sum(axis=1, keepdims=True) / total**2 -> dy / total": (
            HELD + "|quotient|branch"
        ),
        "dy / total - (dy * x) -> dy / total + (dy * x)": HELD + "|branch|quotient|sign",
        "/ total**2 -> / total": HELD + "|extra factor|quotient|branch|constant",
    }
