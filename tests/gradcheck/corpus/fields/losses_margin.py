"""Losses of margins, counts, overlaps and quantiles."""

import numpy as np

from ..case import case
from ..draws import bits, integers, positive, probability
from ..words import EPSILON, MASK, SIGN, SUM_TO_ZERO, factor


@case(s=(12, 1), t=bits(12, 1))
class hinge:
    def forward(s, t):
        return np.maximum(0, 1 - (2 * t - 1) * s).sum()

    def gradient(s, t):
        side = 2 * t - 1
        return -side * (side * s < 1.0), None

    wrong = {
        "(side * s < 1.0) -> 1.0": "zero|mask|where",
        "-side * -> side *": SIGN,
        "(side * s < 1.0) -> (side * s < 0.0)": "zero|mask|where",
    }


@case(s=(5, 4), costs=positive(4), labels=integers(4, 5))
class multiclass_hinge:
    def forward(s, costs, labels):
        right = s[np.arange(5), labels][:, None]
        margins = np.maximum(0, s - right + 1)
        margins[np.arange(5), labels] = 0
        return (costs * margins).sum()

    def gradient(s, costs, labels):
        rows = np.arange(5)
        margins = np.maximum(0, s - s[rows, labels][:, None] + 1)
        margins[rows, labels] = 0
        g = costs * (margins > 0)
        g[rows, labels] = -g.sum(axis=1)
        return g, margins.sum(axis=0), None

    wrong = {
        "g[rows, labels] = -g.sum(axis=1) -> g[rows, labels] = -1": SUM_TO_ZERO,
        "g[rows, labels] = -g.sum(axis=1) -> pass": SUM_TO_ZERO + "|analytic = 0|held fixed",
        "g = costs * (margins > 0) -> g = (margins > 0) * 1.0": "column|scaled|factor",
    }


@case(a=(4, 3), p=(4, 3), n=(4, 3))
class triplet:
    def forward(a, p, n):
        d = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + 5
        return np.maximum(d, 0).sum()

    def gradient(a, p, n):
        d = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + 5
        on = (d > 0)[:, None]
        return 2 * on * (n - p), 2 * on * (p - a), 2 * on * (a - n)

    wrong = {
        "return 2 * on * (n - p) -> return 2 * on * (a - p)": "term|branch|missing",
        "2 * on * (p - a) -> 2 * on * (a - p)": SIGN,
        "2 * on * (a - n) -> on * (a - n)": factor(0.5),
    }


@case(a=(4, 3), b=(4, 3), same=bits(4))
class contrastive:
    def forward(a, b, same):
        d = np.sqrt(((a - b) ** 2).sum(axis=1))
        return (same * d**2 + (1 - same) * np.maximum(3 - d, 0) ** 2).sum() / 2

    def gradient(a, b, same):
        r = a - b
        d = np.sqrt((r**2).sum(axis=1))[:, None]
        on = same[:, None]
        g = on * r - (1 - on) * np.maximum(3 - d, 0) * r / d
        return g, -g, None

    wrong = {
        "np.maximum(3 - d, 0) * r / d -> np.maximum(3 - d, 0) * r": "row|factor|scaled|norm",
        "on * r - (1 - on) -> on * r + (1 - on)": "row|sign|factor",
        "return g, -g -> return g, g": SIGN,
    }


@case(p=probability(6, 1), t=bits(6, 1))
class focal:
    def forward(p, t):
        q = np.where(t == 1, p, 1 - p)
        return -((1 - q) ** 2 * np.log(q)).sum()

    def gradient(p, t):
        q = np.where(t == 1, p, 1 - p)
        dq = 2 * (1 - q) * np.log(q) - (1 - q) ** 2 / q
        return dq * np.where(t == 1, 1, -1), None

    wrong = {
        "2 * (1 - q) * np.log(q) - (1 - q) ** 2 / q -> -((1 - q) ** 2) / q": "term|branch",
        "dq * np.where(t == 1, 1, -1) -> dq": "sign",
        "2 * (1 - q) * np.log(q) -> (1 - q) * np.log(q)": "term|factor of 2",
    }


