"""Continua, oscillations and rotations."""

import numpy as np

from ..case import case
from ..draws import positive, uniform
from ..words import BRANCH, DUPLICATES, ROWS, TRANSPOSED, factor


@case(strain=(3, 3), mu=positive(3), lam=positive(3))
class hooke_energy:
    def forward(strain, mu, lam):
        e = (strain + strain.T) / 2
        return (mu * (e * e).sum(axis=0)).sum() + 0.5 * (lam * np.trace(e) ** 2).sum()

    def gradient(strain, mu, lam):
        e = (strain + strain.T) / 2
        de = 2 * mu * e + lam.sum() * np.trace(e) * np.eye(3)
        return (de + de.T) / 2, (e * e).sum(axis=0), np.full(3, 0.5 * np.trace(e) ** 2)

    wrong = {
        "return (de + de.T) / 2 -> return de": "symmetr|row|column|transpos|element",
        "lam.sum() * np.trace(e) * np.eye(3) -> lam.sum() * np.trace(e)": (
            "not 0|constant|element|diagonal"
        ),
        "return (de + de.T) / 2 -> return de + de.T": factor(2),
    }


@case(x=(5, 2), charge=5)
class screened_charges:
    def forward(x, charge):
        i, j = np.triu_indices(5, 1)
        r = np.sqrt(((x[i] - x[j]) ** 2).sum(axis=1))
        return (charge[i] * charge[j] * np.exp(-r) / (r + 1)).sum()

    def gradient(x, charge):
        i, j = np.triu_indices(5, 1)
        d = x[i] - x[j]
        r = np.sqrt((d**2).sum(axis=1))
        e = np.exp(-r) / (r + 1)
        slope = -e - e / (r + 1)
        f = (charge[i] * charge[j] * slope / r)[:, None] * d
        dx, dq = np.zeros_like(x), np.zeros_like(charge)
        np.add.at(dx, i, f)
        np.add.at(dx, j, -f)
        np.add.at(dq, i, charge[j] * e)
        np.add.at(dq, j, charge[i] * e)
        return dx, dq

    wrong = {
        "slope = -e - e / (r + 1) -> slope = -e": BRANCH,
        "slope = -e - e / (r + 1) -> slope = -e + e / (r + 1)": BRANCH + "|sign",
        "np.add.at(dq, i, charge[j] * e) -> dq[i] += charge[j] * e": DUPLICATES + "|element",
        "slope / r)[:, None] -> slope)[:, None]": "norm|factor|length",
    }


@case(n=positive(4), theta=uniform(0.1, 0.4, 4))
class snell:
    def forward(n, theta):
        return np.arcsin(np.sin(theta) / n)

    def backward(dy, n, theta):
        s = np.sin(theta) / n
        ds = dy / np.sqrt(1 - s**2)
        return -ds * np.sin(theta) / n**2, ds * np.cos(theta) / n

    wrong = {
        "dy / np.sqrt(1 - s**2) -> dy / (1 - s**2)": "root|slight|derivative",
        "dy / np.sqrt(1 - s**2) -> dy / np.sqrt(1 + s**2)": "minus|sign|slight",
        "-ds * np.sin(theta) / n**2 -> -ds * np.sin(theta) / n": "input|times|factor|power",
    }


@case(w=(3, 3), x=(3, 4))
class lagrangian_density:
    def forward(w, x):
        return 0.5 * np.einsum("in,ij,jn->n", x, w, x)

    def backward(dy, w, x):
        return 0.5 * np.einsum("n,in,jn->ij", dy, x, x), 0.5 * dy * (w @ x + w.T @ x)

    wrong = {
        "0.5 * dy * (w @ x + w.T @ x) -> dy * (w @ x)": "symmetr|transpos|term",
        "0.5 * dy * (w @ x + w.T @ x) -> 0.5 * dy * (w @ x)": "symmetr|transpos|term|missing",
        "0.5 * np.einsum -> np.einsum": factor(2),
    }


@case(x=(2, 5), k=positive(2))
class damped_oscillation:
    def forward(x, k):
        return np.exp(-k[:, None] * np.abs(x)) * np.cos(3 * x)

    def backward(dy, x, k):
        e = np.exp(-k[:, None] * np.abs(x))
        dx = dy * e * (-k[:, None] * np.sign(x) * np.cos(3 * x) - 3 * np.sin(3 * x))
        return dx, -(dy * np.abs(x) * e * np.cos(3 * x)).sum(axis=1)

    wrong = {
        "- 3 * np.sin(3 * x) -> - np.sin(3 * x)": "term|factor",
        "-k[:, None] * np.sign(x) * np.cos(3 * x) - 3 -> -k[:, None] * np.cos(3 * x) - 3": (
            "x < 0|sign|where"
        ),
        "-(dy * np.abs(x) * e * np.cos(3 * x)).sum(axis=1) -> "
        "-(dy * e * np.cos(3 * x)).sum(axis=1)": ("missing|input|left out|factor"),
    }


@case(flow=(4, 5))
class divergence_and_curl:
    """Two outputs of differences."""

    def forward(flow):
        return flow[1:] - flow[:-1], flow[:, 1:] - flow[:, :-1]

    def backward(dy, flow):
        drows, dcolumns = dy
        g = np.zeros_like(flow)
        g[1:] += drows
        g[:-1] -= drows
        g[:, 1:] += dcolumns
        g[:, :-1] -= dcolumns
        return g

    wrong = {
        "g[:-1] -= drows -> g[1:] -= drows": "term|sums? to zero|missing|row|output",
        "g[:, :-1] -= dcolumns -> g[:, :-1] += dcolumns": "sums? to zero|sign|column",
        "g[:, 1:] += dcolumns -> g[:, 1:] = dcolumns": ROWS + "|overwrit|overlap",
    }


@case(inertia=(3, 3), omega=(2, 3))
class rotational_energy:
    def forward(inertia, omega):
        return 0.5 * ((omega @ inertia) * omega).sum(axis=1)

    def backward(dy, inertia, omega):
        scaled = dy[:, None] * omega
        return 0.5 * scaled.T @ omega, 0.5 * scaled @ (inertia + inertia.T)

    wrong = {
        "0.5 * scaled @ (inertia + inertia.T) -> scaled @ inertia": "symmetr|transpos",
        "0.5 * scaled.T @ omega -> 0.5 * omega.T @ omega": "incoming gradient|dy",
        "0.5 * scaled.T @ omega -> scaled.T @ omega": factor(2) + "|" + TRANSPOSED,
    }
