"""Scores, masks, positions, experts and memories."""

import numpy as np

from ..case import case
from ..draws import bits
from ..words import DIAGONAL, MASK, SUM_TO_ZERO, TRANSPOSED
from .attention import softmax, softmax_backward


@case(q=(3, 4), k=(5, 4))
class cosine_scores:
    def forward(q, k):
        unit_q = q / np.sqrt((q**2).sum(axis=1, keepdims=True))
        unit_k = k / np.sqrt((k**2).sum(axis=1, keepdims=True))
        return unit_q @ unit_k.T

    def backward(dy, q, k):
        norm_q = np.sqrt((q**2).sum(axis=1, keepdims=True))
        norm_k = np.sqrt((k**2).sum(axis=1, keepdims=True))
        a, b = q / norm_q, k / norm_k
        da, db = dy @ b, dy.T @ a
        dq = (da - a * (a * da).sum(axis=1, keepdims=True)) / norm_q
        dk = (db - b * (b * db).sum(axis=1, keepdims=True)) / norm_k
        return dq, dk

    wrong = {
        "(da - a * (a * da).sum(axis=1, keepdims=True)) / norm_q -> da / norm_q": (
            "held fixed|scal|sums? to zero|norm"
        ),
        "(db - b * (b * db).sum(axis=1, keepdims=True)) / norm_k -> "
        "(db - b * (b * db).sum(axis=1, keepdims=True))": "row|scaled|factor|norm",
        "(a * da).sum(axis=1, keepdims=True) -> (a * da).sum(axis=0)": "axis|held|scal",
    }


@case(s=(4, 5), seen=bits(4, 5))
class masked_softmax:
    def forward(s, seen):
        e = np.exp(s) * (seen + 0.0)
        return e / (e.sum(axis=1, keepdims=True) + 1e-9)

    def backward(dy, s, seen):
        e = np.exp(s) * seen
        p = e / (e.sum(axis=1, keepdims=True) + 1e-9)
        return p * (dy - (dy * p).sum(axis=1, keepdims=True)), None

    wrong = {
        "np.exp(s) * seen -> np.exp(s)": MASK + "|not 0",
        "dy - (dy * p).sum(axis=1, keepdims=True) -> dy * (1 - p)": DIAGONAL,
        "(dy * p).sum(axis=1, keepdims=True) -> (dy * p).mean(axis=1, keepdims=True)": SUM_TO_ZERO,
    }


@case(q=(4, 3), k=(4, 3), bias=7)
class relative_position_scores:
    def forward(q, k, bias):
        steps = np.arange(4)[:, None] - np.arange(4) + 3
        return q @ k.T + bias[steps]

    def backward(dy, q, k, bias):
        steps = np.arange(4)[:, None] - np.arange(4) + 3
        dbias = np.zeros_like(bias)
        np.add.at(dbias, steps, dy)
        return dy @ k, dy.T @ q, dbias

    wrong = {
        "np.add.at(dbias, steps, dy) -> dbias[steps] += dy": "duplicate|overwrit|added up|last",
        "np.add.at(dbias, steps, dy) -> np.add.at(dbias, steps.T, dy)": (
            "revers|order|permut|transpos"
        ),
        "dy.T @ q -> dy @ q": TRANSPOSED,
    }


@case(x=(2, 3, 4), angle=(3, 2))
class rotary_embedding:
    def forward(x, angle):
        c, s = np.cos(angle), np.sin(angle)
        a, b = x[..., :2], x[..., 2:]
        return np.concatenate([a * c - b * s, a * s + b * c], axis=-1)

    def backward(dy, x, angle):
        c, s = np.cos(angle), np.sin(angle)
        a, b = x[..., :2], x[..., 2:]
        da, db = dy[..., :2], dy[..., 2:]
        dx = np.concatenate([da * c + db * s, -da * s + db * c], axis=-1)
        dangle = (da * (-a * s - b * c) + db * (a * c - b * s)).sum(axis=0)
        return dx, dangle

    wrong = {
        "[da * c + db * s, -da * s + db * c] -> [da * c - db * s, da * s + db * c]": (
            "forward|inverse|transpos|sign"
        ),
        "(-a * s - b * c) -> (-a * s + b * c)": "sign|branch|term",
        "dangle = (da * (-a * s - b * c) + db * (a * c - b * s)).sum(axis=0) -> "
        "dangle = (da * (-a * s - b * c) + db * (a * c - b * s)).mean(axis=0)": "mean|0.5|1/m",
    }


@case(x=(5, 3), gate=(3, 2), experts=(2, 3, 2))
class mixture_of_experts:
    def forward(x, gate, experts):
        p = softmax(x @ gate)
        return np.einsum("ne,ni,eio->no", p, x, experts)

    def backward(dy, x, gate, experts):
        p = softmax(x @ gate)
        dp = np.einsum("no,ni,eio->ne", dy, x, experts)
        ds = softmax_backward(dp, p)
        dx = np.einsum("ne,no,eio->ni", p, dy, experts) + ds @ gate.T
        return dx, x.T @ ds, np.einsum("ne,ni,no->eio", p, x, dy)

    wrong = {
        " + ds @ gate.T -> ": "term|missing|part",
        "softmax_backward(dp, p) -> dp": "sums? to zero|derivative|held",
        '"ne,ni,no->eio", p, -> "ne,ni,no->eio", np.ones_like(p),': "missing|gate|factor",
    }


@case(q=(4, 3), memory=(6, 3), temperature=())
class memory_lookup:
    def forward(q, memory, temperature):
        return softmax(q @ memory.T * temperature) @ memory

    def backward(dy, q, memory, temperature):
        s = q @ memory.T
        p = softmax(s * temperature)
        ds = softmax_backward(dy @ memory.T, p)
        dmemory = p.T @ dy + temperature * ds.T @ q
        return temperature * ds @ memory, dmemory, (ds * s).sum()

    wrong = {
        "dmemory = p.T @ dy + temperature * ds.T @ q -> dmemory = p.T @ dy": (
            "term|missing|only|part|last use"
        ),
        "return temperature * ds @ memory -> return ds @ memory": "factor",
        "(ds * s).sum() -> (ds * s).mean()": "factor|mean",
    }
