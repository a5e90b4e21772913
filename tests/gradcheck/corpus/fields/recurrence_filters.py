"""Filters, sums, products and maps in time."""

import numpy as np

from ..case import case
from ..draws import probability, uniform
from ..words import IN_TIME, SIGN, TRANSPOSED, ZERO


@case(x=(6, 3), decay=probability(3))
class exponential_average:
    def forward(x, decay):
        s, out = np.zeros(3), []
        for xt in x:
            s = decay * s + (1 - decay) * xt
            out.append(s)
        return np.stack(out)

    def backward(dy, x, decay):
        states = [np.zeros(3)]
        for xt in x:
            states.append(decay * states[-1] + (1 - decay) * xt)
        dx, ddecay, ds = np.zeros_like(x), np.zeros(3), np.zeros(3)
        for t in reversed(range(6)):
            ds = ds + dy[t]
            dx[t] = (1 - decay) * ds
            ddecay += ds * (states[t] - x[t])
            ds = decay * ds
        return dx, ddecay

    wrong = {
        "ds = ds + dy[t] -> ds = dy[t]": IN_TIME,
        "(1 - decay) * ds -> decay * ds": "column|scaled|exchanged|1 - |factor",
        "(states[t] - x[t]) -> states[t]": "term|branch|missing|minus",
        "ds = decay * ds -> ds = ds": IN_TIME,
    }


@case(x=(5, 3))
class running_sum:
    def forward(x):
        return x.cumsum(axis=0)

    def backward(dy, x):
        return dy[::-1].cumsum(axis=0)[::-1].copy()

    wrong = {
        "dy[::-1].cumsum(axis=0)[::-1] -> dy.cumsum(axis=0)": IN_TIME + "|revers|direction|order",
        "dy[::-1].cumsum(axis=0)[::-1] -> dy": IN_TIME + "|dx = dy",
        ".cumsum(axis=0)[::-1] -> .cumsum(axis=1)[::-1]": "axis",
    }


@case(x=uniform(0.5, 1.5, 5, 3))
class running_product:
    def forward(x):
        return x.cumprod(axis=0)

    def backward(dy, x):
        y = x.cumprod(axis=0)
        return (dy * y)[::-1].cumsum(axis=0)[::-1] / x

    wrong = {
        "(dy * y)[::-1].cumsum(axis=0)[::-1] / x -> dy * y / x": IN_TIME,
        "[::-1] / x -> [::-1]": "divi|factor|input|times x|missing",
        "(dy * y)[::-1].cumsum(axis=0)[::-1] -> (dy * y).cumsum(axis=0)": IN_TIME
        + "|revers|direction",
    }


@case(x=(5, 2), a=(2, 2), b=(2, 2), c=(2, 2))
class linear_state_space:
    def forward(x, a, b, c):
        s, out = np.zeros(2), []
        for xt in x:
            s = a @ s + b @ xt
            out.append(c @ s)
        return np.stack(out)

    def backward(dy, x, a, b, c):
        states = [np.zeros(2)]
        for xt in x:
            states.append(a @ states[-1] + b @ xt)
        dx, da, db, dc = np.zeros_like(x), np.zeros_like(a), np.zeros_like(b), np.zeros_like(c)
        ds = np.zeros(2)
        for t in reversed(range(5)):
            dc += np.outer(dy[t], states[t + 1])
            ds = ds + c.T @ dy[t]
            da += np.outer(ds, states[t])
            db += np.outer(ds, x[t])
            dx[t] = b.T @ ds
            ds = a.T @ ds
        return dx, da, db, dc

    wrong = {
        "ds = a.T @ ds -> ds = a @ ds": TRANSPOSED + "|in time|right at",
        "db += np.outer(ds, x[t]) -> db += np.outer(x[t], ds)": TRANSPOSED,
        "ds = ds + c.T @ dy[t] -> ds = c.T @ dy[t]": IN_TIME,
        "da += np.outer(ds, states[t]) -> da = np.outer(ds, states[t])": (
            "overwrit|only|last|analytic = 0"
        ),
        "dx[t] = b.T @ ds -> dx[t] = b @ ds": TRANSPOSED,
    }


