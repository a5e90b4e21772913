"""One batch forward and backward, step by step, as text."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..layers.dropout import Dropout
from ..layers.flatten import Flatten
from ..layers.leaky_relu import LeakyReLU
from ..layers.linear import Linear
from ..layers.relu import ReLU
from ..layers.sigmoid import Sigmoid
from ..layers.softmax import Softmax
from ..layers.tanh import Tanh
from ..losses.binary_cross_entropy import BinaryCrossEntropy, SigmoidCrossEntropy
from ..losses.categorical_cross_entropy import CategoricalCrossEntropy, SoftmaxCrossEntropy
from ..losses.mean_squared_error import MeanSquaredError
from ..objective import Objective
from ..penalties import L1, L2
from ..utils.typing import Array

# The way forward and the way back. Exact types: a subclass may compute otherwise.
_FORMULAS: dict[type[Any], tuple[str, str]] = {
    Linear: (
        "y = x @ weight.T + bias",
        "d weight = dy.T @ x, d bias = sum of dy over the examples, dx = dy @ weight",
    ),
    ReLU: ("y = max(x, 0)", "dx = dy where x > 0, else 0"),
    LeakyReLU: (
        "y = x where x > 0, else {0.slope:g} x",
        "dx = dy where x > 0, else {0.slope:g} dy",
    ),
    Sigmoid: ("y = 1 / (1 + exp(-x))", "dx = dy * y * (1 - y)"),
    Tanh: ("y = tanh(x)", "dx = dy * (1 - y**2)"),
    Softmax: (
        "y = exp(x) / sum of exp(x) over the row",
        "dx = y * (dy - sum of dy * y over the row)",
    ),
    Dropout: (
        "y = x (while training, y = x * mask / {0.keep_prob:g})",
        "dx = dy (while training, through the same mask)",
    ),
    Flatten: ("y = x, each example as one row", "dx = dy, in the shape of x"),
    MeanSquaredError: ("1 / (m k) * sum of (p - t)**2", "2 (p - t) / (m k)"),
    BinaryCrossEntropy: (
        "-1 / (m k) * sum of t log(p) + (1 - t) log(1 - p)",
        "(-t / p + (1 - t) / (1 - p)) / (m k)",
    ),
    CategoricalCrossEntropy: ("-1 / m * sum of t log(p)", "-t / p / m"),
    SigmoidCrossEntropy: ("1 / (m k) * sum of log(1 + exp(z)) - t z", "(p - t) / (m k)"),
    SoftmaxCrossEntropy: (
        "1 / m * sum over the rows of log(sum(exp(z))) - sum(t z)",
        "(p - t) / m",
    ),
    L2: ("lambda / (2 m) * sum of weight**2", "lambda / m * weight"),
    L1: ("lambda / m * sum of |weight|", "lambda / m * sign(weight)"),
}


_HEAD = """\
One batch of m = {m} examples, forward and back in {dtype}, dropout off. x is what a layer is given and y what it returns;
J is what training makes smaller; d weight, dx, dy, ... are the derivatives of J with respect to weight, x, y, ..."""


def trace(model: Objective, x: Array, t: Array) -> str:
    """Return the text for the batch `x` (m, ...) with the targets `t` (m, k)."""
    twin = copy.deepcopy(model)
    head = [_HEAD.format(m=len(x), dtype=twin.dtype)]
    parts = [
        head,
        _forward(twin, x, t),
        _objective(twin, x, t),
        _backward(twin),
        _gradient(twin, len(x)),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def _forward(model: Objective, x: Array, t: Array) -> Iterator[str]:
    model.data_loss(x, t)
    yield _title("FORWARD")
    yield _row("X", x)
    for i, layer in enumerate(model.layers):
        yield f"{i}  {layer}: {_formulas(layer)[0]}"
        for name, parameter in layer.parameters().items():
            yield _row(f"     {name}", parameter.value)
        if i < len(model.outputs):
            yield _row("     y", model.outputs[i])
        else:
            yield "     its y is p below: the loss is computed from its x, called z there"


def _objective(model: Objective, x: Array, t: Array) -> Iterator[str]:
    loss, z = model.loss, model.output
    terms = model.terms(x, t)
    formula = _formulas(loss)[0]
    yield _title("LOSS")
    yield f"{loss}: {formula}" + (f", k = {t.shape[1]}" if "k)" in formula else "")
    if model.from_logits:
        yield _row("     z", z)
    yield _row("     p", model.layers[-1].forward(z) if model.from_logits else z)
    yield _row("     t, the targets", t)
    if smoothing := getattr(loss, "label_smoothing", 0):
        classes = t.shape[1] if isinstance(loss, CategoricalCrossEntropy) else 2
        yield f"     label smoothing: {1 - smoothing:g} t + {smoothing / classes:.4g} is taken for t"
    if model.from_logits:
        yield f"     computed as {_formulas(model._head)[0]}:"
        yield "     the same number, but exact also where p rounds to 0 or 1"
    yield f"     = {terms.pop('data'):.6g}"
    total = terms.pop("total")
    for penalty, value in zip(model.penalties, terms.values(), strict=True):
        yield f"{penalty}: {_formulas(penalty)[0]}"
        yield f"     = {value:.6g}"
    yield f"J = {total:.6g}"


def _backward(model: Objective) -> Iterator[str]:
    yield _title("BACKWARD")
    name = "dz" if model.from_logits else "dp"
    dy: Any = model.loss_gradient()
    yield f"{model.loss}: {name} = {_formulas(model._head)[1]}"
    yield _row(f"     {name}", dy)
    if model.from_logits:
        yield f"     dp and the way back of {model.layers[-1]} in one step: the one divides by p, the other cancels that"
    first = next((i for i, layer in enumerate(model._body) if layer.parameters()), len(model._body))
    for i in reversed(range(first, len(model._body))):
        layer = model._body[i]
        layer.wants_input_gradient = i > first
        dy = layer.backward(dy)
        yield f"{i}  {layer}: {_formulas(layer)[1]}"
        for name, parameter in layer.parameters().items():
            yield _row(f"     d {name}", parameter.grad)
        yield (
            _row("     dx", dy)
            if i > first
            else "     dx is not needed: nothing before this layer learns"
        )
    for penalty in model.penalties:
        yield f"{penalty}: {_formulas(penalty)[1]} is added to each d weight"


def _gradient(model: Objective, m: int) -> Iterator[str]:
    vector = model.parameters
    data = vector.grad.copy()
    for index in range(len(model.penalties)):
        model.add_penalty_gradient(index, m)
    columns = {
        "d loss": data,
        "d penalties": vector.grad - data,
        "d J": vector.grad,
        "the parameter": vector.theta,
    }

    def norms(name: str, shape: tuple[int, ...], part: slice) -> str:
        return f"{name:<24}{shape!s:<14}" + "".join(
            f"{float(np.linalg.norm(column[part])):>15.4g}" for column in columns.values()
        )

    yield f"{'NORM OF':<24}{'shape':<14}" + "".join(f"{title:>15}" for title in columns)
    start = 0
    for name, parameter in vector:
        yield norms(name, parameter.shape, slice(start, start + parameter.size))
        start += parameter.size
    yield norms("all as one vector", (vector.size,), slice(None))
    yield "Gradient descent would now step to theta - learning_rate * d J, theta being all parameters as one vector."


def _formulas(part: Any) -> tuple[str, str]:
    """Return the way forward and the way back of a layer, loss or penalty; of one's own, what its docstring begins with."""
    if type(part) is Linear and not part.bias:
        return "y = x @ weight.T", "d weight = dy.T @ x, dx = dy @ weight"
    if type(part) in _FORMULAS:
        forward, back = _FORMULAS[type(part)]
        return forward.format(part), back.format(part)
    words = [
        *(type(part).__doc__ or "").strip().splitlines(),
        "its class has no docstring to tell its formula",
    ]
    return words[0][:100], "what its own code computes"


def _title(name: str) -> str:
    return f"{name:<24}{'shape':<14}{'first row':<49}{'least':>11}{'mean':>11}{'greatest':>11}"


def _row(name: str, array: Array) -> str:
    first = np.ravel(array[0] if array.ndim > 1 else array)
    numbers = "".join(map(_number, first[:4])) + ("  ..." if first.size > 4 else "")
    measures = "".join(map(_number, (array.min(), array.mean(), array.max())))
    return f"{name:<24}{array.shape!s:<14}{numbers:<49}{measures}"


def _number(value: float) -> str:
    return f"{value + 0.0:>11.4g}"  # no -0
