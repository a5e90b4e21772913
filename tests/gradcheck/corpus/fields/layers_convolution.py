"""Convolutions, pooling and other layers of images."""

import numpy as np

from ..case import case
from ..draws import integers
from ..words import AXIS, DUPLICATES, FLIPPED, MASK, MEAN, OVERLAP, ROWS, ZERO, factor


@case(x=(2, 9), w=3)
class convolution_1d:
    def forward(x, w):
        return sum(w[k] * x[:, k : k + 7] for k in range(3))

    def backward(dy, x, w):
        dx = np.zeros_like(x)
        for k in range(3):
            dx[:, k : k + 7] += w[k] * dy
        dw = np.array([(dy * x[:, k : k + 7]).sum() for k in range(3)])
        return dx, dw

    wrong = {
        "] += w[k] * dy -> ] = w[k] * dy": OVERLAP,
        "] += w[k] * dy -> ] += w[2 - k] * dy": FLIPPED + "|exchanged",
        "k : k + 7]).sum() -> k : k + 7]).mean()": factor(1 / 14) + "|" + MEAN,
    }


@case(x=(2, 3, 6, 6), w=(4, 3, 3, 3), b=4)
class convolution_2d:
    def forward(x, w, b):
        y = np.zeros((2, 4, 4, 4), dtype=np.result_type(x, w))
        for i in range(3):
            for j in range(3):
                patch = x[:, :, i : i + 4, j : j + 4]
                y = y + np.einsum("nchw,oc->nohw", patch, w[:, :, i, j])
        return y + b[:, None, None]

    def backward(dy, x, w, b):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for i in range(3):
            for j in range(3):
                patch = x[:, :, i : i + 4, j : j + 4]
                dw[:, :, i, j] = np.einsum("nohw,nchw->oc", dy, patch)
                dx[:, :, i : i + 4, j : j + 4] += np.einsum("nohw,oc->nchw", dy, w[:, :, i, j])
        return dx, dw, dy.sum(axis=(0, 2, 3))

    wrong = {
        "dy.sum(axis=(0, 2, 3)) -> dy[:, :, 0, 0].sum(axis=0)": AXIS + "|part|only|left out",
        "j : j + 4] += np -> j : j + 4] = np": OVERLAP,
        "dy, w[:, :, i, j] -> dy, w[:, :, 2 - i, 2 - j]": FLIPPED,
        "dw[:, :, i, j] = np -> dw[:, :, j, i] = np": FLIPPED + "|transpos",
    }


@case(x=(2, 2, 8), w=(2, 3))
class depthwise_convolution:
    def forward(x, w):
        return sum(w[:, k, None] * x[:, :, k : k + 6] for k in range(3))

    def backward(dy, x, w):
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for k in range(3):
            dx[:, :, k : k + 6] += w[:, k, None] * dy
            dw[:, k] = (dy * x[:, :, k : k + 6]).sum(axis=(0, 2))
        return dx, dw

    wrong = {
        "range(3) -> range(2)": ROWS + "|" + ZERO,
        "dw[:, k] = (dy * x[:, :, k : k + 6]) -> dw[:, k] = (dy * x[:, :, :6])": ROWS + "|shift",
        "+= w[:, k, None] * dy -> += w[::-1, k, None] * dy": FLIPPED + "|permut|" + ROWS,
    }


@case(x=(1, 2, 6, 6), w=(3, 2, 3, 3))
class strided_convolution:
    def forward(x, w):
        patches = np.stack(
            [x[:, :, i : i + 4 : 2, j : j + 4 : 2] for i in range(3) for j in range(3)], axis=2
        )
        return np.einsum("ncphw,ocp->nohw", patches, w.reshape(3, 2, 9))

    def backward(dy, x, w):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for i in range(3):
            for j in range(3):
                dw[:, :, i, j] = np.einsum(
                    "nohw,nchw->oc", dy, x[:, :, i : i + 4 : 2, j : j + 4 : 2]
                )
                back = np.einsum("nohw,oc->nchw", dy, w[:, :, i, j])
                dx[:, :, i : i + 4 : 2, j : j + 4 : 2] += back
        return dx, dw

    wrong = {
        "j : j + 4 : 2] += back -> j : j + 4 : 2] = back": OVERLAP,
        "dx[:, :, i : i + 4 : 2, j : j + 4 : 2] += back -> "
        "dx[:, :, i : i + 2, j : j + 2] += back": (ROWS + "|index|where|stride"),
    }


@case(x=(2, 2, 4, 4))
class max_pooling:
    def forward(x):
        return x.reshape(2, 2, 2, 2, 2, 2).max(axis=(3, 5))

    def backward(dy, x):
        blocks = x.reshape(2, 2, 2, 2, 2, 2)
        mask = blocks == blocks.max(axis=(3, 5), keepdims=True)
        return (mask * dy[:, :, :, None, :, None]).reshape(x.shape)

    wrong = {
        "(mask * dy -> (0.25 * np.ones_like(blocks) * dy": MASK + "|factor",
        "(mask * dy -> (~mask * dy": MASK,
        "return (mask -> return (2 * mask": factor(2),
    }


@case(x=(2, 2, 4, 4))
class average_pooling:
    def forward(x):
        return x.reshape(2, 2, 2, 2, 2, 2).mean(axis=(3, 5))

    def backward(dy, x):
        return np.repeat(np.repeat(dy, 2, axis=2), 2, axis=3) / 4

    wrong = {
        "axis=3) / 4 -> axis=3)": factor(4) + "|mean",
        "axis=3) / 4 -> axis=3) / 2": factor(2),
        "np.repeat(np.repeat(dy, 2, axis=2), 2, axis=3) -> np.tile(dy, (1, 1, 2, 2))": (
            "permut|order|elsewhere|tile|repeat"
        ),
    }


