"""Mixtures, densities, orders and estimates."""

import numpy as np

from ..case import case
from ..draws import distribution, positive, probability, symmetric_positive, uniform
from ..words import BRANCH, HELD, SIGN, SUM_TO_ZERO, ZERO, factor


@case(x=uniform(-2, 2, 5), centers=4, bandwidth=())
class kernel_density:
    def forward(x, centers, bandwidth):
        s = np.exp(bandwidth)
        d = (x[:, None] - centers) / s
        return np.log(np.exp(-0.5 * d**2).mean(axis=1) / s)

    def backward(dy, x, centers, bandwidth):
        s = np.exp(bandwidth)
        d = (x[:, None] - centers) / s
        k = np.exp(-0.5 * d**2)
        p = k / k.sum(axis=1, keepdims=True) * dy[:, None]
        dd = -p * d / s
        return dd.sum(axis=1), -dd.sum(axis=0), (p * d**2).sum() - dy.sum()

    wrong = {
        "(p * d**2).sum() - dy.sum() -> (p * d**2).sum()": "term|factor|missing",
        "k / k.sum(axis=1, keepdims=True) -> k": "scaled|row|factor|normali|denominator",
        "-dd.sum(axis=0) -> dd.sum(axis=0)": SIGN,
    }


@case(log_w=3, x=(6, 1), mean=3)
class gaussian_mixture:
    def forward(log_w, x, mean):
        s = log_w - np.log(np.exp(log_w).sum()) - 0.5 * (x - mean) ** 2
        return np.log(np.exp(s).sum(axis=1)).sum()

    def gradient(log_w, x, mean):
        prior = np.exp(log_w) / np.exp(log_w).sum()
        s = np.log(prior) - 0.5 * (x - mean) ** 2
        r = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        dmean = (r * (x - mean)).sum(axis=0)
        return r.sum(axis=0) - 6 * prior, -(r * (x - mean)).sum(axis=1, keepdims=True), dmean

    wrong = {
        "r.sum(axis=0) - 6 * prior -> r.sum(axis=0)": SUM_TO_ZERO,
        "dmean = (r * (x - mean)) -> dmean = (r * (mean - x))": SIGN,
        "/ np.exp(s).sum(axis=1, keepdims=True) -> / np.exp(s).sum(axis=0)": "axis|sums? to zero",
    }


@case(a=positive(5), b=positive(5), x=probability(5))
class gamma_like:
    """The logarithm of an unnormalized beta density."""

    def forward(a, b, x):
        return ((a - 1) * np.log(x) + (b - 1) * np.log(1 - x)).sum()

    def gradient(a, b, x):
        return np.log(x), np.log(1 - x), (a - 1) / x - (b - 1) / (1 - x)

    wrong = {
        "(a - 1) / x - (b - 1) / (1 - x) -> (a - 1) / x + (b - 1) / (1 - x)": BRANCH + "|sign",
        "return np.log(x), np.log(1 - x) -> return np.log(1 - x), np.log(x)": (
            "swapped|belongs|exchanged"
        ),
        "(a - 1) / x - (b - 1) -> a / x - b": BRANCH + "|constant|missing",
    }


@case(p=distribution(5, 3))
class entropy:
    def forward(p):
        return -(p * np.log(p)).sum(axis=1)

    def backward(dy, p):
        return -dy[:, None] * (np.log(p) + 1)

    wrong = {
        "(np.log(p) + 1) -> np.log(p)": BRANCH + "|constant|dy|row",
        "-dy[:, None] * -> dy[:, None] *": SIGN,
        "-dy[:, None] * (np.log(p) + 1) -> -dy[:, None] * np.log(p) + 1": (
            "group|parenthes|constant|linear in the incoming"
        ),
    }


@case(x=(6, 2))
class median_loss:
    """Sorting: the middle two of six."""

    def forward(x):
        return np.median(x, axis=0)

    def backward(dy, x):
        order = np.argsort(x, axis=0)
        dx = np.zeros_like(x)
        columns = np.arange(2)
        dx[order[2], columns] = dy / 2
        dx[order[3], columns] = dy / 2
        return dx

    wrong = {
        "dx[order[3], columns] = dy / 2 -> pass": "analytic = 0|zero|element|missing",
        "dx[order[2], columns] = dy / 2 -> dx[order[1], columns] = dy / 2": "mask|another|index",
        "dx[order[2], columns] = dy / 2 -> dx[order[2], columns] = dy": "element|factor|row",
    }


