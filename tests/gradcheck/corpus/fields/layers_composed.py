"""Layers made of several steps."""

import numpy as np

from ..case import case
from ..draws import bits
from ..words import AXIS, DERIVATIVE, IGNORED, MASK, OTHER_ARRAY, SIGN, TRANSPOSED, ZERO, factor


@case(x=(6, 4), w1=(4, 5), b1=5, w2=(5, 2), b2=2)
class two_layers:
    def forward(x, w1, b1, w2, b2):
        return np.tanh(x @ w1 + b1) @ w2 + b2

    def backward(dy, x, w1, b1, w2, b2):
        h = np.tanh(x @ w1 + b1)
        dz = (dy @ w2.T) * (1 - h**2)
        return dz @ w1.T, x.T @ dz, dz.sum(axis=0), h.T @ dy, dy.sum(axis=0)

    wrong = {
        "(dy @ w2.T) * (1 - h**2) -> dy @ w2.T": DERIVATIVE,
        "(1 - h**2) -> (1 - h)": DERIVATIVE,
        "dz.sum(axis=0), h -> dz.mean(axis=0), h": "1/m|mean|0.1667",
        "(1 - h**2) -> h * (1 - h)": DERIVATIVE,
    }


@case(x=(6, 4), w1=(4, 5), w2=(5, 3))
class two_layers_with_cache:
    def forward(x, w1, w2):
        z = x @ w1
        a = np.maximum(z, 0)
        return a @ w2, (x, z, a, w1, w2)

    def backward(dy, cache):
        x, z, a, w1, w2 = cache
        dw2 = a.T @ dy
        dz = (dy @ w2.T) * (z > 0)
        return dz @ w1.T, x.T @ dz, dw2

    wrong = {
        "(dy @ w2.T) * (z > 0) -> dy @ w2.T": MASK,
        "(z > 0) -> (z < 0)": MASK,
        "dw2 = a.T @ dy -> dw2 = z.T @ dy": (
            "before|pre-activation|input|mask|activation|is read for"
        ),
    }


@case(x=(3, 4), y=(3, 5), w=(2, 4, 5))
class bilinear:
    def forward(x, y, w):
        return np.einsum("ni,oij,nj->no", x, w, y)

    def backward(dout, x, y, w):
        dx = np.einsum("no,oij,nj->ni", dout, w, y)
        dy = np.einsum("no,oij,ni->nj", dout, w, x)
        return dx, dy, np.einsum("no,ni,nj->oij", dout, x, y)

    wrong = {
        "return dx, dy -> return dx, 2 * dy": factor(2),
        "return dx, dy -> return -dx, dy": SIGN,
        '"no,ni,nj->oij", dout, x -> "no,ni,nj->oij", dout, np.abs(x)': "sign|abs|\\|x\\|",
    }


@case(x=(4, 4), w=(4, 4))
class residual_block:
    def forward(x, w):
        return x + np.tanh(x @ w)

    def backward(dy, x, w):
        dz = dy * (1 - np.tanh(x @ w) ** 2)
        return dy + dz @ w.T, x.T @ dz

    wrong = {
        "dy + dz @ w.T -> dz @ w.T": "skip|dy itself|missing",
        "dy + dz @ w.T -> dy": ZERO + "|detached|dx = dy",
        "x.T @ dz -> x.T @ dy": DERIVATIVE,
        "dz @ w.T -> dz @ w": TRANSPOSED,
    }


@case(x=(4, 3), wt=(3, 3), wh=(3, 3), b=3)
class highway:
    def forward(x, wt, wh, b):
        gate = 1 / (1 + np.exp(-(x @ wt + b)))
        return gate * np.tanh(x @ wh) + (1 - gate) * x

    def backward(dy, x, wt, wh, b):
        gate = 1 / (1 + np.exp(-(x @ wt + b)))
        h = np.tanh(x @ wh)
        dgate = dy * (h - x) * gate * (1 - gate)
        dh = dy * gate * (1 - h**2)
        dx = dy * (1 - gate) + dgate @ wt.T + dh @ wh.T
        return dx, x.T @ dgate, x.T @ dh, dgate.sum(axis=0)

    wrong = {
        "x.T @ dgate, x.T @ dh -> x.T @ dh, x.T @ dgate": OTHER_ARRAY,
        "dy * (h - x) * gate -> dy * h * gate": "other branch|missing|minus|term",
        "dy * gate * (1 - h**2) -> dy * (1 - gate) * (1 - h**2)": "exchanged|gate|1 - ",
    }


