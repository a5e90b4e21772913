"""Likelihoods, moments and estimates."""

import numpy as np

from ..case import case
from ..draws import bits, integers, symmetric_positive
from ..words import BRANCH, HELD, MEAN, SIGN, SUM_TO_ZERO, factor


@case(x=(6, 2), mean=2, log_std=2)
class gaussian_likelihood:
    def forward(x, mean, log_std):
        z = (x - mean) / np.exp(log_std)
        return (0.5 * z**2 + log_std + 0.919).sum()

    def gradient(x, mean, log_std):
        std = np.exp(log_std)
        z = (x - mean) / std
        return z / std, -(z / std).sum(axis=0), (1 - z**2).sum(axis=0)

    wrong = {
        "(1 - z**2).sum(axis=0) -> (-(z**2)).sum(axis=0)": "constant|term|differ|missing",
        "(1 - z**2).sum(axis=0) -> ((1 - z**2) / std).sum(axis=0)": "scaled|factor|std|exp|own",
        "return z / std, -> return z,": "column|scaled|factor|left out",
        "-(z / std).sum(axis=0) -> (z / std).sum(axis=0)": SIGN,
    }


@case(x=(5, 3), mean=3, cov=symmetric_positive(3))
class multivariate_gaussian:
    def forward(x, mean, cov):
        r = x - mean
        return 0.5 * ((r @ np.linalg.inv(cov)) * r).sum() + 2.5 * np.log(np.linalg.det(cov))

    def gradient(x, mean, cov):
        r = x - mean
        inverse = np.linalg.inv(cov)
        s = 0.5 * r @ (inverse + inverse.T)
        dcov = 2.5 * inverse.T - 0.5 * inverse.T @ r.T @ r @ inverse.T
        return s, -s.sum(axis=0), dcov

    wrong = {
        "2.5 * inverse.T - 0.5 * -> 2.5 * inverse.T + 0.5 *": BRANCH + "|sign",
        "dcov = 2.5 * inverse.T - 0.5 -> dcov = -0.5": BRANCH + "|missing|proportional",
        "-s.sum(axis=0) -> -s.mean(axis=0)": factor(0.2) + "|" + MEAN,
        "inverse.T @ r.T @ r @ inverse.T -> r.T @ r": "factor|missing|side|left out",
    }


@case(w=(3, 1), x=(8, 3), t=bits(8, 1))
class logistic_regression:
    def forward(w, x, t):
        z = x @ w
        return (np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0) - t * z).mean()

    def gradient(w, x, t):
        p = 1 / (1 + np.exp(-x @ w))
        return x.T @ (p - t) / 8, (p - t) @ w.T / 8, None

    wrong = {
        "x.T @ (p - t) / 8 -> x.T @ (p - t)": factor(8) + "|mean",
        "x.T @ (p - t) / 8 -> x.T @ (t - p) / 8": SIGN,
        "(p - t) @ w.T / 8 -> (p - t) @ w.T": factor(8) + "|mean",
        "x.T @ (p - t) / 8 -> x.T @ ((p - t) * p * (1 - p)) / 8": "derivative|sigmoid|twice",
    }


@case(w=3, x=(8, 3), counts=integers(5, 8))
class poisson_regression:
    def forward(w, x, counts):
        eta = x @ w
        return (np.exp(eta) - counts * eta).sum()

    def gradient(w, x, counts):
        r = np.exp(x @ w) - counts
        return x.T @ r, np.outer(r, w), None

    wrong = {
        "np.exp(x @ w) - counts -> x @ w - counts": "exp|derivative|inverse link|own factor",
        "return x.T @ r -> return x.T @ r / 8": factor(0.125) + "|mean",
        "np.exp(x @ w) - counts -> np.exp(x @ w) + counts": "sign|minus|branch|own factor",
    }


@case(x=(6, 3))
class covariance:
    def forward(x):
        r = x - x.mean(axis=0)
        return r.T @ r / 5

    def backward(dy, x):
        r = x - x.mean(axis=0)
        return r @ (dy + dy.T) / 5

    wrong = {
        "r @ (dy + dy.T) / 5 -> r @ dy / 5": "symmetr|term|transpos|missing|branch",
        "r @ (dy + dy.T) / 5 -> 2 * r @ dy / 5": "symmetr|transpos",
        "r @ (dy + dy.T) / 5 -> x @ (dy + dy.T) / 5": SUM_TO_ZERO,
        "(dy + dy.T) / 5 -> (dy + dy.T) / 6": factor(5 / 6),
    }


@case(x=(6, 2), y=(6, 2))
class correlation:
    def forward(x, y):
        a, b = x - x.mean(axis=0), y - y.mean(axis=0)
        return (a * b).sum(axis=0) / np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))

    def backward(dy, x, y):
        a, b = x - x.mean(axis=0), y - y.mean(axis=0)
        na, nb = np.sqrt((a * a).sum(axis=0)), np.sqrt((b * b).sum(axis=0))
        r = (a * b).sum(axis=0) / (na * nb)
        dx = dy * (b / (na * nb) - r * a / na**2)
        dz = dy * (a / (na * nb) - r * b / nb**2)
        return dx, dz

    wrong = {
        "dy * (b / (na * nb) - r * a / na**2) -> dy * (b / (na * nb))": HELD,
        "dy * (a / (na * nb) - r * b / nb**2) -> dy * (a / (na * nb) - r * b / nb)": HELD,
        "dy * (b / (na * nb) - r * a / na**2) -> dy * (y / (na * nb) - r * a / na**2)": SUM_TO_ZERO,
    }


@case(x=(6, 3))
class variance:
    def forward(x):
        return x.var(axis=0)

    def backward(dy, x):
        return 2 * dy * (x - x.mean(axis=0)) / 6

    wrong = {
        "(x - x.mean(axis=0)) -> x": SUM_TO_ZERO,
        "/ 6 -> / 5": factor(1.2),
        "2 * dy -> dy": factor(0.5),
        "2 * dy * (x -> 2 * (x": "incoming gradient|dy|column",
    }


@case(x=(6, 3))
class standard_deviation:
    def forward(x):
        return x.std(axis=0)

    def backward(dy, x):
        return dy * (x - x.mean(axis=0)) / (6 * x.std(axis=0))

    wrong = {
        " / (6 * x.std(axis=0)) -> / 6": "column|scaled|factor|std",
        "(6 * x.std(axis=0)) -> x.std(axis=0)": factor(6) + "|mean",
        "(6 * x.std(axis=0)) -> (6 * x.var(axis=0))": "column|scaled|factor|root|std",
    }