@case(rate=positive(6), counts=integers(5, 6))
class poisson_loss:
    def forward(rate, counts):
        return (rate - counts * np.log(rate)).mean()

    def gradient(rate, counts):
        return (1 - counts / rate) / len(rate), None

    wrong = {
        "(1 - counts / rate) -> (rate - counts)": "rate|log|exp|times",
        "(1 - counts / rate) -> (1 + counts / rate)": "minus|sign|branch",
        "/ len(rate), None -> , None": factor(6) + "|mean",
    }


@case(u=probability(5, 6), v=probability(5, 6))
class dice:
    def forward(u, v):
        return 1 - 2 * (u * v).sum() / (u.sum() + v.sum() + 2)

    def gradient(u, v):
        total = u.sum() + v.sum() + 2
        shared = 2 * (u * v).sum()
        return -(2 * v / total - shared / total**2), -(2 * u / total - shared / total**2)

    wrong = {
        "return -(2 * v / total - shared / total**2) -> return -(2 * v / total)": (
            "constant|branch|quotient|held fixed"
        ),
        "return -(2 * v / total - shared -> return -(2 * v / total + shared": (
            "minus|constant|branch|sign"
        ),
        "-(2 * u / total - shared / total**2) -> -(2 * u / total - shared / total)": (
            "constant|branch|output instead"
        ),
    }


@case(p=(5, 3), t=(5, 3))
class quantile_loss:
    def forward(p, t):
        r = t - p
        return np.maximum(0.8 * r, -0.2 * r).mean()

    def gradient(p, t):
        g = np.where(t > p, 0.8, -0.2) / p.size
        return -g, g

    wrong = {
        "0.8, -0.2) -> 0.8, 0.2)": "sign|where|factor|elements|slope",
        "0.8, -0.2) -> 0.2, -0.8)": "exchanged|slope|swapped|constant",
        "return -g, g -> return -g, -g": SIGN,
    }


@case(p=(6, 2), t=(6, 2))
class log_cosh:
    def forward(p, t):
        return np.log(np.cosh(p - t)).mean()

    def gradient(p, t):
        g = np.tanh(p - t) / len(p) / 2
        return g, -g

    wrong = {
        "np.tanh(p - t) -> (p - t)": "derivative",
        "/ len(p) / 2 -> / len(p)": factor(2),
        "np.tanh(p - t) -> np.tanh(p + t)": "sign",
    }


@case(p=probability(6, 1), t=bits(6, 1))
class cross_entropy_with_epsilon:
    def forward(p, t):
        return -(t * np.log(p + 0.001) + (1 - t) * np.log(1 - p + 0.001)).mean()

    def gradient(p, t):
        return -(t / (p + 0.001) - (1 - t) / (1 - p + 0.001)) / 6, None

    wrong = {
        "t / (p + 0.001) - (1 - t) / (1 - p + 0.001) -> t / p - (1 - t) / (1 - p)": EPSILON,
        ") / 6, None -> ), None": factor(6) + "|mean",
        "- (1 - t) / (1 - p + 0.001) -> - 1 / (1 - p + 0.001)": MASK + "|branch|left out",
    }


@case(w=(4, 3), x=(8, 4), t=(8, 3))
class ridge_regression:
    def forward(w, x, t):
        return ((x @ w - t) ** 2).sum() / 16 + 0.3 / 16 * (w**2).sum()

    def gradient(w, x, t):
        error = (x @ w - t) / 8
        return x.T @ error + 0.3 / 8 * w, error @ w.T, -error

    wrong = {
        "x.T @ error + 0.3 / 8 * w -> x.T @ error": "weights|penalty|proportional|decay",
        "+ 0.3 / 8 * w -> + 0.3 / 16 * w": "weights|penalty|proportional|decay",
        "+ 0.3 / 8 * w -> + 0.3 * w": "weights|penalty|proportional|decay",
        "+ 0.3 / 8 * w -> + 0.3 / 8 * np.sign(w)": "weights|penalty|sign|decay",
    }
