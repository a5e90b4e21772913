"""Normalizations by other statistics, frozen or local."""

import numpy as np

from ..case import case
from ..draws import positive
from ..words import AXIS, HELD, SUM_TO_ZERO, ZERO, factor


@case(x=(6, 4))
class centering:
    def forward(x):
        return x - x.mean(axis=0)

    def backward(dy, x):
        return dy - dy.mean(axis=0)

    wrong = {
        "dy - dy.mean(axis=0) -> dy": SUM_TO_ZERO + "|dx = dy",
        "dy.mean(axis=0) -> dy.mean(axis=1, keepdims=True)": AXIS + "|sums? to zero",
        "dy.mean(axis=0) -> dy.sum(axis=0)": SUM_TO_ZERO,
    }


@case(x=(5, 4))
class min_max_scaling:
    def forward(x):
        low, high = x.min(axis=0), x.max(axis=0)
        return (x - low) / (high - low)

    def backward(dy, x):
        columns = np.arange(4)
        lows, highs = x.argmin(axis=0), x.argmax(axis=0)
        low, high = x[lows, columns], x[highs, columns]
        span = high - low
        dx = dy / span
        drop = (dy * (x - low)).sum(axis=0) / span**2
        dx[highs, columns] -= drop
        dx[lows, columns] += drop - dy.sum(axis=0) / span
        return dx

    wrong = {
        "dx[highs, columns] -= drop -> pass": "elements|scal|held|sums? to zero|row",
        "drop - dy.sum(axis=0) / span -> drop": SUM_TO_ZERO + "|held fixed",
        "dx[lows, columns] += drop - dy.sum(axis=0) / span -> pass": SUM_TO_ZERO + "|held fixed",
    }


@case(x=(6, 4), mean=4, var=positive(4), gain=positive(4))
class frozen_batch_normalization:
    def forward(x, mean, var, gain):
        return gain * (x - mean) / np.sqrt(var + 1e-5)

    def backward(dy, x, mean, var, gain):
        std = np.sqrt(var + 1e-5)
        dmean = -(dy * gain / std).sum(axis=0)
        dvar = -0.5 * (dy * gain * (x - mean)).sum(axis=0) / std**3
        return dy * gain / std, dmean, dvar, (dy * (x - mean) / std).sum(axis=0)

    wrong = {
        "-0.5 * (dy -> 0.5 * (dy": "sign",
        "-0.5 * (dy -> -(dy": factor(2),
        "return dy * gain / std -> return gain * (dy - dy.mean(axis=0)) / std": (
            "sum|mean|column|statistics"
        ),
        "dmean = -(dy * gain / std).sum(axis=0) -> dmean = np.zeros(4)": ZERO,
    }


@case(x=(2, 5, 3, 3))
class local_response_normalization:
    def forward(x):
        square = np.pad(x * x, ((0, 0), (1, 1), (0, 0), (0, 0)))
        return x / (2 + square[:, :-2] + square[:, 1:-1] + square[:, 2:])

    def backward(dy, x):
        square = np.pad(x * x, ((0, 0), (1, 1), (0, 0), (0, 0)))
        scale = 2 + square[:, :-2] + square[:, 1:-1] + square[:, 2:]
        back = np.pad(dy * x / scale**2, ((0, 0), (1, 1), (0, 0), (0, 0)))
        around = back[:, :-2] + back[:, 1:-1] + back[:, 2:]
        return dy / scale - 2 * x * around

    wrong = {
        "dy / scale - 2 * x * around -> dy / scale": "term|missing|quotient|branch",
        "dy / scale - 2 * x * around -> dy / scale + 2 * x * around": "minus|sign|branch",
        "around = back[:, :-2] + back[:, 1:-1] + back[:, 2:] -> around = back[:, 1:-1]": (
            "term|neighbour|part|overlap|overwritten"
        ),
        "2 * x * around -> x * around": "term|missing|quotient|branch|half",
    }


@case(x=(6, 4))
class standardized_with_cache:
    def forward(x):
        centered = x - x.mean(axis=0)
        std = centered.std(axis=0)
        return centered / std, (centered, std)

    def backward(dy, cache):
        centered, std = cache
        m = len(dy)
        dstd = -(dy * centered).sum(axis=0) / std**2
        dcentered = dy / std + dstd * centered / (m * std)
        return dcentered - dcentered.mean(axis=0)

    wrong = {
        "dcentered - dcentered.mean(axis=0) -> dcentered": SUM_TO_ZERO,
        "dy / std + dstd * centered / (m * std) -> dy / std": HELD,
        "/ (m * std) -> / std": HELD + "|1/m",
    }


@case(x=(4, 5))
class standardized_over_all:
    """One mean and one deviation of the whole array."""

    def forward(x):
        return (x - x.mean()) / x.std()

    def backward(dy, x):
        std = x.std()
        xhat = (x - x.mean()) / std
        return (dy - dy.mean() - xhat * (dy * xhat).mean()) / std

    wrong = {
        "(dy - dy.mean() - xhat -> (dy - xhat": SUM_TO_ZERO + "|constant",
        "- xhat * (dy * xhat).mean()) -> )": HELD,
        "(dy * xhat).mean()) / std -> (dy * xhat).mean())": "factor|scaled|taken at the output",
        "dy.mean() - xhat -> dy.mean(axis=0) - xhat": "axis",
    }