@case(a=(4, 3), b=(4, 5))
class concatenation:
    def forward(a, b):
        return np.concatenate([a, b], axis=1)

    def backward(dy, a, b):
        return dy[:, :3].copy(), dy[:, 3:].copy()

    wrong = {
        "dy[:, :3].copy() -> dy[:, 5:].copy()": "shift|another|part|of dy|slice|offset",
        "dy[:, 3:].copy() -> np.zeros_like(b)": ZERO,
    }


@case(x=(4, 6))
class split_in_two:
    """Two outputs."""

    def forward(x):
        return np.tanh(x[:, :2]), x[:, 2:] ** 2

    def backward(dy, x):
        da, db = dy
        return np.concatenate([da * (1 - np.tanh(x[:, :2]) ** 2), 2 * x[:, 2:] * db], axis=1)

    wrong = {
        "2 * x[:, 2:] * db -> x[:, 2:] * db": "column|0.5|factor",
        "2 * x[:, 2:] * db -> 0 * db": ZERO + "|column",
        "da * (1 - np.tanh(x[:, :2]) ** 2) -> da": "column|derivative",
    }


@case(x=(5, 4), kept=bits(5, 4))
class dropout:
    def forward(x, kept):
        return x * kept / 0.8

    def backward(dy, x, kept):
        return dy * kept / 0.8, None

    wrong = {
        "dy * kept / 0.8 -> dy / 0.8": MASK + "|left out",
        "dy * kept / 0.8 -> dy * kept": "factor|keep_prob|unscaled|0.8",
        "dy * kept / 0.8 -> dy * (1 - kept) / 0.8": MASK,
    }


@case(x=(5, 8))
class maxout:
    def forward(x):
        return x.reshape(5, 4, 2).max(axis=2)

    def backward(dy, x):
        pairs = x.reshape(5, 4, 2)
        first = pairs[:, :, :1] > pairs[:, :, 1:]
        mask = np.concatenate([first, ~first], axis=2)
        return (mask * dy[:, :, None]).reshape(x.shape)

    wrong = {
        "[first, ~first] -> [~first, first]": MASK,
        "[first, ~first] -> [first, first]": MASK + "|row|column",
        "(mask * dy[:, :, None]) -> (mask * 1.0)": IGNORED,
    }


@case(x=(5, 8))
class gated_linear_unit:
    def forward(x):
        return x[:, :4] / (1 + np.exp(-x[:, 4:]))

    def backward(dy, x):
        gate = 1 / (1 + np.exp(-x[:, 4:]))
        return np.concatenate([dy * gate, dy * x[:, :4] * gate * (1 - gate)], axis=1)

    wrong = {
        "gate * (1 - gate)], -> (1 - gate)],": "column|factor|derivative|right at",
        "[dy * gate, dy * x[:, :4] * gate * (1 - gate)] -> "
        "[dy * x[:, :4] * gate * (1 - gate), dy * gate]": "permut|exchange|order|shift",
        "[dy * gate, -> [dy,": "column|derivative|right at|gate|missing",
    }


@case(x=(4, 5), w=(5, 5))
class tied_weights:
    """An autoencoder whose decoder is the transpose of its encoder."""

    def forward(x, w):
        return np.tanh(x @ w) @ w.T

    def backward(dy, x, w):
        h = np.tanh(x @ w)
        dz = (dy @ w) * (1 - h**2)
        dw = dy.T @ h
        dw += x.T @ dz
        return dz @ w.T, dw

    wrong = {
        "dw += x.T @ dz -> dw = x.T @ dz": "overwrit|only|last use|term|missing|part",
        "dw = dy.T @ h -> dw = h.T @ dy": TRANSPOSED + "|term",
        "(dy @ w) -> (dy @ w.T)": TRANSPOSED,
    }


@case(x=(5, 4), w=(4, 4))
class normalized_weights:
    """Weight normalization without a gain: each column of the weights has length one."""

    def forward(x, w):
        return x @ (w / np.sqrt((w**2).sum(axis=0)))

    def backward(dy, x, w):
        norm = np.sqrt((w**2).sum(axis=0))
        unit = w / norm
        dunit = x.T @ dy
        dw = (dunit - unit * (unit * dunit).sum(axis=0)) / norm
        return dy @ unit.T, dw

    wrong = {
        "(dunit - unit * (unit * dunit).sum(axis=0)) / norm -> dunit / norm": (
            "scal|held fixed|norm"
        ),
        "dy @ unit.T -> dy @ w.T": "scaled|norm|factor|unnormali|is read for",
        "(unit * dunit).sum(axis=0)) / norm -> (unit * dunit).sum(axis=0))": AXIS + "|scaled|norm",
    }
