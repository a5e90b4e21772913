"""Spectra, filters, interpolation and envelopes."""

import numpy as np

from ..case import case
from ..draws import positive, uniform
from ..words import BRANCH, SIGN, factor


@case(x=(2, 8))
class power_spectrum:
    def forward(x):
        spectrum = np.fft.rfft(x)
        return spectrum.real**2 + spectrum.imag**2

    def backward(dy, x):
        spectrum = np.zeros((2, 8), dtype=complex)
        spectrum[:, :5] = dy * np.fft.rfft(x)
        return 2 * 8 * np.fft.ifft(spectrum).real

    wrong = {
        "2 * 8 * np -> 2 * np": factor(1 / 8),
        "2 * 8 * np -> 8 * np": factor(0.5),
        "dy * np.fft.rfft(x) -> dy * np.fft.rfft(x).real": "term|branch|imaginary|missing",
    }


@case(x=(3, 8))
class cosine_transform:
    def forward(x):
        n = np.arange(8)
        return x @ np.cos(np.pi / 8 * np.outer(n + 0.5, n))

    def backward(dy, x):
        n = np.arange(8)
        return dy @ np.cos(np.pi / 8 * np.outer(n + 0.5, n)).T

    wrong = {
        "n)).T -> n))": "transpos",
        "np.outer(n + 0.5, n) -> np.outer(n, n)": "transform|index|offset|shift",
        "return dy @ np.cos -> return dy / 8 @ np.cos": factor(1 / 8) + "|mean",
    }


@case(a=(2, 6), b=(2, 6))
class circular_convolution:
    def forward(a, b):
        index = (np.arange(6)[:, None] - np.arange(6)) % 6
        return np.einsum("nj,nij->ni", a, b[:, index])

    def backward(dy, a, b):
        index = (np.arange(6)[:, None] - np.arange(6)) % 6
        da = np.einsum("ni,nij->nj", dy, b[:, index])
        db = np.einsum("ni,nij->nj", dy, a[:, index])
        return da, db

    wrong = {
        "da = np.einsum -> da = -np.einsum": SIGN,
        'da = np.einsum("ni,nij->nj" -> da = np.einsum("nj,nij->ni"': "transpos|revers|flip",
        "dy, a[:, index]) -> dy, a[:, index.T])": "transpos|revers|flip|index",
    }


@case(y=(6,), t=uniform(0.1, 4.9, 7))
class linear_interpolation:
    def forward(y, t):
        k = np.floor(t.real).astype(int)
        return y[k] + (t - k) * (y[k + 1] - y[k])

    def backward(dout, y, t):
        k = np.floor(t).astype(int)
        f = t - k
        dy = np.zeros_like(y)
        np.add.at(dy, k, dout * (1 - f))
        np.add.at(dy, k + 1, dout * f)
        return dy, dout * (y[k + 1] - y[k])

    wrong = {
        "np.add.at(dy, k, dout * (1 - f)) -> dy[k] += dout * (1 - f)": "duplicate|overwrit|last",
        "dout * (1 - f) -> dout": BRANCH,
        "dout * (y[k + 1] - y[k]) -> dout * (y[k] - y[k + 1])": SIGN,
    }


@case(x=(2, 7), alpha=uniform(0.2, 0.8))
class recursive_filter:
    def forward(x, alpha):
        y, out = 0 * x[:, 0], []
        for t in range(7):
            y = alpha * y + x[:, t]
            out.append(y)
        return np.stack(out, axis=1)

    def backward(dy, x, alpha):
        y, states = 0 * x[:, 0], []
        for t in range(7):
            states.append(y)
            y = alpha * y + x[:, t]
        dx, dalpha, ds = np.zeros_like(x), 0.0, 0 * y
        for t in reversed(range(7)):
            ds = ds + dy[:, t]
            dx[:, t] = ds
            dalpha = dalpha + (ds * states[t]).sum()
            ds = alpha * ds
        return dx, dalpha

    wrong = {
        "ds = alpha * ds -> ds = 0 * ds": "in time|wrong at|right at|column|dx = dy",
        "dalpha = dalpha + -> dalpha =": "overwrit|only|last|zero|analytic = 0",
        "ds = alpha * ds -> ds = alpha * ds; break": "loop|first turn|column|wrong at|right at",
    }


@case(x=positive(3, 6))
class decibels:
    def forward(x):
        return 20 * np.log10(x)

    def backward(dy, x):
        return 20 / np.log(10) * dy / x

    wrong = {
        "20 / np.log(10) * dy / x -> 20 * dy / x": factor(np.log(10)),
        "20 / np.log(10) * dy / x -> 10 / np.log(10) * dy / x": factor(0.5),
        "20 / np.log(10) * dy / x -> 20 / np.log(10) * dy * x": (
            "input|division|product|instead|square"
        ),
    }


@case(amplitude=3, frequency=3, phase=3)
class sum_of_sines:
    def forward(amplitude, frequency, phase):
        t = np.arange(9) / 9
        return amplitude @ np.sin(2 * np.pi * frequency[:, None] * t + phase[:, None])

    def backward(dy, amplitude, frequency, phase):
        t = np.arange(9) / 9
        angle = 2 * np.pi * frequency[:, None] * t + phase[:, None]
        slope = amplitude[:, None] * np.cos(angle) * dy
        return np.sin(angle) @ dy, 2 * np.pi * (slope * t).sum(axis=1), slope.sum(axis=1)

    wrong = {
        "2 * np.pi * (slope * t) -> (slope * t)": factor(1 / (2 * np.pi)),
        "np.cos(angle) * dy -> -np.cos(angle) * dy": SIGN,
        "slope = amplitude[:, None] * -> slope =": "scaled|row|own|factor|element|missing",
    }


@case(x=(2, 8), window=positive(4))
class windowed_energy:
    def forward(x, window):
        frames = np.stack([x[:, k : k + 4] for k in (0, 2, 4)], axis=1)
        return ((frames * window) ** 2).sum(axis=2)

    def backward(dy, x, window):
        dx, dw = np.zeros_like(x), np.zeros_like(window)
        for n, k in enumerate((0, 2, 4)):
            frame = x[:, k : k + 4]
            dx[:, k : k + 4] += 2 * dy[:, n, None] * frame * window**2
            dw += (2 * dy[:, n, None] * frame**2 * window).sum(axis=0)
        return dx, dw

    wrong = {
        "dx[:, k : k + 4] += -> dx[:, k : k + 4] =": "overlap|overwrit|column|wrong at|last",
        "dw += (2 -> dw = (2": "overwrit|only|last|part",
        "frame * window**2 -> frame * window": "column|window|factor|squared|scaled|missing",
    }