@case(scores=6, x=(6, 2))
class weighted_mean:
    def forward(scores, x):
        w = np.exp(scores)
        return w @ x / w.sum()

    def backward(dy, scores, x):
        w = np.exp(scores) / np.exp(scores).sum()
        mean = w @ x
        return w * ((x - mean) @ dy), np.outer(w, dy)

    wrong = {
        "w * ((x - mean) @ dy) -> w * (x @ dy)": HELD + "|quotient|branch",
        "w * ((x - mean) @ dy) -> (x - mean) @ dy": "sums? to zero|factor|missing|scaled|own",
        "np.outer(w, dy) -> np.outer(np.exp(scores), dy)": "extra factor of",
    }


@case(x=(5, 2), y=(5, 2))
class energy_distance:
    def forward(x, y):
        return np.sqrt(((x[:, None] - y) ** 2).sum(axis=2) + 0.01).mean()

    def gradient(x, y):
        d = x[:, None] - y
        r = np.sqrt((d**2).sum(axis=2, keepdims=True) + 0.01)
        g = d / r / 25
        return g.sum(axis=1), -g.sum(axis=0)

    wrong = {
        "-g.sum(axis=0) -> g.sum(axis=0)": SIGN,
        "-g.sum(axis=0) -> -g.sum(axis=1)": "axis|other|swapped|belongs|sign",
        "keepdims=True) + 0.01) -> keepdims=True)) + 0.01": "epsilon|slight",
        "d / r / 25 -> d / r / 5": factor(5),
    }


@case(y=(6,), phi=probability(2))
class autoregression:
    def forward(y, phi):
        e = y[2:] - phi[0] * y[1:-1] - phi[1] * y[:-2]
        return (e**2).sum()

    def gradient(y, phi):
        e = 2 * (y[2:] - phi[0] * y[1:-1] - phi[1] * y[:-2])
        dy = np.zeros_like(y)
        dy[2:] += e
        dy[1:-1] -= phi[0] * e
        dy[:-2] -= phi[1] * e
        return dy, np.array([-(e * y[1:-1]).sum(), -(e * y[:-2]).sum()])

    wrong = {
        "dy[:-2] -= phi[1] * e -> pass": "element|term|missing|wrong at|right at|lag",
        "dy[1:-1] -= phi[0] * e -> dy[1:-1] = -phi[0] * e": (
            "overwrit|overlap|element|wrong at|only the last"
        ),
        "[-(e * y[1:-1]).sum(), -(e * y[:-2]).sum()] -> "
        "[-(e * y[:-2]).sum(), -(e * y[1:-1]).sum()]": ("revers|exchanged|permut|order|swapped"),
    }


@case(x=(4, 3), noise=(4, 3), log_std=3)
class reparametrization:
    """A sample of a Gaussian and its divergence from the standard one; two outputs."""

    def forward(x, noise, log_std):
        divergence = 0.5 * (np.exp(2 * log_std) + x**2 - 1 - 2 * log_std).sum()
        return x + np.exp(log_std) * noise, divergence

    def backward(dy, x, noise, log_std):
        dsample, dkl = dy
        std = np.exp(log_std)
        dlog = (dsample * noise * std).sum(axis=0) + 4 * dkl * (std**2 - 1)
        return dsample + dkl * x, dsample * std, dlog

    wrong = {
        "dsample + dkl * x -> dsample": "proportional|penalty|weights|itself|missing",
        "(dsample * noise * std) -> (dsample * noise)": "derivative|factor|term|missing",
        "4 * dkl * (std**2 - 1) -> dkl * (std**2 - 1)": "term|factor|examples|1/m",
        "dsample * std, -> np.zeros_like(x),": ZERO,
    }


@case(a=symmetric_positive(3), x=(4, 3))
class mahalanobis:
    def forward(a, x):
        return np.sqrt(((x @ a) * x).sum(axis=1))

    def backward(dy, a, x):
        d = np.sqrt(((x @ a) * x).sum(axis=1))
        s = (dy / (2 * d))[:, None]
        return (s * x).T @ x, s * (x @ (a + a.T))

    wrong = {
        "dy / (2 * d) -> dy / d": factor(2),
        "dy / (2 * d) -> dy / 2": "root|row|factor|scaled|derivative",
        "(s * x).T @ x -> x.T @ x": "incoming gradient|dy|factor|missing",
        "x @ (a + a.T) -> x @ a": factor(0.5) + "|symmetr",
    }
