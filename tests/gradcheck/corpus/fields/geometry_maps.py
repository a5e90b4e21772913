"""Samplings, reflections, determinants and coordinates."""

import numpy as np

from ..case import case
from ..draws import positive, uniform
from ..words import AXIS, BRANCH, EPSILON, HELD, MEAN, ROWS, SIGN, TRANSPOSED, ZERO


@case(x=uniform(-1, 1, 3, 2), w=(2, 2))
class implicit_circle:
    """Signed distances to a circle after a linear map."""

    def forward(x, w):
        return np.sqrt(((x @ w) ** 2).sum(axis=1) + 1e-3) - 1

    def backward(dy, x, w):
        z = x @ w
        dz = (dy / np.sqrt((z**2).sum(axis=1) + 1e-3))[:, None] * z
        return dz @ w.T, x.T @ dz

    wrong = {
        "dz @ w.T -> dz @ w": TRANSPOSED,
        "x.T @ dz -> dz.T @ x": TRANSPOSED,
        "np.sqrt((z**2).sum(axis=1) + 1e-3) -> (np.sqrt((z**2).sum(axis=1)) + 0.1)": EPSILON,
    }


@case(a=(4, 3), b=(4, 3))
class cosine_similarity:
    def forward(a, b):
        na, nb = np.sqrt((a * a).sum(axis=1)), np.sqrt((b * b).sum(axis=1))
        return (a * b).sum(axis=1) / (na * nb)

    def backward(dy, a, b):
        na, nb = (np.sqrt((v * v).sum(axis=1, keepdims=True)) for v in (a, b))
        c = (a * b).sum(axis=1, keepdims=True) / (na * nb)
        d = dy[:, None]
        return d * (b / (na * nb) - c * a / na**2), d * (a / (na * nb) - c * b / nb**2)

    wrong = {
        "d * (b / (na * nb) - c * a / na**2) -> d * b / (na * nb)": HELD,
        "- c * b / nb**2 -> - c * b / nb": HELD + "|extra factor",
        "- c * a / na**2 -> + c * a / na**2": HELD + "|sign|" + BRANCH,
    }


@case(image=(5, 5), where=uniform(0.6, 3.4, 4, 2))
class bilinear_sampling:
    def forward(image, where):
        y, x = where.T
        r, c = np.floor(y.real).astype(int), np.floor(x.real).astype(int)
        fy, fx = y - r, x - c
        top = image[r, c] * (1 - fx) + image[r, c + 1] * fx
        low = image[r + 1, c] * (1 - fx) + image[r + 1, c + 1] * fx
        return top * (1 - fy) + low * fy

    def backward(dy, image, where):
        y, x = where.T
        r, c = np.floor(y).astype(int), np.floor(x).astype(int)
        fy, fx = y - r, x - c
        g = np.zeros_like(image)
        np.add.at(g, (r, c), dy * (1 - fy) * (1 - fx))
        np.add.at(g, (r, c + 1), dy * (1 - fy) * fx)
        np.add.at(g, (r + 1, c), dy * fy * (1 - fx))
        np.add.at(g, (r + 1, c + 1), dy * fy * fx)
        a, b, d, e = image[r, c], image[r, c + 1], image[r + 1, c], image[r + 1, c + 1]
        gy = (d - a) * (1 - fx) + (e - b) * fx
        gx = (b - a) * (1 - fy) + (e - d) * fy
        return g, np.stack([dy * gy, dy * gx], axis=1)

    wrong = {
        "np.stack([dy * gy, dy * gx], axis=1) -> np.stack([dy * gx, dy * gy], axis=1)": (
            "revers|exchanged|permut|order|swapped"
        ),
        "np.add.at(g, (r + 1, c), dy * fy * (1 - fx)) -> pass": "element|zero|analytic = 0|term",
        "gy = (d - a) * (1 - fx) + (e - b) * fx -> gy = (d - a) * fx + (e - b) * (1 - fx)": (
            "column|exchanged|branch"
        ),
    }


