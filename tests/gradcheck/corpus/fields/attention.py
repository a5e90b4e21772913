"""Attention in its forms."""

import numpy as np

from ..case import case
from ..words import DIAGONAL, MASK, OTHER_ARRAY, TRANSPOSED, factor


def softmax(s):
    e = np.exp(s)
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dp, p):
    return p * (dp - (dp * p).sum(axis=-1, keepdims=True))


@case(q=(4, 3), k=(5, 3), v=(5, 2))
class dot_product_attention:
    def forward(q, k, v):
        return softmax(q @ k.T / np.sqrt(3)) @ v

    def backward(dy, q, k, v):
        p = softmax(q @ k.T / np.sqrt(3))
        ds = softmax_backward(dy @ v.T, p) / np.sqrt(3)
        return ds @ k, ds.T @ q, p.T @ dy

    wrong = {
        "softmax_backward(dy @ v.T, p) / np.sqrt(3) -> softmax_backward(dy @ v.T, p)": (
            factor(3**0.5)
        ),
        "softmax_backward(dy @ v.T, p) / np -> (dy @ v.T) * p * (1 - p) / np": DIAGONAL,
        "softmax_backward(dy @ v.T, p) / np -> (dy @ v.T) * p / np": DIAGONAL,
        "p.T @ dy -> -p.T @ dy": "sign",
    }


@case(x=(4, 3), wq=(3, 3), wk=(3, 3), wv=(3, 3))
class self_attention:
    def forward(x, wq, wk, wv):
        return softmax((x @ wq) @ (x @ wk).T) @ (x @ wv)

    def backward(dy, x, wq, wk, wv):
        q, k, v = x @ wq, x @ wk, x @ wv
        p = softmax(q @ k.T)
        ds = softmax_backward(dy @ v.T, p)
        dq, dk, dv = ds @ k, ds.T @ q, p.T @ dy
        dx = dq @ wq.T + dk @ wk.T + dv @ wv.T
        return dx, x.T @ dq, x.T @ dk, x.T @ dv

    wrong = {
        "dk @ wk.T + dv -> dv": "term|missing|part",
        "x.T @ dq, x.T @ dk -> x.T @ dk, x.T @ dq": OTHER_ARRAY,
        "dv @ wv.T -> dv @ wv": TRANSPOSED,
        "ds.T @ q, p.T -> ds @ q, p.T": TRANSPOSED,
        "p.T @ dy -> p @ dy": TRANSPOSED,
    }


@case(q=(4, 3), k=(4, 3), v=(4, 2))
class causal_attention:
    def forward(q, k, v):
        s = np.where(np.tri(4) > 0, q @ k.T, -1e9)
        return softmax(s) @ v

    def backward(dy, q, k, v):
        p = softmax(np.where(np.tri(4) > 0, q @ k.T, -1e9))
        ds = softmax_backward(dy @ v.T, p)
        return ds @ k, ds.T @ q, p.T @ dy

    wrong = {
        "p = softmax(np.where(np.tri(4) > 0, q @ k.T, -1e9)) -> p = softmax(q @ k.T)": (
            MASK + "|row"
        ),
        "ds.T @ q -> ds @ q": TRANSPOSED,
        "np.tri(4) > 0, -> np.tri(4).T > 0,": MASK + "|transpos|row",
    }


@case(q=(2, 3, 4), k=(2, 3, 4), v=(2, 3, 4), wo=(4, 4))
class two_heads:
    def forward(q, k, v, wo):
        qh, kh, vh = (a.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3) for a in (q, k, v))
        heads = softmax(qh @ kh.swapaxes(2, 3)) @ vh
        return heads.transpose(0, 2, 1, 3).reshape(2, 3, 4) @ wo

    def backward(dy, q, k, v, wo):
        qh, kh, vh = (a.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3) for a in (q, k, v))
        p = softmax(qh @ kh.swapaxes(2, 3))
        joined = (p @ vh).transpose(0, 2, 1, 3).reshape(2, 3, 4)
        dwo = np.einsum("ntc,nto->co", joined, dy)
        dheads = (dy @ wo.T).reshape(2, 3, 2, 2).transpose(0, 2, 1, 3)
        ds = softmax_backward(dheads @ vh.swapaxes(2, 3), p)
        parts = ds @ kh, ds.swapaxes(2, 3) @ qh, p.swapaxes(2, 3) @ dheads
        dq, dk, dv = (a.transpose(0, 2, 1, 3).reshape(2, 3, 4) for a in parts)
        return dq, dk, dv, dwo

    wrong = {
        "a.transpose(0, 2, 1, 3).reshape(2, 3, 4) for a in parts -> "
        "a.reshape(2, 3, 4) for a in parts": ("permut|order|transpos|axes"),
        "(dy @ wo.T).reshape(2, 3, 2, 2).transpose(0, 2, 1, 3) -> "
        "(dy @ wo.T).reshape(2, 2, 3, 2)": ("permut|order|transpos|axes"),
        "(dy @ wo.T) -> (dy @ wo)": TRANSPOSED,
        "return dq, dk, dv -> return dk, dq, dv": OTHER_ARRAY,
    }


@case(q=(4, 3), k=(4, 3), v=(4, 3))
class linear_attention:
    def forward(q, k, v):
        return np.exp(q) @ (np.exp(k).T @ v)

    def backward(dy, q, k, v):
        fq, fk = np.exp(q), np.exp(k)
        dfq = dy @ (fk.T @ v).T
        dkv = fq.T @ dy
        return dfq * fq, (v @ dkv.T) * fk, fk @ dkv

    wrong = {
        "dfq * fq, -> dfq,": "derivative|missing|factor|input|times",
        "(v @ dkv.T) * fk -> (v @ dkv) * fk": TRANSPOSED,
        "dfq = dy @ (fk.T @ v).T -> dfq = dy @ (fk.T @ v)": TRANSPOSED,
    }


@case(h=(5, 3), w=(3, 4), u=4)
class additive_pooling:
    """One weight per row, from a small network; the output is their mean so weighted."""

    def forward(h, w, u):
        return softmax(np.tanh(h @ w) @ u) @ h

    def backward(dy, h, w, u):
        t = np.tanh(h @ w)
        p = softmax(t @ u)
        ds = softmax_backward(h @ dy, p)
        dz = np.outer(ds, u) * (1 - t**2)
        return np.outer(p, dy) + dz @ w.T, h.T @ dz, t.T @ ds

    wrong = {
        "np.outer(p, dy) + dz @ w.T, -> np.outer(p, dy),": "term|missing|part",
        "np.outer(p, dy) + dz @ w.T, -> dz @ w.T,": "term|missing|part",
        "softmax_backward(h @ dy, p) -> p * (h @ dy)": DIAGONAL,
        "(1 - t**2) -> t * (1 - t)": "derivative",
    }
