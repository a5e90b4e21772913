"""Recurrences in time: inputs of shape (time, examples, features)."""

import numpy as np

from ..case import case
from ..words import GATES, IN_TIME, TRANSPOSED, factor


@case(x=(4, 3, 2), wx=(2, 3), wh=(3, 3), b=3)
class elman_network:
    def forward(x, wx, wh, b):
        h = np.zeros((3, 3))
        states = []
        for xt in x:
            h = np.tanh(xt @ wx + h @ wh + b)
            states.append(h)
        return np.stack(states)

    def backward(dy, x, wx, wh, b):
        states = [np.zeros((3, 3))]
        for xt in x:
            states.append(np.tanh(xt @ wx + states[-1] @ wh + b))
        dx, dwx, dwh, db = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b)
        dh = np.zeros((3, 3))
        for t in reversed(range(len(x))):
            dz = (dy[t] + dh) * (1 - states[t + 1] ** 2)
            dx[t] = dz @ wx.T
            dwx += x[t].T @ dz
            dwh += states[t].T @ dz
            db += dz.sum(axis=0)
            dh = dz @ wh.T
        return dx, dwx, dwh, db

    wrong = {
        "(dy[t] + dh) -> dy[t]": IN_TIME,
        "dh = dz @ wh.T -> dh = dh + dz @ wh.T": IN_TIME + "|twice|accumulated",
        "dwh += states[t].T @ dz -> dwh = states[t].T @ dz": "overwrit|only the first|only|last|=",
        "dwh += states[t].T -> dwh += states[t + 1].T": "shift|one step|output|later|index|state",
        "dh = dz @ wh.T -> dh = dz @ wh": TRANSPOSED,
        "db += dz.sum(axis=0) -> db += dz.sum(axis=0); break": (
            "loop|first turn|zero|in time|right at"
        ),
    }


@case(x=(4, 3, 2), wx=(2, 3), wh=(3, 3))
class elman_last_state:
    def forward(x, wx, wh):
        h = np.zeros((3, 3))
        for xt in x:
            h = np.tanh(xt @ wx + h @ wh)
        return h

    def backward(dy, x, wx, wh):
        states = [np.zeros((3, 3))]
        for xt in x:
            states.append(np.tanh(xt @ wx + states[-1] @ wh))
        dx, dwx, dwh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh)
        dh = dy
        for t in reversed(range(len(x))):
            dz = dh * (1 - states[t + 1] ** 2)
            dx[t] = dz @ wx.T
            dwx += x[t].T @ dz
            dwh += states[t].T @ dz
            dh = dz @ wh.T
        return dx, dwx, dwh

    wrong = {
        "dh = dz @ wh.T -> break": "loop|first turn|zero|in time|right at|wrong at|only",
        "dz = dh * (1 - states[t + 1] ** 2) -> dz = dh": ("derivative|in time|right at|wrong at"),
        "(1 - states[t + 1] ** 2) -> (1 - states[t] ** 2)": ("shift|one step|state|derivative"),
        "dx[t] = dz @ wx.T -> dx[t] = dz @ wx.T / len(x)": factor(0.25),
    }