@case(m=(4, 3, 3))
class determinants:
    def forward(m):
        return np.linalg.det(m)

    def backward(dy, m):
        return (dy * np.linalg.det(m))[:, None, None] * np.linalg.inv(m).swapaxes(1, 2)

    wrong = {
        "np.linalg.inv(m).swapaxes(1, 2) -> np.linalg.inv(m)": TRANSPOSED + "|other places",
        "(dy * np.linalg.det(m)) -> dy": "scal|factor|at|derivative|missing",
        "(dy * np.linalg.det(m)) -> np.linalg.det(m)": "incoming gradient|dy",
    }


@case(p=(4, 3), normal=3, offset=())
class reflection:
    def forward(p, normal, offset):
        n = normal / np.sqrt(normal @ normal)
        return p - 2 * ((p @ n) - offset)[:, None] * n

    def backward(dy, p, normal, offset):
        norm = np.sqrt(normal @ normal)
        n = normal / norm
        h = p @ n - offset
        dh = -2 * dy @ n
        dn = -2 * h @ dy + dh @ p
        return dy + np.outer(dh, n), (dn - n * (n @ dn)) / norm, -dh.sum()

    wrong = {
        "dn = -2 * h @ dy + dh @ p -> dn = -2 * h @ dy": BRANCH + "|missing|part",
        "(dn - n * (n @ dn)) / norm -> dn / norm": HELD,
        "-dh.sum() -> -dh.mean()": MEAN,
        "dy + np.outer(dh, n) -> dy": "detached|missing|derivative|dx = dy",
    }


@case(x=(6, 2))
class path_length_and_centroid:
    """Two outputs of one path."""

    def forward(x):
        d = x[1:] - x[:-1]
        return np.sqrt((d**2).sum(axis=1)).sum(), x.mean(axis=0)

    def backward(dy, x):
        dlength, dcenter = dy
        d = x[1:] - x[:-1]
        u = dlength * d / np.sqrt((d**2).sum(axis=1, keepdims=True))
        g = np.zeros_like(x) + dcenter / 6
        g[1:] += u
        g[:-1] -= u
        return g

    wrong = {
        "np.zeros_like(x) + dcenter / 6 -> np.zeros_like(x)": "constant|output|term|same",
        "g[:-1] -= u -> g[:-1] += u": "sign|row|sum",
        "np.zeros_like(x) + dcenter / 6 -> np.zeros_like(x) + dcenter": "constant|mean|same|1/m",
        "g[1:] += u -> g[1:] = u": "overwrit|overlap|constant|" + ROWS,
    }


@case(x=(4, 3), y=(4, 3))
class aligned_means:
    """The squared distance after both sets are moved to the origin."""

    def forward(x, y):
        return (((x - x.mean(axis=0)) - (y - y.mean(axis=0))) ** 2).sum()

    def gradient(x, y):
        d = (x - x.mean(axis=0)) - (y - y.mean(axis=0))
        return 2 * d, -2 * d

    wrong = {
        "return 2 * d, -> return 2 * (x - y),": "sums? to zero|mean",
        "-2 * d -> 2 * d": SIGN,
        "return 2 * d, -> return 2 * (x - x.mean(axis=1, keepdims=True) - y),": (
            AXIS + "|sums? to zero"
        ),
    }


@case(r=positive(5), theta=5, phi=5)
class spherical_coordinates:
    def forward(r, theta, phi):
        s = np.sin(theta)
        return np.stack([r * s * np.cos(phi), r * s * np.sin(phi), r * np.cos(theta)])

    def backward(dy, r, theta, phi):
        dx, dyy, dz = dy
        s, c = np.sin(theta), np.cos(theta)
        flat = dx * np.cos(phi) + dyy * np.sin(phi)
        turn = -dx * np.sin(phi) + dyy * np.cos(phi)
        return s * flat + c * dz, r * (c * flat - s * dz), r * s * turn

    wrong = {
        "r * (c * flat - s * dz) -> r * (c * flat + s * dz)": BRANCH + "|sign",
        "r * (c * flat - s * dz) -> (c * flat - s * dz)": "factor|own|missing|times|left out",
        "r * s * turn -> r * turn": "factor|missing|own|left out|times",
        "s * flat + c * dz, -> np.zeros(5),": ZERO,
    }
