"""Bugs as people write them, each planted into an otherwise correct model.

They include all bugs of the collection that the checker was designed against (66 from the issues of
other projects) that can be made with layers of minidl. Left out are three of batch normalization,
whose examples depend on one another, and integer parameters, which are refused. `RIGHT` contains
changes that look like bugs and are none.

`python -m tests.gradcheck.planted_bugs` prints which are found, located and named.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.gradcheck import GradientChecker
from minidl.initializers import He, Ones

Model = tuple[Sequential, np.ndarray, np.ndarray]
SQUARE = 3  # the number of Linear(5, 5) in `net`


@dataclass(frozen=True)
class Bug:
    """A bug: how to build a model with it, where it is, and words that its cause should have."""

    name: str
    build: Callable[[], Model]
    layer: int | None
    parameter: str
    words: str


def net(replaced=None, *, m=6, loss=None, penalties=None, dtype=np.float64) -> Model:
    """Return a model with some layers replaced, and a batch.

    Its layers are Linear 4-5, Tanh, Dropout, Linear 5-5, ReLU, Linear 5-3, Softmax.
    """
    layers = [Linear(4, 5), Tanh(), Dropout(0.8), Linear(5, 5), ReLU(), Linear(5, 3), Softmax()]
    for i, layer in (replaced or {}).items():
        layers[i] = layer
    rng = np.random.default_rng(7)
    X, labels = rng.standard_normal((m, 4)), rng.integers(0, 3, m)
    if loss is not None and not isinstance(loss, CategoricalCrossEntropy):
        layers.pop()
    model = Sequential(
        layers,
        loss=loss or CategoricalCrossEntropy(),
        penalties=[L2(0.1)] if penalties is None else penalties,
        dtype=dtype,
    )
    return model, X, rng.standard_normal((m, 3)) if len(layers) == 6 else labels


def binary(replaced=None, *, loss=None, end=None) -> Model:
    """Return Linear 4-5, LeakyReLU, Linear 5-1, Sigmoid, and a batch."""
    layers = [Linear(4, 5), LeakyReLU(0.1), Linear(5, 1), end or Sigmoid()]
    for i, layer in (replaced or {}).items():
        layers[i] = layer
    rng = np.random.default_rng(8)
    model = Sequential(
        layers, loss=loss or BinaryCrossEntropy(), penalties=[L2(0.1)], dtype=np.float64
    )
    return model, rng.standard_normal((6, 4)), rng.integers(0, 2, 6)


def patched(change, build=net) -> Model:
    """Return a model that `change(model)` has put a bug into, without a new class."""
    model, X, Y = build()
    change(model)
    return model, X, Y


BUGS: list[Bug] = []
RIGHT: list[tuple[str, Callable[[], Model]]] = []


def bug(name, layer, parameter, words, build):
    BUGS.append(Bug(name, build, layer, parameter, words))


# Linear: what follows a right backward, given x, dy and the right dx.


def after(change):
    """Return a Linear class whose backward ends with change(layer, x, dy, dx).

    A result that is not None replaces dx.
    """

    class Linear_(Linear):
        def backward(self, dy):
            x = self._x
            dx = super().backward(dy)
            changed = change(self, x, dy, dx)
            return dx if changed is None else changed

    Linear_.__name__ = "Linear"
    return Linear_


def linear_bug(name, parameter, words, change, **settings):
    bug(name, SQUARE, parameter, words, lambda: net({SQUARE: after(change)(5, 5)}, **settings))


def _set(which, value):
    def change(layer, x, dy, dx):
        grad = getattr(layer, which).grad
        grad[...] = value(layer, x, dy, grad.copy())

    return change


def _part(which, index, value):
    def change(layer, x, dy, dx):
        grad = getattr(layer, which).grad
        grad[index] = value(grad[index])

    return change


linear_bug(
    "dW and db divided by m again",
    "weight",
    r"1/m|mean|divided by",
    _set("weight", lambda s, x, dy, g: g / len(x)),
)
linear_bug(
    "dW times 2",
    "weight",
    r"factor.*2|2.*factor|2(\.0+)? x",
    _set("weight", lambda s, x, dy, g: 2 * g),
)
linear_bug(
    "db times 4", "bias", r"factor.*4|4.*factor|4(\.0+)? x", _set("bias", lambda s, x, dy, g: 4 * g)
)
linear_bug("dW with the wrong sign", "weight", "sign", _set("weight", lambda s, x, dy, g: -g))
linear_bug("db with the wrong sign", "bias", "sign", _set("bias", lambda s, x, dy, g: -g))
linear_bug("dW transposed", "weight", "transpos", _set("weight", lambda s, x, dy, g: g.T))
linear_bug("dx = dy @ W.T", "input", "transpos", lambda s, x, dy, dx: dy @ s.weight.value.T)
linear_bug("db a mean", "bias", "mean|1/m", _set("bias", lambda s, x, dy, g: dy.mean(axis=0)))
linear_bug(
    "db over the wrong axis",
    "bias",
    "axis|shape|raise",
    _set("bias", lambda s, x, dy, g: dy.sum(axis=1)),
    m=5,
)
linear_bug(
    "db over both axes", "bias", "axis|axes|equal|same", _set("bias", lambda s, x, dy, g: dy.sum())
)
linear_bug(
    "db from the wrong product",
    "bias",
    r"dy \* x",
    _set("bias", lambda s, x, dy, g: (x * dy).sum(axis=0)),
)
linear_bug("db zero", "bias", "zero|detach", _set("bias", lambda s, x, dy, g: 0 * g))
linear_bug(
    "db the last example's", "bias", "last example", _set("bias", lambda s, x, dy, g: dy[-1])
)
linear_bug(
    "dW the last example's",
    "weight",
    "last example",
    _set("weight", lambda s, x, dy, g: np.outer(dy[-1], x[-1])),
)
linear_bug(
    "dW without the first example",
    "weight",
    "first example|example|row",
    _set("weight", lambda s, x, dy, g: dy[1:].T @ x[1:]),
)
linear_bug("first row of dW zero", "weight", "row", _part("weight", 0, lambda g: 0 * g))
linear_bug(
    "one column of dW halved",
    "weight",
    "column",
    _part("weight", (slice(None), 1), lambda g: g / 2),
)
linear_bug(
    "one element of dW times 1.5", "weight", "element", _part("weight", (2, 3), lambda g: 1.5 * g)
)
linear_bug(
    "one element of db off by a little",
    "bias",
    "element",
    _part("bias", 4, lambda g: g * (1 + 1e-9)),
)
linear_bug(
    "dW computed in float32",
    "weight",
    "float32",
    _set("weight", lambda s, x, dy, g: dy.T.astype(np.float32) @ x.astype(np.float32)),
)
linear_bug(
    "dx returned in float32",
    "shapes and dtypes",
    "float32",
    lambda s, x, dy, dx: dx.astype(np.float32),
)
linear_bug(
    "dx through float32",
    "input",
    "float32",
    lambda s, x, dy, dx: dx.astype(np.float32).astype(dx.dtype),
)
linear_bug(
    "dW clipped", "weight", "clip", _set("weight", lambda s, x, dy, g: np.clip(g, -0.5, 0.5))
)
linear_bug("dx detached", "input", "detach|zero", lambda s, x, dy, dx: np.zeros_like(dx))
linear_bug(
    "dx not normalized: dy @ W / m", "input", "1/m|mean|divided", lambda s, x, dy, dx: dx / len(dx)
)
linear_bug("dx of the wrong shape", "input", "shape", lambda s, x, dy, dx: dx.T.copy())
linear_bug(
    "dW rows reversed",
    "weight",
    "revers|order|row|permut",
    _set("weight", lambda s, x, dy, g: g[::-1]),
)
linear_bug(
    "dW with dy squared",
    "weight",
    "dy squared",
    _set("weight", lambda s, x, dy, g: (dy * dy).T @ x),
)
linear_bug(
    "dW from |x|",
    "weight",
    "without its sign",
    _set("weight", lambda s, x, dy, g: dy.T @ np.abs(x)),
)
linear_bug(
    "weight decay inside dW",
    "weight",
    "weight",
    _set("weight", lambda s, x, dy, g: g + 0.01 * s.weight.value),
)
linear_bug(
    "dW with a constant added", "weight", "constant", _set("weight", lambda s, x, dy, g: g + 1e-6)
)


def _overwriting(layer, x, dy, dx):
    layer.weight.value -= 0.01 * layer.weight.grad
    return dy @ layer.weight.value


def _nudging(layer, x, dy, dx):
    if x.flags.writeable:
        x += 1e-7


linear_bug(
    "weights updated before dx",
    "parameters untouched|input",
    "changes the value|optimizer",
    _overwriting,
)
linear_bug("x modified in backward", "arguments untouched|input|weight", "writes into", _nudging)
linear_bug(
    "dx written into x's memory",
    "arguments untouched",
    "writes into",
    lambda s, x, dy, dx: np.copyto(x, dx) or x,
)


class Forgets(Linear):
    """Never writes db."""

    def backward(self, dy):
        self.weight.grad[...] = dy.T @ self._x
        return dy @ self.weight.value


class Accumulates(Linear):
    def backward(self, dy):
        self.weight.grad += dy.T @ self._x
        self.bias.grad[...] = dy.sum(axis=0)
        return dy @ self.weight.value


class Stale(Linear):
    """Caches the first x that it sees."""

    def forward(self, x, *, training=False):
        y = super().forward(x, training=training)
        if not hasattr(self, "first") or self.first.shape != x.shape:
            self.first = x.copy()
        return y

    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad[...] = dy.T @ self.first
        return dx


class NoInput(Linear):
    def backward(self, dy):
        super().backward(dy)


bug(
    "db never written",
    SQUARE,
    "bias|gradients overwritten",
    "never writ|unwritten|not written",
    lambda: net({SQUARE: Forgets(5, 5)}),
)
bug(
    "dW accumulates",
    SQUARE,
    "weight|accumulate|overwritten",
    "accumulat|adds to",
    lambda: net({SQUARE: Accumulates(5, 5)}),
)
bug("x cached once", SQUARE, "weight|stale", "stale|earlier", lambda: net({SQUARE: Stale(5, 5)}))
bug("backward returns None", SQUARE, "input|shapes", "None", lambda: net({SQUARE: NoInput(5, 5)}))


def _instance(model):
    layer = model.layers[0]
    right = layer.backward

    def backward(dy):
        right(dy)
        layer.bias.grad[...] *= 0.5

    layer.backward = backward


bug(
    "db halved, by a function put into the object",
    0,
    "bias|input",
    r"0\.5|half|None|factor",
    lambda: patched(_instance),
)

# Activations.


def activation(base, derivative, **names):
    """Return an activation class with dx = derivative(x, y, dy)."""

    class Wrong(base):
        def forward(self, x, *, training=False):
            self.x = x.copy()
            return super().forward(x, training=training)

        def backward(self, dy):
            return derivative(self.x, self._y, dy)

    Wrong.__name__ = base.__name__
    return Wrong


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def activation_bug(name, at, base, words, derivative, parameter="input", **settings):
    bug(name, at, parameter, words, lambda: net({at: activation(base, derivative)(**settings)}))


activation_bug("tanh' forgotten", 1, Tanh, "derivative|missing|dx = dy", lambda x, y, dy: dy.copy())
activation_bug(
    "tanh' of tanh(y)",
    1,
    Tanh,
    "derivative|output|wrong place",
    lambda x, y, dy: dy * (1 - np.tanh(y) ** 2),
)
activation_bug("1 - y for tanh'", 1, Tanh, "derivative|1 - y", lambda x, y, dy: dy * (1 - y))
activation_bug("1 - x**2 for tanh'", 1, Tanh, "derivative|input", lambda x, y, dy: dy * (1 - x**2))
activation_bug(
    "sigmoid's derivative for tanh",
    1,
    Tanh,
    "derivative|sigmoid|y",
    lambda x, y, dy: dy * y * (1 - y),
)
activation_bug(
    "tanh' with the wrong sign", 1, Tanh, "sign|derivative", lambda x, y, dy: -dy * (1 - y**2)
)
activation_bug(
    "sigmoid' forgotten", 1, Sigmoid, "derivative|missing|dx = dy", lambda x, y, dy: dy.copy()
)
activation_bug(
    "x (1 - x) for sigmoid'", 1, Sigmoid, "derivative|input", lambda x, y, dy: dy * x * (1 - x)
)
activation_bug(
    "sigmoid'(y)",
    1,
    Sigmoid,
    "derivative|output|place",
    lambda x, y, dy: dy * _sigmoid(y) * (1 - _sigmoid(y)),
)
activation_bug("y for sigmoid'", 1, Sigmoid, "derivative|y", lambda x, y, dy: dy * y)
activation_bug("ReLU' forgotten", 4, ReLU, "mask|derivative|dx = dy", lambda x, y, dy: dy.copy())
activation_bug(
    "ReLU's mask from dy > 0",
    4,
    ReLU,
    "mask|linear|dy",
    lambda x, y, dy: dy * (dy > 0),
    "input|linear in the incoming gradient",
)
activation_bug("ReLU's mask inverted", 4, ReLU, "invert|mask", lambda x, y, dy: dy * (x <= 0))
activation_bug("ReLU's mask x > 0.05", 4, ReLU, "mask|threshold", lambda x, y, dy: dy * (x > 0.05))
activation_bug(
    "ReLU's mask x > -0.05", 4, ReLU, "mask|threshold", lambda x, y, dy: dy * (x > -0.05)
)
activation_bug(
    "slope 0.01 back, 0.1 forward",
    1,
    LeakyReLU,
    "slope|ratio|x",
    lambda x, y, dy: np.where(x > 0, dy, 0.01 * dy),
    slope=0.1,
)
activation_bug(
    "slope missing on the way back",
    1,
    LeakyReLU,
    "slope|zero|x",
    lambda x, y, dy: dy * (x > 0),
    slope=0.1,
)
activation_bug(
    "softmax' diagonal only",
    1,
    Softmax,
    "diagonal|softmax|derivative",
    lambda x, y, dy: dy * y * (1 - y),
)
activation_bug(
    "softmax' without the sum", 1, Softmax, "sum|derivative|softmax", lambda x, y, dy: dy * y
)
activation_bug(
    "softmax' over the wrong axis",
    1,
    Softmax,
    "axis|derivative|batch",
    lambda x, y, dy: y * (dy - (dy * y).sum(axis=0)),
    "input|rows|addi",
)


class StaleMask(ReLU):
    """Takes the mask of the batch before."""

    def forward(self, x, *, training=False):
        self.mask, self.next = getattr(self, "next", x > 0), x > 0
        if self.mask.shape != x.shape:
            self.mask = self.next
        return np.maximum(x, 0)

    def backward(self, dy):
        return dy * self.mask


class ForwardInPlace(ReLU):
    def forward(self, x, *, training=False):
        self._y = np.maximum(x, 0, out=x)
        return self._y


class BackwardInPlace(ReLU):
    def backward(self, dy):
        dy *= self._y > 0
        return dy


bug(
    "mask of the batch before",
    4,
    "no stale cache|input|reproduc",
    "stale|earlier",
    lambda: net({4: StaleMask()}),
)
bug(
    "forward in place on x",
    4,
    "arguments untouched",
    "writes into its input",
    lambda: net({4: ForwardInPlace()}),
)
bug(
    "backward in place on dy",
    4,
    "arguments untouched",
    "writes into the incoming",
    lambda: net({4: BackwardInPlace()}),
)

# Dropout.


def dropout(backward, at=2):
    class Wrong(Dropout):
        def forward(self, x, *, training=False):
            self.training = training and self.keep_prob < 1
            self.y = super().forward(x, training=training)
            return self.y

        def backward(self, dy):
            if not self.training:
                return dy.copy()
            return backward(self, dy, self._mask)

    Wrong.__name__ = "Dropout"
    return Wrong(0.8)


def dropout_bug(name, words, backward):
    bug(name, 2, "input|reproducible", words, lambda: net({2: dropout(backward)}))


dropout_bug("mask not applied", "mask", lambda s, dy, mask: dy / s.keep_prob)
dropout_bug("mask without 1 / keep_prob", "keep|scale|factor", lambda s, dy, mask: dy * (mask > 0))
dropout_bug(
    "1 / keep_prob twice", "keep|scale|factor|twice", lambda s, dy, mask: dy * mask / s.keep_prob
)
dropout_bug(
    "a new mask on the way back",
    "mask",
    lambda s, dy, mask: dy * (s.rng.random(dy.shape) < s.keep_prob) / s.keep_prob,
)
dropout_bug("identity on the way back", "mask", lambda s, dy, mask: dy.copy())
dropout_bug("mask inverted", "mask", lambda s, dy, mask: dy * (mask == 0) / s.keep_prob)
dropout_bug(
    "multiplied by keep_prob",
    "keep|scale|factor|division",
    lambda s, dy, mask: dy * (mask > 0) * s.keep_prob,
)


def _inferred():
    layers = [
        Linear(4, 5),
        ReLU(),
        dropout(lambda s, dy, mask: dy * (s.y != 0) / s.keep_prob),
        Linear(5, 3),
    ]
    rng = np.random.default_rng(3)
    return (
        Sequential(layers, loss=MeanSquaredError(), dtype=np.float64),
        rng.standard_normal((6, 4)),
        rng.standard_normal((6, 3)),
    )


bug("mask inferred from zeros of the output", 2, "input", "mask|zero", _inferred)


class MaskWhilePredicting(Dropout):
    """Drops in the backward pass although the forward did not."""

    def backward(self, dy):
        return dy * 0.8 if self._mask is None else super().backward(dy)


bug(
    "scaled although dropout is off",
    2,
    "input",
    "keep|factor|0.8",
    lambda: net({2: MaskWhilePredicting(0.8)}),
)


# Losses.


def loss_of(base, backward, forward=None):
    class Wrong(base):
        def backward(self):
            return backward(self, super().backward())

    if forward is not None:
        Wrong.forward = lambda self, p, t: forward(self, p, t, base.forward(self, p, t))
    Wrong.__name__ = base.__name__
    return Wrong()


def loss_bug(name, words, backward, forward=None):
    bug(
        name,
        None,
        "prediction",
        words,
        lambda: net(loss=loss_of(MeanSquaredError, backward, forward)),
    )


loss_bug("1/m missing", "1/m|factor|m", lambda s, g: g * len(g))
loss_bug("1/m twice", "1/m|factor|m", lambda s, g: g / len(g))
loss_bug("1/64 for 1/m", "factor|batch", lambda s, g: g * len(g) / 64)
loss_bug("loss with the wrong sign", "sign", lambda s, g: -g)
loss_bug("the 2 of the square missing", "half|0.5|factor", lambda s, g: g / 2)
loss_bug("1/k missing", "factor", lambda s, g: g * g.shape[1])
loss_bug(
    "only the last example",
    "example|row",
    lambda s, g: g * (np.arange(len(g)) == len(g) - 1)[:, None],
)
loss_bug("only the first output", "column|output", lambda s, g: g * (np.arange(g.shape[1]) == 0))
loss_bug("loss gradient clipped", "clip", lambda s, g: np.clip(g, -0.05, 0.05))
loss_bug(
    "loss gradient in float32", "float32", lambda s, g: g.astype(np.float32).astype(np.float64)
)
loss_bug("the sign of the difference only", "sign", lambda s, g: np.sign(g) / g.size)
loss_bug(
    "target forgotten",
    "target",
    lambda s, g: g + 2 * s.target / g.size,
    lambda s, p, t, v: setattr(s, "target", t) or v,
)


def _broadcast(self, right):
    p, t = self.kept
    return (2 / len(p)) * (p[:, 0] - t).mean(axis=0)[:, np.newaxis]


def _remember(self, p, t, value):
    self.kept = (p, t)
    return value


def _one_output():
    loss = loss_of(MeanSquaredError, _broadcast, _remember)
    rng = np.random.default_rng(5)
    return (
        Sequential([Linear(4, 5), Tanh(), Linear(5, 1)], loss=loss, dtype=np.float64),
        rng.standard_normal((6, 4)),
        rng.standard_normal(6),
    )


bug("(m,) against (m, 1): broadcast to (m, m)", None, "prediction", "broadcast", _one_output)


def _log_of_p_plus(self, p, t, value):
    self.kept = (p, t)
    return -(t * np.log(p + 1e-7) + (1 - t) * np.log(1 - p + 1e-7)).mean()


bug(
    "1e-7 in the logarithm, forward only",
    None,
    "prediction",
    "epsilon|clip",
    lambda: binary(loss=loss_of(BinaryCrossEntropy, lambda s, g: g, _log_of_p_plus)),
)
bug(
    "p - t, as if sigmoid were inside the loss",
    None,
    "prediction",
    "another loss|logits",
    lambda: binary(
        loss=loss_of(BinaryCrossEntropy, lambda s, g: g * s._prediction * (1 - s._prediction))
    ),
)
bug(
    "softmax applied twice on the way back",
    None,
    "prediction",
    "logits|twice",
    lambda: net(
        loss=loss_of(CategoricalCrossEntropy, lambda s, g: (s._prediction - s._target) / len(g))
    ),
)


def _head(change):
    def patch(model):
        right = model.objective_function.training_loss.backward
        model.objective_function.training_loss.backward = lambda: change(right())

    return patch


bug(
    "fused loss without 1/m, by a function put into it",
    None,
    "prediction",
    "1/m|factor|m",
    lambda: patched(_head(lambda g: g * 6)),
)
bug(
    "fused loss with the wrong sign",
    None,
    "prediction",
    "sign",
    lambda: patched(_head(lambda g: -g), binary),
)

# Penalties.


def penalty(base, gradient=None, value=None, strength=0.1):
    class Wrong(base):
        pass

    if gradient is not None:

        def buggy_gradient(self, weight, m, out):
            base.gradient(self, weight, m, out)
            out[...] = gradient(self, weight, m, out.copy())

        Wrong.gradient = buggy_gradient
    if value is not None:
        Wrong.value = lambda self, weight, m: value(self, weight, m, base.value(self, weight, m))
    Wrong.__name__ = base.__name__
    return Wrong(strength)


def penalty_bug(
    name, words, gradient=None, value=None, base=L2, layer=0, parameter="weight", replaced=None
):
    bug(
        name,
        layer,
        parameter,
        words,
        lambda: net(replaced() if replaced else None, penalties=[penalty(base, gradient, value)]),
    )


def _penalized_biases():
    layers = {0: Linear(4, 5), 3: Linear(5, 5), 5: Linear(5, 3)}
    for layer in layers.values():
        layer.bias.penalized = True
    return layers


penalty_bug("L2 halved", "half|0.5|factor", lambda s, w, m, g: g / 2)
penalty_bug("L2 doubled", "2|factor", lambda s, w, m, g: 2 * g)
penalty_bug("L2 without 1/m", "1/m|factor|m", lambda s, w, m, g: g * m)
penalty_bug("L2 with 1/m twice", "1/m|factor|m", lambda s, w, m, g: g / m)
penalty_bug("L2 without lambda", "lambda|strength|factor", lambda s, w, m, g: g / s.strength)
penalty_bug("L2 with the wrong sign", "sign", lambda s, w, m, g: -g)
penalty_bug(
    "L2 missing in one layer",
    "zero|missing",
    lambda s, w, m, g: 0 * g if w.shape == (5, 5) else g,
    layer=SQUARE,
)
penalty_bug("L1's gradient for L2", "sign|L1", lambda s, w, m, g: s.strength / m * np.sign(w))
penalty_bug("L2 missing altogether", "zero|missing", lambda s, w, m, g: 0 * g)
penalty_bug("L2's value with 1/m, not 1/2m", "factor|half|0.5|2", value=lambda s, w, m, v: 2 * v)
penalty_bug("L1 without the sign", "sign", lambda s, w, m, g: np.abs(g), base=L1)
penalty_bug(
    "L1 with L2's gradient", "sign|weight|L2", lambda s, w, m, g: s.strength / m * w, base=L1
)
penalty_bug(
    "bias in the loss, not in the gradient",
    "bias|zero|missing",
    lambda s, w, m, g: 0 * g if w.ndim == 1 else g,
    parameter="bias",
    replaced=_penalized_biases,
)
penalty_bug(
    "bias in the gradient, not in the loss",
    "bias",
    value=lambda s, w, m, v: 0 * v if w.ndim == 1 else v,
    parameter="bias",
    replaced=_penalized_biases,
)


def _penalty_twice(model):
    objective = model.objective_function
    right = objective.add_penalty_gradient
    objective.add_penalty_gradient = lambda index, m: (right(index, m), right(index, m))


def _penalty_on_bias(model):
    objective = model.objective_function
    right = objective.add_penalty_gradient

    def add(index, m):
        right(index, m)
        for layer in (0, 3, 5):
            model.layers[layer].bias.grad += 0.1 / m * model.layers[layer].bias.value

    objective.add_penalty_gradient = add


bug("penalty added twice", 0, "weight", "2|factor|twice", lambda: patched(_penalty_twice))
bug(
    "L2 on the bias too, in the gradient only", 0, "bias", "bias", lambda: patched(_penalty_on_bias)
)

# Composition, and custom layers.


def _swapped(model):
    objective = model.objective_function
    right = objective.backward

    def backward(sample_weight=None):
        right(sample_weight)
        a, b = model.layers[0].weight.grad, model.layers[2].weight.grad
        first = a.copy()
        a[...] = b
        b[...] = first

    objective.backward = backward


def _three_squares():
    rng = np.random.default_rng(4)
    layers = [Linear(4, 4), Tanh(), Linear(4, 4), Tanh(), Linear(4, 2)]
    return (
        Sequential(layers, loss=MeanSquaredError(), dtype=np.float64),
        rng.standard_normal((6, 4)),
        rng.standard_normal((6, 2)),
    )


def _skips_a_layer(model):
    objective = model.objective_function

    def backward(sample_weight=None):
        dy = objective.loss_backward(sample_weight)
        for i in (4, 3, 2, 0):
            dy = model.layers[i].backward(dy)

    objective.backward = backward


def _stops_early(model):
    objective = model.objective_function
    right = objective.backward

    def backward(sample_weight=None):
        right(sample_weight)
        model.layers[0].weight.grad[...] = 0

    objective.backward = backward


bug(
    "gradients of two layers swapped",
    0,
    "weight",
    "swap|another|layer 2",
    lambda: patched(_swapped, _three_squares),
)
bug(
    "a layer skipped on the way back",
    0,
    "weight|bias",
    "skipped",
    lambda: patched(_skips_a_layer, _three_squares),
)
bug(
    "the first layer left out",
    0,
    "weight",
    "zero|detach",
    lambda: patched(_stops_early, _three_squares),
)


class Gain(Layer):
    def __init__(self, features):
        self.gain = Parameter((features,), init=Ones())

    def forward(self, x, *, training=False):
        self.x = x
        return x * self.gain.value


class GainFromOutput(Gain):
    """Right only while all gains are 1."""

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.x * self.gain.value).sum(axis=0)
        return dy * self.gain.value


class GainForgotten(Gain):
    """Right only while all gains are 1."""

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.x).sum(axis=0)
        return dy.copy()


class GainMean(Gain):
    def backward(self, dy):
        self.gain.grad[...] = (dy * self.x).mean(axis=0)
        return dy * self.gain.value


bug("gain: y for x", 1, "gain", "output instead", lambda: net({1: GainFromOutput(5)}))
bug("gain forgotten in dx", 1, "input", "missing", lambda: net({1: GainForgotten(5)}))
bug("gain's gradient a mean", 1, "gain", "mean|1/m", lambda: net({1: GainMean(5)}))


class Tied(Layer):
    """Forgets the first of the two uses of its weight."""

    def __init__(self, width, inner):
        self.weight = Parameter((inner, width), init=He(), fan_in=width)

    def forward(self, x, *, training=False):
        self.x, self.h = x, np.tanh(x @ self.weight.value.T)
        return self.h @ self.weight.value

    def backward(self, dy):
        dz = (dy @ self.weight.value.T) * (1 - self.h**2)
        self.weight.grad[...] = self.h.T @ dy
        return dz @ self.weight.value


class Residual(Layer):
    """Forgets the skip in the backward pass."""

    def __init__(self, width):
        self.inner = Linear(width, width)

    def forward(self, x, *, training=False):
        return x + self.inner.forward(x, training=training)

    def backward(self, dy):
        return self.inner.backward(dy)


class Columns(Flatten):
    """Flattens in one order and restores in the other."""

    def backward(self, dy):
        return dy.reshape(self._input_shape, order="F")


def _images():
    rng = np.random.default_rng(2)
    model = Sequential(
        [LeakyReLU(0.3), Columns(), Linear(12, 2)], loss=MeanSquaredError(), dtype=np.float64
    )
    return model, rng.standard_normal((6, 2, 3, 2)), rng.standard_normal((6, 2))


bug("tied weight: the first use forgotten", 1, "weight", "use", lambda: net({1: Tied(5, 3)}))
bug("residual: the skip forgotten", 1, "input", "skip", lambda: net({1: Residual(5)}))
bug("Flatten: restored in another order", 1, "input", "order", _images)
bug(
    "in a float32 model: dW times 1.001",
    SQUARE,
    "weight",
    "factor|1.001",
    lambda: net(
        {SQUARE: after(_set("weight", lambda s, x, dy, g: 1.001 * g))(5, 5)}, dtype=np.float32
    ),
)


# One change away from a bug, and right: nothing may be reported.


class Double(ReLU):
    """max(2 x, 0): another function, with its own right derivative."""

    def forward(self, x, *, training=False):
        self.x = x
        return np.maximum(2 * x, 0)

    def backward(self, dy):
        return 2 * dy * (self.x > 0)


class Fresh(Linear):
    """Returns a copy, and writes through a temporary."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad[...] = self.weight.grad * 1.0
        return dx.copy()