@case(x=(4, 2, 2), w=(2, 12), u=(3, 12), b=12)
class long_short_term_memory:
    def forward(x, w, u, b):
        h, c, out = np.zeros((2, 3)), np.zeros((2, 3)), []
        for xt in x:
            z = xt @ w + h @ u + b
            i, f, o = (1 / (1 + np.exp(-z[:, k : k + 3])) for k in (0, 3, 6))
            c = f * c + i * np.tanh(z[:, 9:])
            h = o * np.tanh(c)
            out.append(h)
        return np.stack(out)

    def backward(dy, x, w, u, b):
        h, c, steps = np.zeros((2, 3)), np.zeros((2, 3)), []
        for xt in x:
            z = xt @ w + h @ u + b
            i, f, o = (1 / (1 + np.exp(-z[:, k : k + 3])) for k in (0, 3, 6))
            g, c0, h0 = np.tanh(z[:, 9:]), c, h
            c = f * c0 + i * g
            h = o * np.tanh(c)
            steps.append((i, f, o, g, c0, c, h0))
        dx, dw, du, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
        dh, dc = np.zeros((2, 3)), np.zeros((2, 3))
        for t in reversed(range(len(x))):
            i, f, o, g, c0, c, h0 = steps[t]
            dh = dh + dy[t]
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            di, df, do, dg = dc * g, dc * c0, dh * np.tanh(c), dc * i
            dz = np.concatenate(
                [di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], axis=1
            )
            dx[t] = dz @ w.T
            dw += x[t].T @ dz
            du += h0.T @ dz
            db += dz.sum(axis=0)
            dh, dc = dz @ u.T, dc * f
        return dx, dw, du, db

    wrong = {
        "dh, dc = dz @ u.T, dc * f -> dh, dc = dz @ u.T, 0 * dc": IN_TIME,
        "dh, dc = dz @ u.T, dc * f -> dh, dc = 0 * dh, dc * f": IN_TIME,
        "[di * i * (1 - i), df * f * (1 - f) -> [df * f * (1 - f), di * i * (1 - i)": GATES,
        "dh * o * (1 - np.tanh(c) ** 2) -> dh * o": "derivative|right at|wrong at|column",
        "dh, dc = dz @ u.T, dc * f -> dh, dc = dz @ u.T, dc * i": GATES
        + "|in time|right at|is read for",
        "dc = dc + dh * o -> dc = dh * o": IN_TIME,
    }


@case(x=(4, 2, 2), w=(2, 9), u=(3, 9))
class gated_recurrent_unit:
    def forward(x, w, u):
        h, out = np.zeros((2, 3)), []
        for xt in x:
            a = xt @ w
            r = 1 / (1 + np.exp(-(a[:, :3] + h @ u[:, :3])))
            z = 1 / (1 + np.exp(-(a[:, 3:6] + h @ u[:, 3:6])))
            n = np.tanh(a[:, 6:] + (r * h) @ u[:, 6:])
            h = (1 - z) * n + z * h
            out.append(h)
        return np.stack(out)

    def backward(dy, x, w, u):
        h, steps = np.zeros((2, 3)), []
        for xt in x:
            a = xt @ w
            r = 1 / (1 + np.exp(-(a[:, :3] + h @ u[:, :3])))
            z = 1 / (1 + np.exp(-(a[:, 3:6] + h @ u[:, 3:6])))
            n = np.tanh(a[:, 6:] + (r * h) @ u[:, 6:])
            steps.append((r, z, n, h))
            h = (1 - z) * n + z * h
        dx, dw, du, dh = np.zeros_like(x), np.zeros_like(w), np.zeros_like(u), np.zeros((2, 3))
        for t in reversed(range(len(x))):
            r, z, n, h = steps[t]
            dh = dh + dy[t]
            dn = dh * (1 - z) * (1 - n**2)
            dz = dh * (h - n) * z * (1 - z)
            drh = dn @ u[:, 6:].T
            dr = drh * h * r * (1 - r)
            da = np.concatenate([dr, dz, dn], axis=1)
            dx[t] = da @ w.T
            dw += x[t].T @ da
            du += np.concatenate([h.T @ dr, h.T @ dz, (r * h).T @ dn], axis=1)
            dh = dh * z + drh * r + dr @ u[:, :3].T + dz @ u[:, 3:6].T
        return dx, dw, du

    wrong = {
        "dh = dh * z + drh * r + dr -> dh = drh * r + dr": IN_TIME,
        "dh * (1 - z) * (1 - n**2) -> dh * z * (1 - n**2)": GATES + "|1 - |column|right",
        "dh * (h - n) * z -> dh * (n - h) * z": "sign|column",
        "(r * h).T @ dn -> h.T @ dn": "gate|column|right at|missing|is read for",
        "np.concatenate([dr, dz, dn], axis=1) -> np.concatenate([dz, dr, dn], axis=1)": GATES,
    }
