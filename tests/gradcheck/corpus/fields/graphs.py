"""Nodes, edges, segments and sparse arrays."""

import numpy as np

from ..case import case
from ..draws import integers, positive
from ..words import DUPLICATES, MEAN, SIGN, SUM_TO_ZERO, TRANSPOSED, factor

SOURCE = np.array([0, 3, 1, 2, 3, 0, 4])
TARGET = np.array([1, 2, 2, 3, 4, 4, 1])


@case(h=(5, 3), w=(3, 2))
class message_passing:
    def forward(h, w):
        out = np.zeros((5, 2), dtype=np.result_type(h, w))
        np.add.at(out, TARGET, (h @ w)[SOURCE])
        return out

    def backward(dy, h, w):
        dz = np.zeros((5, 2))
        np.add.at(dz, SOURCE, dy[TARGET])
        return dz @ w.T, h.T @ dz

    wrong = {
        "np.add.at(dz, SOURCE, dy[TARGET]) -> dz[SOURCE] += dy[TARGET]": DUPLICATES,
        "np.add.at(dz, SOURCE, dy[TARGET]) -> np.add.at(dz, TARGET, dy[SOURCE])": (
            "transpos|direction|revers|order|row"
        ),
        "np.add.at(dz, SOURCE, dy[TARGET]) -> dz = dy": "row|gather|dy|left out",
    }


@case(h=(5, 3), a=(3,))
class graph_attention:
    def forward(h, a):
        s = np.exp(np.tanh(h[SOURCE] @ a))
        total = np.zeros(5, dtype=s.dtype)
        np.add.at(total, TARGET, s)
        out = np.zeros(h.shape, dtype=s.dtype)
        np.add.at(out, TARGET, (s / total[TARGET])[:, None] * h[SOURCE])
        return out

    def backward(dy, h, a):
        t = np.tanh(h[SOURCE] @ a)
        s = np.exp(t)
        total = np.zeros(5)
        np.add.at(total, TARGET, s)
        p = s / total[TARGET]
        dp = (dy[TARGET] * h[SOURCE]).sum(axis=1)
        mean = np.zeros(5)
        np.add.at(mean, TARGET, p * dp)
        dz = p * (dp - mean[TARGET]) * (1 - t**2)
        dh = np.zeros_like(h)
        np.add.at(dh, SOURCE, p[:, None] * dy[TARGET] + np.outer(dz, a))
        return dh, h[SOURCE].T @ dz

    wrong = {
        "p * (dp - mean[TARGET]) -> p * dp * (1 - p)": "diagonal|sums? to zero|term",
        "np.add.at(dh, SOURCE, p -> np.add.at(dh, TARGET, p": "transpos|direction|row|permut",
        " + np.outer(dz, a)) -> )": "term|missing|part",
        "* (1 - t**2) -> * 1": "derivative|missing",
    }


@case(x=(7, 2))
class segment_mean:
    def forward(x):
        return np.stack([x[:2].mean(axis=0), x[2:3].mean(axis=0), x[3:].mean(axis=0)])

    def backward(dy, x):
        return np.repeat(dy / np.array([[2], [1], [4]]), [2, 1, 4], axis=0)

    wrong = {
        "dy / np.array([[2], [1], [4]]) -> dy": "row|scaled|factor|1/m",
        "np.array([[2], [1], [4]]) -> np.array([[4], [1], [2]])": "row|scaled|factor",
        "dy / np.array([[2], [1], [4]]) -> dy / 7 * 3": "row|scaled|factor",
    }


@case(x=(7, 2))
class segment_max:
    def forward(x):
        return np.stack([x[:3].max(axis=0), x[3:].max(axis=0)])

    def backward(dy, x):
        dx = np.zeros_like(x)
        dx[x[:3].argmax(axis=0), [0, 1]] = dy[0]
        dx[3 + x[3:].argmax(axis=0), [0, 1]] = dy[1]
        return dx

    wrong = {
        "dx[3 + x[3:].argmax(axis=0) -> dx[x[3:].argmax(axis=0)": "mask|another|index|offset",
        "[0, 1]] = dy[1] -> [0, 1]] = dy[0]": "row|mask|element|dy|reverse order",
        "[0, 1]] = dy[1] -> [0, 0]] = dy[1]": "mask|another|index|element",
    }