class Minus(Linear):
    """Adds a term that is always zero."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.bias.grad += (dy - dy).sum(axis=0)
        return dx


RIGHT += [
    ("ReLU's mask x >= 0", lambda: net({4: activation(ReLU, lambda x, y, dy: dy * (x >= 0))()})),
    (
        "ReLU's mask from its output",
        lambda: net({4: activation(ReLU, lambda x, y, dy: dy * (y > 0))()}),
    ),
    ("both ways wrong, consistently", lambda: net({4: Double()})),
    ("copies", lambda: net({SQUARE: Fresh(5, 5)})),
    ("a term that is zero", lambda: net({SQUARE: Minus(5, 5)})),
    ("tanh' from x", lambda: net({1: activation(Tanh, lambda x, y, dy: dy / np.cosh(x) ** 2)()})),
    (
        "sigmoid' as y - y**2",
        lambda: net({1: activation(Sigmoid, lambda x, y, dy: dy * (y - y**2))()}),
    ),
    (
        "L2 by a square root",
        lambda: net(
            penalties=[penalty(L2, value=lambda s, w, m, v: s.strength / (2 * m) * (w * w).sum())]
        ),
    ),
    ("no bug at all", net),
    ("no bug at all, float32", lambda: net(dtype=np.float32)),
    ("no bug at all, one output", binary),
]


@dataclass
class Outcome:
    """What the checker made of a bug."""

    found: bool
    located: bool
    named: bool
    says: str


def examine(planted: Bug) -> Outcome:
    """Check a model with a bug."""
    model, X, Y = planted.build()
    report: Any = GradientChecker(model).check(X, Y)
    if report.ok:
        return Outcome(False, False, False, "passes")
    guilty = report.guilty
    here = [check for check in report.failures if check.layer == planted.layer]
    located = guilty.layer == planted.layer and any(
        re.search(planted.parameter, check.parameter) for check in here
    )
    says = " | ".join(dict.fromkeys(check.diagnosis for check in here if check.diagnosis))
    named = (
        located
        and bool(planted.words)
        and re.search(planted.words, says, re.IGNORECASE) is not None
        and "unknown" not in says[:20]
    )
    return Outcome(True, located, named, f"{guilty.location}: {says}")


def table() -> str:
    """Return the table of all bugs."""
    rows, counts = [], np.zeros(3, int)
    for planted in BUGS:
        outcome = examine(planted)
        marks = (outcome.found, outcome.located, outcome.named)
        counts += marks
        rows.append(
            "  ".join(["yes" if mark else "NO " for mark in marks])
            + f"  {planted.name:45}  {outcome.says[:150]}"
        )
    total = f"found {counts[0]}, located {counts[1]}, named {counts[2]} of {len(BUGS)} bugs"
    return "\n".join(["found located named  bug", *rows, total])


if __name__ == "__main__":
    print(table())