@case(h0=(3, 2), w=(2, 2))
class repeated_map:
    def forward(h0, w):
        h = h0
        for _ in range(4):
            h = np.tanh(h @ w)
        return h

    def backward(dy, h0, w):
        states = [h0]
        for _ in range(4):
            states.append(np.tanh(states[-1] @ w))
        dw, dh = np.zeros_like(w), dy
        for before, after in zip(states[-2::-1], states[:0:-1]):
            dz = dh * (1 - after**2)
            dw += before.T @ dz
            dh = dz @ w.T
        return dh, dw

    wrong = {
        "dw += before.T @ dz -> dw = before.T @ dz": "overwrit|only|last|first",
        "dh = dz @ w.T -> dh = dz @ w": TRANSPOSED,
        "(1 - after**2) -> (1 - before**2)": "derivative|input",
        "states[-2::-1], states[:0:-1] -> states[-2:0:-1], states[:1:-1]": "loop|turn|step",
    }


@case(x=(4, 3, 2), w=(2, 2), v=(2, 2))
class bidirectional:
    """Sums in both directions of time, two outputs."""

    def forward(x, w, v):
        ahead = np.cumsum(np.tanh(x @ w), axis=0)
        back = np.cumsum(np.tanh(x @ v)[::-1], axis=0)[::-1]
        return ahead, back

    def backward(dy, x, w, v):
        dahead, dback = dy
        dza = np.cumsum(dahead[::-1], axis=0)[::-1] * (1 - np.tanh(x @ w) ** 2)
        dzb = np.cumsum(dback, axis=0) * (1 - np.tanh(x @ v) ** 2)
        dw = np.einsum("tni,tnj->ij", x, dza)
        dv = np.einsum("tni,tnj->ij", x, dzb)
        return dza @ w.T + dzb @ v.T, dw, dv

    wrong = {
        "dza @ w.T + dzb @ v.T, dw, dv -> dza @ w.T + dzb @ v.T, dv, dw": (
            "belongs|swapped|exchanged"
        ),
        "dza @ w.T + dzb @ v.T -> dza @ w.T": "missing|term|part",
        "np.cumsum(dback, axis=0) -> np.cumsum(dback[::-1], axis=0)[::-1]": (
            "revers|time|direction"
        ),
        "dw = np -> dw = -np": SIGN,
    }


@case(y0=3, k=probability(3))
class logistic_map:
    def forward(y0, k):
        y, out = 1 / (1 + np.exp(-y0)), []
        for _ in range(4):
            y = 3 * k * y * (1 - y)
            out.append(y)
        return np.stack(out)

    def backward(dy, y0, k):
        start = 1 / (1 + np.exp(-y0))
        states = [start]
        for _ in range(4):
            states.append(3 * k * states[-1] * (1 - states[-1]))
        ds, dk = np.zeros(3), np.zeros(3)
        for t in reversed(range(4)):
            ds = ds + dy[t]
            dk += ds * 3 * states[t] * (1 - states[t])
            ds = ds * 3 * k * (1 - 2 * states[t])
        return ds * start * (1 - start), dk

    wrong = {
        "return ds * start * (1 - start) -> return ds": "derivative|sigmoid|missing",
        "(1 - 2 * states[t]) -> (1 - states[t])": "branch|time|product",
        "dk += ds * 3 -> dk = ds * 3": "overwrit|only|last|first",
    }


@case(x=(2, 6), w=3)
class causal_filter:
    def forward(x, w):
        y = np.zeros(x.shape, dtype=np.result_type(x, w))
        for k in range(3):
            y[:, k:] += w[k] * x[:, : 6 - k]
        return y

    def backward(dy, x, w):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for k in range(3):
            dx[:, : 6 - k] += w[k] * dy[:, k:]
            dw[k] = (x[:, : 6 - k] * dy[:, k:]).sum()
        return dx, dw

    wrong = {
        "dx[:, : 6 - k] += w[k] * dy[:, k:] -> dx[:, k:] += w[k] * dy[:, : 6 - k]": (
            "revers|direction|flip|shift|time"
        ),
        "dw[k] = (x -> dw[0] = (x": ZERO + "|only|row|element|elsewhere",
        "dx[:, : 6 - k] += -> dx[:, : 6 - k] = ": "overwrit|overlap|column|wrong at|right at",
    }