@case(values=7, x=(5, 2))
class sparse_product:
    def forward(values, x):
        out = np.zeros((5, 2), dtype=np.result_type(values, x))
        np.add.at(out, SOURCE, values[:, None] * x[TARGET])
        return out

    def backward(dy, values, x):
        dx = np.zeros_like(x)
        np.add.at(dx, TARGET, values[:, None] * dy[SOURCE])
        return (dy[SOURCE] * x[TARGET]).sum(axis=1), dx

    wrong = {
        "np.add.at(dx, TARGET, values[:, None] * dy[SOURCE]) -> "
        "dx[TARGET] += values[:, None] * dy[SOURCE]": DUPLICATES,
        "(dy[SOURCE] * x[TARGET]) -> (dy[TARGET] * x[SOURCE])": TRANSPOSED + "|exchanged|direction",
        "TARGET, values[:, None] * dy[SOURCE] -> SOURCE, values[:, None] * dy[TARGET]": (
            TRANSPOSED + "|exchanged|direction"
        ),
    }


@case(x=(5, 2))
class graph_smoothness:
    def forward(x):
        return 0.5 * ((x[SOURCE] - x[TARGET]) ** 2).sum()

    def gradient(x):
        d = x[SOURCE] - x[TARGET]
        g = np.zeros_like(x)
        np.add.at(g, SOURCE, d)
        np.add.at(g, TARGET, -d)
        return g

    wrong = {
        "np.add.at(g, TARGET, -d) -> pass": SUM_TO_ZERO + "|term",
        "np.add.at(g, SOURCE, d) -> g[SOURCE] += d": DUPLICATES + "|sums? to zero",
        "np.add.at(g, SOURCE, d) -> np.add.at(g, SOURCE, -d)": "sums? to zero|sign",
        "np.add.at(g, TARGET, -d) -> np.subtract.at(g, SOURCE, -d)": "sums? to zero|factor|term",
    }


@case(v=(6, 3), u=(6, 3), center=integers(6, 4), context=integers(6, 4))
class skip_gram:
    def forward(v, u, center, context):
        s = (v[center] * u[context]).sum(axis=1)
        return np.log(1 + np.exp(-s)).mean()

    def gradient(v, u, center, context):
        s = (v[center] * u[context]).sum(axis=1)
        ds = -1 / (1 + np.exp(s)) / 4
        dv, du = np.zeros_like(v), np.zeros_like(u)
        np.add.at(dv, center, ds[:, None] * u[context])
        np.add.at(du, context, ds[:, None] * v[center])
        return dv, du, None, None

    wrong = {
        "-1 / (1 + np.exp(s)) / 4 -> 1 / (1 + np.exp(s)) / 4": SIGN,
        "-1 / (1 + np.exp(s)) / 4 -> -1 / (1 + np.exp(s))": factor(4) + "|" + MEAN,
        "return dv, du, None -> return dv, dv, None": "other|belongs|swapped",
    }


@case(x=positive(5, 2), w=positive(5))
class weighted_degrees:
    """Two outputs: weights that flow along the edges, and their logarithms per node."""

    def forward(x, w):
        flow = w[SOURCE] * w[TARGET]
        return x[SOURCE] * flow[:, None], np.log(w)

    def backward(dy, x, w):
        dout, dlog = dy
        flow = w[SOURCE] * w[TARGET]
        dx = np.zeros_like(x)
        np.add.at(dx, SOURCE, dout * flow[:, None])
        dflow = (dout * x[SOURCE]).sum(axis=1)
        dw = dlog / w
        np.add.at(dw, SOURCE, dflow * w[TARGET])
        np.add.at(dw, TARGET, dflow * w[SOURCE])
        return dx, dw

    wrong = {
        "np.add.at(dw, TARGET, dflow * w[SOURCE]) -> pass": "term|branch|missing",
        "np.add.at(dx, SOURCE, dout * flow[:, None]) -> dx[SOURCE] = dout * flow[:, None]": (
            DUPLICATES
        ),
        "dw = dlog / w -> dw = np.zeros_like(w)": "term|missing|output|dy",
    }