@case(x=(2, 9))
class overlapping_max_pooling:
    def forward(x):
        return np.stack([x[:, 2 * k : 2 * k + 3].max(axis=1) for k in range(4)], axis=1)

    def backward(dy, x):
        dx = np.zeros_like(x)
        for k in range(4):
            where = 2 * k + x[:, 2 * k : 2 * k + 3].argmax(axis=1)
            dx[np.arange(2), where] += dy[:, k]
        return dx

    wrong = {
        "where = 2 * k + x -> where = x": MASK + "|another|index",
        "argmax -> argmin": MASK,
        "+= dy[:, k] -> += dy[:, k] * x[np.arange(2), where]": (
            "factor|times|product|dy \\* x|input"
        ),
    }


@case(x=(2, 3, 3, 3))
class global_average_pooling:
    def forward(x):
        return x.mean(axis=(2, 3))

    def backward(dy, x):
        return np.broadcast_to(dy[:, :, None, None] / 9, x.shape).copy()

    wrong = {
        "/ 9 -> / 27": factor(1 / 3),
        "dy[:, :, None, None] / 9 -> dy[::-1, :, None, None] / 9": "permut|order|reverse|shift",
    }


@case(x=(2, 4, 5))
class zero_padding:
    def forward(x):
        return np.pad(x, ((0, 0), (1, 1), (2, 2)))

    def backward(dy, x):
        return dy[:, 1:-1, 2:-2].copy()

    wrong = {
        "dy[:, 1:-1, 2:-2] -> dy[:, :-2, 2:-2]": "shift|permut|off by|another|of dy|elsewhere",
        "dy[:, 1:-1, 2:-2] -> dy[:, 1:-1, 2:-2].mean() + 0 * x": "equal|mean",
        "dy[:, 1:-1, 2:-2] -> dy[:, 1:-1, 2:-2] * x": "input|dy \\* x|times x|factor of x",
    }


@case(x=(2, 2, 3, 3))
class nearest_upsampling:
    def forward(x):
        return x.repeat(2, axis=2).repeat(2, axis=3)

    def backward(dy, x):
        return dy.reshape(2, 2, 3, 2, 3, 2).sum(axis=(3, 5))

    wrong = {
        ".sum(axis=(3, 5)) -> .mean(axis=(3, 5))": factor(0.25) + "|mean",
        "sum(axis=(3, 5)) -> max(axis=(3, 5))": "largest|linear in the incoming",
        ".sum(axis=(3, 5)) -> [:, :, :, 0, :, 0]": "only|first|part|left out|duplicate|overwrit",
    }


@case(table=(7, 4), tokens=integers(7, 3, 5))
class embedding:
    def forward(table, tokens):
        return table[tokens]

    def backward(dy, table, tokens):
        dtable = np.zeros_like(table)
        np.add.at(dtable, tokens, dy)
        return dtable, None

    wrong = {
        "np.add.at(dtable, tokens, dy) -> dtable[tokens] += dy": DUPLICATES,
        "np.add.at(dtable, tokens, dy) -> dtable[tokens] = dy": DUPLICATES,
        "np.add.at(dtable, tokens, dy) -> np.add.at(dtable, tokens, dy / 15)": factor(1 / 15),
    }


@case(x=(3, 4), w=(6, 4), b=6, chosen=integers(6, 3))
class selected_rows:
    """The score of one class per example, as in hierarchical or sampled softmax."""

    def forward(x, w, b, chosen):
        return (x * w[chosen]).sum(axis=1) + b[chosen]

    def backward(dy, x, w, b, chosen):
        dw, db = np.zeros_like(w), np.zeros_like(b)
        np.add.at(dw, chosen, dy[:, None] * x)
        np.add.at(db, chosen, dy)
        return dy[:, None] * w[chosen], dw, db, None

    wrong = {
        "dy[:, None] * x) -> x)": "incoming gradient|dy",
        "return dy[:, None] * w[chosen] -> return dy[:, None] * w[:3]": "index|another|row|wrong",
        "np.add.at(db, chosen, dy) -> db[:3] = dy": MASK + "|index|permut|another",
    }


@case(x=(2, 4, 2, 2), w=(4, 1))
class channel_gate:
    """Squeeze and excitation: each channel is scaled by a gate made of all of them."""

    def forward(x, w):
        gate = 1 / (1 + np.exp(-x.mean(axis=(2, 3)) @ w))
        return x * gate[:, :, None, None]

    def backward(dy, x, w):
        pooled = x.mean(axis=(2, 3))
        gate = 1 / (1 + np.exp(-pooled @ w))
        dgate = (dy * x).sum(axis=(1, 2, 3))[:, None]
        dz = dgate * gate * (1 - gate)
        dx = dy * gate[:, :, None, None] + ((dz @ w.T) / 4)[:, :, None, None]
        return dx, pooled.T @ dz

    wrong = {
        "dx = dy * gate[:, :, None, None] + ((dz @ w.T) / 4) -> dx = 0 * dy + ((dz @ w.T) / 4)": (
            "missing|term"
        ),
        "dgate * gate * (1 - gate) -> dgate": "derivative|missing|factor",
        "((dz @ w.T) / 4) -> (dz @ w.T)": "constant|along|same|mean|missing",
    }
