"""Bugs in layers of pictures and sequences, as people write them, each in a right model.

Each layer is written plainly, with a right backward pass and edits of its source, "old -> new",
that make it wrong, each with the parameter that is wrong then and words that name the cause.

`python -m tests.gradcheck.sequence_and_picture_bugs` prints which are found, placed and named.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "gradcheck")]

from minidl import (  # noqa: E402
    Buffer,
    Layer,
    MeanSquaredError,
    Ones,
    Parameter,
    Sequential,
    Tanh,
    Zeros,
)
from minidl.gradcheck import GradientChecker  # noqa: E402
from minidl.initializers import Random  # noqa: E402
from tests.gradcheck.corpus.case import edited  # noqa: E402

PLACE = 1  # the number of the layer with the bug: an activation is before and after it


@dataclass(frozen=True)
class LayerBug:
    """A bug: the layer, the edit that makes it, the wrong gradient, and words of its cause."""

    layer: type
    edit: str
    parameter: str
    words: str

    def __str__(self):
        return f"{self.layer.__name__}: {self.edit}"


@dataclass(frozen=True)
class LayerOutcome:
    """What the check says: whether the bug is found, placed (and nowhere else), and named."""

    found: bool
    placed: bool
    named: bool
    says: str

    @property
    def is_unknown(self):
        """Whether the check says that it knows no cause."""
        return "unknown" in self.says


BUGS: list[LayerBug] = []
LAYERS: dict[type, Callable] = {}


def plant(layer, make, shape, wrong):
    """Register a layer, its input or the shape of it, and bugs: {(parameter, edit): words}."""
    LAYERS[layer] = make, shape
    BUGS.extend(
        LayerBug(layer, edit, parameter, words) for (parameter, edit), words in wrong.items()
    )


def report_of(layer, kind):
    """Check a model around a layer of a kind: the right one, or one that is edited."""
    make, shape = LAYERS[layer]
    made = make(kind)
    rng = np.random.default_rng(5)
    X = shape if isinstance(shape, np.ndarray) else rng.standard_normal(shape)
    place, layers = PLACE, [Tanh(), made, Tanh()]  # which leaves zeros and equal numbers so
    if made.takes_integers:
        place, layers = 0, [made, Tanh()]
    model = Sequential(layers, loss=MeanSquaredError(), seed=3, dtype=np.float64)
    Y = rng.standard_normal(model.predict(X).shape)
    return GradientChecker(model).check(X, Y), place


def examine(bug):
    """Check a model with a bug, and judge what the report says."""
    report, place = report_of(bug.layer, edited(bug.layer, bug.edit))
    wrong = [check for check in report.failures if check.term in ("layer", "protocol")]
    right_row = [c for c in wrong if c.layer == place and c.parameter == bug.parameter]
    says = right_row[0].diagnosis if right_row else str([c.location for c in wrong])
    others = {check.layer for check in wrong} - {place}
    named = "unknown" not in says and re.search(bug.words, says, re.IGNORECASE) is not None
    return LayerOutcome(bool(report.failures), bool(right_row) and not others, named, says)


class Convolution(Layer):
    """3 x 3 windows with stride 2 and one pixel of padding, by columns."""

    def __init__(self, inputs, outputs):
        self.weight = Parameter((3, 3, inputs, outputs), init=Random(0.4))
        self.bias = Parameter((outputs,), init=Random(0.4))

    def forward(self, x, *, training=False):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        h, w = (padded.shape[1] - 1) // 2, (padded.shape[2] - 1) // 2
        rows = [
            [padded[:, i : i + 2 * h : 2, j : j + 2 * w : 2] for j in range(3)] for i in range(3)
        ]
        self.columns = np.stack([np.stack(row, axis=-2) for row in rows], axis=-3)
        self.padded_shape, self.size = padded.shape, (h, w)
        return np.tensordot(self.columns, self.weight.value, axes=3) + self.bias.value

    def backward(self, dy):
        columns, (h, w) = self.columns, self.size
        self.weight.grad[...] = np.tensordot(columns, dy, axes=((0, 1, 2), (0, 1, 2)))
        self.bias.grad[...] = dy.sum(axis=(0, 1, 2))
        dx = np.zeros(self.padded_shape)
        for i in range(3):
            for j in range(3):
                dx[:, i : i + 2 * h : 2, j : j + 2 * w : 2] += dy @ self.weight.value[i, j].T
        return dx[:, 1:-1, 1:-1]


plant(
    Convolution,
    lambda kind: kind(2, 3),
    (2, 5, 5, 2),
    {
        (
            "input",
            "[:, i : i + 2 * h : 2, j : j + 2 * w : 2] += -> [:, i : i + h, j : j + w] +=",
        ): "2|stride|slice|step",
        (
            "input",
            "[:, i : i + 2 * h : 2, j : j + 2 * w : 2] += -> "
            "[:, i : i + 2 * h : 2, j : j + 2 * w : 2] =",
        ): r"\+=|add|overwrit",
        ("input", "dx[:, 1:-1, 1:-1] -> dx[:, :-2, :-2]"): "1:|slice|shift|index",
        (
            "weight",
            "np.tensordot(columns, dy, axes=((0, 1, 2), (0, 1, 2))) -> "
            "np.tensordot(columns, dy, axes=((0, 1, 2), (0, 1, 2)))[::-1, ::-1]",
        ): r"\[::-1|revers|flip|order",
        ("bias", "dy.sum(axis=(0, 1, 2)) -> dy.mean(axis=(0, 1, 2))"): "mean|sum|factor|18",
    },
)


class Pool(Layer):
    """The largest of 2 x 2 pixels."""

    def forward(self, x, *, training=False):
        m, h, w, c = x.shape
        blocks = x.reshape(m, h // 2, 2, w // 2, 2, c)
        flat = blocks.transpose(0, 1, 3, 5, 2, 4).reshape(m, h // 2, w // 2, c, 4)
        places = flat.real.argmax(axis=-1)
        one_hot = (places[..., None] == np.arange(4)).reshape(m, h // 2, w // 2, c, 2, 2)
        self.mask, self.shape = one_hot.transpose(0, 1, 4, 2, 5, 3), x.shape
        return np.take_along_axis(flat, places[..., None], axis=-1)[..., 0]

    def backward(self, dy):
        dy = dy[:, :, None, :, None]
        dx = self.mask * dy
        return dx.reshape(self.shape)


plant(
    Pool,
    lambda kind: kind(),
    (2, 4, 4, 2),
    {
        ("input", "self.mask * dy -> self.mask * dy.sum(axis=(1, 3), keepdims=True)"): "sum",
        ("input", "dy[:, :, None, :, None] -> dy[:, :, None, :, None] / 4"): "4|factor",
        ("input", "self.mask * dy -> ~self.mask * dy"): "mask|~|logical",
        ("input", "self.mask * dy -> np.ones(self.mask.shape) * dy"): "mask|ones|missing",
    },
)


class FirstOfEqual(Layer):
    """The largest of 2 pixels in a row, the first of equal ones."""

    def forward(self, x, *, training=False):
        self.pairs = x.reshape(*x.shape[:2], -1, 2, x.shape[3])
        places = self.pairs.real.argmax(axis=3, keepdims=True)
        return np.take_along_axis(self.pairs, places, axis=3)[:, :, :, 0]

    def backward(self, dy):
        places = self.pairs.argmax(axis=3)
        mask = places[:, :, :, None] == np.arange(2)[:, None]
        dx = mask * dy[:, :, :, None]
        return dx.reshape(dx.shape[0], dx.shape[1], -1, dx.shape[4])


plant(
    FirstOfEqual,
    lambda kind: kind(),
    np.random.default_rng(5).integers(-2, 3, (2, 4, 4, 2)) / 2,
    {
        (
            "input",
            "places[:, :, :, None] == np.arange(2)[:, None] -> "
            "self.pairs == self.pairs.max(axis=3, keepdims=True)",
        ): "tie|equal|largest",
        (
            "input",
            "self.pairs.argmax(axis=3) -> 1 - self.pairs[:, :, :, ::-1].argmax(axis=3)",
        ): "tie|equal|largest",
    },
)


class BatchNorm(Layer):
    """Batch normalization of pictures."""

    couples_examples = True

    def __init__(self, features):
        self.gain = Parameter((features,), init=Ones())
        self.shift = Parameter((features,), init=Zeros())
        self.mean = Buffer((features,), init=Zeros())
        self.var = Buffer((features,), init=Ones())

    def forward(self, x, *, training=False):
        self.training = training
        mean, var = self.mean.value, self.var.value
        if training:
            mean = x.mean(axis=(0, 1, 2))
            var = ((x - mean) ** 2).mean(axis=(0, 1, 2))
            self.mean.value += 0.1 * (mean - self.mean.value)
            self.var.value += 0.1 * (var - self.var.value)
        self.inverse = 1 / np.sqrt(var + 1e-5)
        self.centered = x - mean
        self.z = self.centered * self.inverse
        return self.gain.value * self.z + self.shift.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.z).sum(axis=(0, 1, 2))
        self.shift.grad[...] = dy.sum(axis=(0, 1, 2))
        g = dy * self.gain.value
        if not self.training:
            return g * self.inverse
        return (
            g - g.mean(axis=(0, 1, 2)) - self.z * (g * self.z).mean(axis=(0, 1, 2))
        ) * self.inverse


plant(
    BatchNorm,
    lambda kind: kind(3),
    (2, 2, 3, 3),
    {
        ("input", "g = dy * self.gain.value -> g = dy"): "gain",
        ("input", "- self.z * (g * self.z).mean(axis=(0, 1, 2)) -> "): "z|variance",
        ("input", "- g.mean(axis=(0, 1, 2)) -> "): "mean",
        (
            "input",
            "        ) * self.inverse ->         ) * self.inverse**2",
        ): r"inverse|\*\* ?2|square|power",
        ("input", "- g.mean(axis=(0, 1, 2)) -> - g.mean(axis=0)"): "axis",
        (
            "gain",
            "(dy * self.z).sum(axis=(0, 1, 2)) -> (dy * self.centered).sum(axis=(0, 1, 2))",
        ): "centered|self.z|inverse",
        (
            "shift",
            "self.shift.grad[...] = dy.sum(axis=(0, 1, 2)) -> "
            "self.shift.grad[...] = dy.mean(axis=(0, 1, 2))",
        ): "mean|sum|factor",
        ("input", "if not self.training: -> if True:"): "statistics|training|mean|if",
    },
)


class LayerNorm(Layer):
    """Each position normalized over its features."""

    def __init__(self, features):
        self.gain = Parameter((features,), init=Random(0.7))
        self.shift = Parameter((features,), init=Zeros())

    def forward(self, x, *, training=False):
        self.x = x
        centered = x - x.mean(axis=-1, keepdims=True)
        self.inverse = 1 / np.sqrt((centered * centered).mean(axis=-1, keepdims=True) + 1e-5)
        self.z = centered * self.inverse
        return self.gain.value * self.z + self.shift.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.z).sum(axis=(0, 1))
        self.shift.grad[...] = dy.sum(axis=(0, 1))
        g = dy * self.gain.value
        mean = self.z * (g * self.z).mean(axis=-1, keepdims=True)
        return (g - g.mean(axis=-1, keepdims=True) - mean) * self.inverse


plant(
    LayerNorm,
    lambda kind: kind(4),
    (2, 3, 4),
    {
        ("input", "g = dy * self.gain.value -> g = dy"): "gain",
        ("input", "- g.mean(axis=-1, keepdims=True) -> "): "mean",
        ("input", "- g.mean(axis=-1, keepdims=True) -> - g.mean(axis=1, keepdims=True)"): "axis",
        ("input", "keepdims=True) - mean) -> keepdims=True))"): "z|variance",
        (
            "input",
            "mean) * self.inverse -> mean) * self.inverse**2",
        ): r"inverse|\*\* ?2|square|power",
        ("input", "mean) * self.inverse -> mean)"): "inverse|var|divi|root",
        (
            "gain",
            "(dy * self.z).sum(axis=(0, 1)) -> (dy * self.x).sum(axis=(0, 1))",
        ): r"self\.[xz]|x|z",
    },
)


class Table(Layer):
    """Rows of a table."""

    takes_integers = True

    def __init__(self, size, features):
        self.table = Parameter((size, features), init=Random(0.5))

    def forward(self, x, *, training=False):
        self.tokens = x
        return self.table.value[x]

    def backward(self, dy):
        self.table.grad[...] = 0
        np.add.at(self.table.grad, self.tokens, dy)


plant(
    Table,
    lambda kind: kind(5, 3),
    np.array([[0, 4, 2], [2, 2, 1]]),
    {
        (
            "table",
            "np.add.at(self.table.grad, self.tokens, dy) -> self.table.grad[self.tokens] = dy",
        ): "add|twice|repeat|more than once|last",
        (
            "table",
            "np.add.at(self.table.grad, self.tokens, dy) -> self.table.grad[self.tokens] += dy",
        ): "add|twice|repeat|more than once|last",
    },
)


class Recurrent(Layer):
    """A simple recurrent layer."""

    def __init__(self, inputs, units):
        self.weight = Parameter((units, inputs), init=Random(0.6))
        self.recurrent = Parameter((units, units), init=Random(0.6))
        self.bias = Parameter((units,), init=Random(0.6))

    def forward(self, x, *, training=False):
        self.x, states = x, [np.zeros((len(x), len(self.bias.value)), x.dtype)]
        for t in range(x.shape[1]):
            z = x[:, t] @ self.weight.value.T + states[-1] @ self.recurrent.value.T
            states.append(np.tanh(z + self.bias.value))
        self.h = np.stack(states, axis=1)
        return self.h[:, 1:].copy()

    def backward(self, dy):
        for parameter in (self.weight, self.recurrent, self.bias):
            parameter.grad[...] = 0
        dx, dh = np.zeros(self.x.shape), 0
        for t in reversed(range(self.x.shape[1])):
            dz = (dy[:, t] + dh) * (1 - self.h[:, t + 1] ** 2)
            self.weight.grad += dz.T @ self.x[:, t]
            self.recurrent.grad += dz.T @ self.h[:, t]
            self.bias.grad += dz.sum(axis=0)
            dx[:, t] = dz @ self.weight.value
            dh = dz @ self.recurrent.value
        return dx


plant(
    Recurrent,
    lambda kind: kind(3, 4),
    (2, 4, 3),
    {
        ("input", "dh = dz @ self.recurrent.value -> dh = 0"): "carr|time|recurrent|dh",
        ("recurrent", "dh = dz @ self.recurrent.value -> dh = 0"): "carr|time|recurrent|dh",
        (
            "recurrent",
            "dz.T @ self.h[:, t] -> dz.T @ self.h[:, t + 1]",
        ): r"t \+ 1|next|state|\[:, t",
        ("input", "dz @ self.recurrent.value -> dz @ self.recurrent.value.T"): "transpos|T",
        ("input", "(1 - self.h[:, t + 1] ** 2) -> (1 - self.h[:, t] ** 2)"): r"t \+ 1|t",
        (
            "weight",
            "self.weight.grad += dz.T -> self.weight.grad[...] = dz.T",
        ): r"\+=|add|first|last",
    },
)


class Memory(Layer):
    """A layer with long short-term memory."""

    def __init__(self, inputs, units):
        self.weight = Parameter((4 * units, inputs), init=Random(0.8))
        self.recurrent = Parameter((4 * units, units), init=Random(0.8))

    def forward(self, x, *, training=False):
        self.x, self.gates = x, []
        self.h = [np.zeros((len(x), len(self.weight.value) // 4), x.dtype)]
        self.c = [self.h[0]]
        for t in range(x.shape[1]):
            z = x[:, t] @ self.weight.value.T + self.h[t] @ self.recurrent.value.T
            i, f, o, g = np.split(z, 4, axis=1)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            g = np.tanh(g)
            self.gates.append((i, f, o, g))
            self.c.append(f * self.c[t] + i * g)
            self.h.append(o * np.tanh(self.c[t + 1]))
        return np.stack(self.h[1:], axis=1)

    def backward(self, dy):
        self.weight.grad[...] = 0
        self.recurrent.grad[...] = 0
        dx, dh, dc = np.zeros(self.x.shape), 0, 0
        for t in reversed(range(self.x.shape[1])):
            i, f, o, g = self.gates[t]
            dh = dy[:, t] + dh
            do = dh * np.tanh(self.c[t + 1])
            dc = dc + dh * o * (1 - np.tanh(self.c[t + 1]) ** 2)
            di, df = dc * g, dc * self.c[t]
            dg = dc * i
            dc = dc * f
            parts = [di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g * g)]
            dz = np.concatenate(parts, axis=1)
            self.weight.grad += dz.T @ self.x[:, t]
            self.recurrent.grad += dz.T @ self.h[t]
            dx[:, t] = dz @ self.weight.value
            dh = dz @ self.recurrent.value
        return dx


plant(
    Memory,
    lambda kind: kind(2, 2),
    (2, 3, 2),
    {
        ("input", "dc = dc * f -> dc = dc * i"): r"\bf\b|\bi\b|gate",
        (
            "input",
            "di, df = dc * g, dc * self.c[t] -> df, di = dc * g, dc * self.c[t]",
        ): "exchang|swap|d[if]",
        ("input", "(1 - np.tanh(self.c[t + 1]) ** 2) -> 1"): "tanh|derivative",
        ("input", "dg * (1 - g * g)] -> dg * g * (1 - g)]"): r"g",
        ("input", "dh = dz @ self.recurrent.value -> dh = 0"): "carr|time|recurrent|dh",
        ("weight", "dc = dc * f -> dc = dc"): r"\bf\b|gate|missing|factor",
    },
)


class Gated(Layer):
    """A gated recurrent unit, whose reset gate is applied after the product with the state."""

    def __init__(self, inputs, units):
        self.weight = Parameter((3 * units, inputs), init=Random(0.8))
        self.recurrent = Parameter((3 * units, units), init=Random(0.8))

    def forward(self, x, *, training=False):
        self.x, self.gates = x, []
        self.h = [np.zeros((len(x), len(self.weight.value) // 3), x.dtype)]
        for t in range(x.shape[1]):
            of_x = np.split(x[:, t] @ self.weight.value.T, 3, axis=1)
            of_h = np.split(self.h[t] @ self.recurrent.value.T, 3, axis=1)
            r, u = (1 / (1 + np.exp(-of_x[i] - of_h[i])) for i in range(2))
            n = np.tanh(of_x[2] + r * of_h[2])
            self.gates.append((r, u, n, of_h[2]))
            self.h.append((1 - u) * n + u * self.h[t])
        return np.stack(self.h[1:], axis=1)

    def backward(self, dy):
        self.weight.grad[...] = 0
        self.recurrent.grad[...] = 0
        dx, dh = np.zeros(self.x.shape), 0
        for t in reversed(range(self.x.shape[1])):
            r, u, n, q = self.gates[t]
            dh = dy[:, t] + dh
            dn = dh * (1 - u) * (1 - n * n)
            du = dh * (self.h[t] - n) * u * (1 - u)
            dr = dn * q * r * (1 - r)
            dz = np.concatenate([dr, du, dn], axis=1)
            dv = np.concatenate([dr, du, r * dn], axis=1)
            self.weight.grad += dz.T @ self.x[:, t]
            self.recurrent.grad += dv.T @ self.h[t]
            dx[:, t] = dz @ self.weight.value
            dh = u * dh + dv @ self.recurrent.value
        return dx


plant(
    Gated,
    lambda kind: kind(2, 2),
    (2, 3, 2),
    {
        (
            "weight",
            "dz = np.concatenate([dr, du, dn], -> dz = np.concatenate([du, dr, dn],",
        ): "exchang|d[ru]",
        ("input", "dn = dh * (1 - u) -> dn = dh * u"): r"\bu\b|1 -",
        ("recurrent", "r * dn], axis=1) -> dn], axis=1)"): r"\br\b|missing|factor",
        ("weight", "dz = np.concatenate([dr, du, dn] -> dz = np.concatenate([dr, du, r * dn]"): (
            r"\br\b|superfluous"
        ),
        ("recurrent", "r * dn], axis=1) -> 0 * dn], axis=1)"): r"\br\b|0|factor|constant",
        ("input", "dh = u * dh + dv @ self.recurrent.value -> dh = u * dh"): (
            "carr|time|recurrent|missing"
        ),
        ("input", "dh = u * dh + dv @ self.recurrent.value -> dh = dv @ self.recurrent.value"): (
            "carr|time|missing|u"
        ),
        ("recurrent", "dr = dn * q * r * (1 - r) -> dr = dn * q"): r"\br\b|missing|sigmoid|factor",
    },
)


class Attention(Layer):
    """Causal attention of one head."""

    def __init__(self, features):
        shape = (features, features)
        self.q_weight = Parameter(shape, init=Random(1.0))
        self.k_weight = Parameter(shape, init=Random(1.0))
        self.v_weight = Parameter(shape, init=Random(1.0))

    def forward(self, x, *, training=False):
        self.x, self.root = x, np.sqrt(x.shape[-1])
        self.q, self.k = x @ self.q_weight.value.T, x @ self.k_weight.value.T
        self.v = x @ self.v_weight.value.T
        scores = self.q @ self.k.transpose(0, 2, 1) / self.root
        powers = np.exp(scores) * np.tri(x.shape[1])
        self.a = powers / powers.sum(axis=-1, keepdims=True)
        return self.a @ self.v

    def backward(self, dy):
        x, q, k, v, a = self.x, self.q, self.k, self.v, self.a
        dv = a.transpose(0, 2, 1) @ dy
        da = dy @ v.transpose(0, 2, 1)
        ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / self.root
        dq, dk = ds @ k, ds.transpose(0, 2, 1) @ q
        self.q_weight.grad[...] = np.tensordot(dq, x, axes=((0, 1), (0, 1)))
        self.k_weight.grad[...] = np.tensordot(dk, x, axes=((0, 1), (0, 1)))
        self.v_weight.grad[...] = np.tensordot(dv, x, axes=((0, 1), (0, 1)))
        return dq @ self.q_weight.value + dk @ self.k_weight.value + dv @ self.v_weight.value


plant(
    Attention,
    lambda kind: kind(3),
    (2, 4, 3),
    {
        (
            "input",
            "(da - (da * a).sum(axis=-1, keepdims=True)) -> (da * (1 - a))",
        ): "sum|diagonal|softmax",
        ("input", "a * (da - (da * a).sum(axis=-1, keepdims=True)) -> a * da"): "sum|softmax",
        ("input", "keepdims=True)) / self.root -> keepdims=True))"): "root|scale|divi|factor",
        ("input", "+ dv @ self.v_weight.value -> "): "v",
        (
            "input",
            "axis=-1, keepdims=True)) / self.root -> axis=1, keepdims=True)) / self.root",
        ): "axis",
        ("k_weight", "ds.transpose(0, 2, 1) @ q -> ds @ q"): "transpos",
        ("v_weight", "a.transpose(0, 2, 1) @ dy -> a @ dy"): "transpos",
    },
)


class Masked(Layer):
    """Attention whose weights are masked after the softmax: what follows, and padding."""

    def __init__(self, features):
        self.q_weight = Parameter((features, features), init=Random(1.0))
        self.v_weight = Parameter((features, features), init=Random(1.0))
        self.v_bias = Parameter((features,), init=Random(1.0))  # or v would be 0 at padding

    def forward(self, x, *, training=False):
        self.x, self.causal = x, np.tri(x.shape[1])
        self.is_step = (x.real != 0).any(axis=-1)[:, None, :]
        self.q, self.v = x @ self.q_weight.value.T, x @ self.v_weight.value.T + self.v_bias.value
        powers = np.exp(self.q @ x.transpose(0, 2, 1) / x.shape[-1])
        self.a = powers / powers.sum(axis=-1, keepdims=True)
        return self.is_step * self.causal * self.a @ self.v

    def backward(self, dy):
        x, q, v, a = self.x, self.q, self.v, self.a
        dv = (a * self.causal * self.is_step).transpose(0, 2, 1) @ dy
        da = dy @ v.transpose(0, 2, 1) * self.causal * self.is_step
        ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / x.shape[-1]
        dq, dk = ds @ x, ds.transpose(0, 2, 1) @ q
        self.q_weight.grad[...] = np.tensordot(dq, x, axes=((0, 1), (0, 1)))
        self.v_weight.grad[...] = np.tensordot(dv, x, axes=((0, 1), (0, 1)))
        self.v_bias.grad[...] = dv.sum(axis=(0, 1))
        return dq @ self.q_weight.value + dk + dv @ self.v_weight.value


plant(
    Masked,
    lambda kind: kind(3),
    np.random.default_rng(6).standard_normal((2, 4, 3)) * [[[1]] * 4, [[1], [1], [0], [0]]],
    {
        (
            "q_weight",
            "v.transpose(0, 2, 1) * self.causal * -> v.transpose(0, 2, 1) *",
        ): r"missing factor self\.causal",
        (
            "input",
            "v.transpose(0, 2, 1) * self.causal * self.is_step -> "
            "v.transpose(0, 2, 1) * self.causal",
        ): r"missing factor self\.is_step",
        ("v_bias", "(a * self.causal * self.is_step) -> (a * self.is_step)"): (
            r"missing factor self\.causal"
        ),
        ("v_bias", "(a * self.causal * self.is_step) -> (a * self.causal)"): (
            r"missing factor self\.is_step"
        ),
    },
)


def main():
    """Print what the checker says of each bug, and how many of each layer it names."""
    print(f"{'layer':12} {'bugs':>4} {'found':>5} {'placed':>6} {'named':>5} {'unknown':>7}")
    told = []
    for layer in LAYERS:
        outcomes = [(bug, examine(bug)) for bug in BUGS if bug.layer is layer]
        counts = [
            sum(getattr(outcome, name) for _, outcome in outcomes)
            for name in ("found", "placed", "named", "is_unknown")
        ]
        numbers = "{:5} {:6} {:5} {:7}".format(*counts)
        print(f"{layer.__name__:12} {len(outcomes):4} {numbers}", flush=True)
        told += [
            f"{bug} [{bug.parameter}]\n    {outcome.says}"
            for bug, outcome in outcomes
            if not (outcome.placed and outcome.named)
        ]
    print(*told, sep="\n")


if __name__ == "__main__":
    main()
