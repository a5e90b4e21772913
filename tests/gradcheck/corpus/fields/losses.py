"""Losses as costs, with the gradient of the prediction."""

import numpy as np

from ..case import case
from ..draws import bits, distribution, integers, probability
from ..words import SIGN, factor


@case(p=(6, 2), t=(6, 2))
class mean_squared_error:
    def forward(p, t):
        return ((p - t) ** 2).mean()

    def gradient(p, t):
        error = p - t
        return 2 * error / error.size, -2 * error / error.size

    wrong = {
        "return 2 * error / error.size -> return 2 * error": factor(12) + "|mean",
        "return 2 * error / error.size -> return error / error.size": factor(0.5),
        "-2 * error / error.size -> 2 * error / error.size": SIGN,
        "return 2 * error / error.size -> return 2 * error / len(error)": factor(2),
    }


@case(p=(6, 2), t=(6, 2))
class mean_absolute_error:
    def forward(p, t):
        return np.abs(p - t).mean()

    def gradient(p, t):
        g = np.sign(p - t) / p.size
        return g, -g

    wrong = {
        "np.sign(p - t) -> (p - t)": "sign|proportional|extra factor",
        "/ p.size -> / len(p)": factor(2),
        "return g, -g -> return np.maximum(g, 0), -g": "zero|positive|mask|where",
    }


@case(p=(6, 3), t=(6, 3))
class huber_loss:
    def forward(p, t):
        r = np.abs(p - t)
        return np.where(r < 1, 0.5 * r**2, r - 0.5).sum()

    def gradient(p, t):
        r = p - t
        g = np.where(np.abs(r) < 1, r, np.sign(r))
        return g, -g

    wrong = {
        # The sign is that of the absolute value: where it counts, backward goes on without it.
        "r, np.sign(r)) -> r, 1)": "sign|where|elements|without absolute",
        "np.where(np.abs(r) < 1, r, np.sign(r)) -> r": "where|clip|bound",
        "np.abs(r) < 1 -> np.abs(r) < 0.5": "clip|threshold|where|range|bound",
    }


@case(p=probability(6, 1), t=bits(6, 1))
class binary_cross_entropy:
    def forward(p, t):
        return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()

    def gradient(p, t):
        return -(t / p - (1 - t) / (1 - p)) / len(p), None

    wrong = {
        "t / p - (1 - t) -> t / p + (1 - t)": "minus|branch|sign",
        "/ len(p) -> ": factor(6) + "|mean",
        "-(t / p - (1 - t) / (1 - p)) -> -(t / p)": "t = 0|branch|missing|where|zero",
        "-(t / p - (1 - t) / (1 - p)) -> (p - t)": "sigmoid|derivative|logits",
    }


@case(z=(6, 1), t=bits(6, 1))
class binary_cross_entropy_of_logits:
    def forward(z, t):
        return (np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z)))).mean()

    def gradient(z, t):
        p = 1 / (1 + np.exp(-z))
        return (p - t) / len(z), None

    wrong = {
        "(p - t) -> (t - p)": SIGN,
        "(p - t) -> (z - t)": "sigmoid|logit",
        "(p - t) -> (p - t) * p * (1 - p)": "sigmoid|derivative|twice",
        "(p - t) / len(z) -> p - t": factor(6) + "|mean",
    }


@case(z=(6, 4), labels=integers(4, 6))
class cross_entropy_of_logits:
    def forward(z, labels):
        z = z - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -log_p[np.arange(6), labels].mean()

    def gradient(z, labels):
        e = np.exp(z)
        g = e / e.sum(axis=1, keepdims=True)
        g[np.arange(6), labels] -= 1
        return g / 6, None

    wrong = {
        "g[np.arange(6), labels] -= 1 -> g[:, labels] -= 1": (
            "sums? to zero|held|one element|rows"
        ),
        "g[np.arange(6), labels] -= 1 -> pass": "sums? to zero|held",
        "return g / 6 -> return g": factor(6) + "|mean",
        "return g / 6 -> return g / 4": factor(1.5),
    }


@case(p=distribution(6, 4), t=distribution(6, 4))
class categorical_cross_entropy:
    def forward(p, t):
        return -(t * np.log(p)).sum() / len(p)

    def gradient(p, t):
        return -t / p / len(p), -np.log(p) / len(p)

    wrong = {
        "return -t / p / len(p) -> return (p - t) / len(p)": "softmax|logits",
        "return -t / p -> return t / p": SIGN,
        "-np.log(p) / len(p) -> -np.log(p)": factor(6) + "|mean",
    }


@case(p=distribution(5, 4), q=distribution(5, 4))
class kullback_leibler:
    def forward(p, q):
        return (p * np.log(p / q)).sum()

    def gradient(p, q):
        return np.log(p / q) + 1, -p / q

    wrong = {
        "np.log(p / q) + 1 -> np.log(p / q)": "constant|differ|- 1|-1|held fixed",
        "-p / q -> -q / p": "exchanged|reciprocal|other way|inverse|is read for",
        "np.log(p / q) + 1 -> np.log(q / p) + 1": "exchanged|sign|reciprocal",
    }
