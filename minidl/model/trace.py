"""One batch forward and backward, step by step, as text."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..batching.batch import Batch
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
from ..objective import ForwardPass, Objective
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


_INTRODUCTION = """\
One batch of m = {m} examples, forward and back in {dtype}, dropout off. x is what a layer is given and y what it returns;
J is what training makes smaller; d weight, dx, dy, ... are the derivatives of J with respect to weight, x, y, ..."""


def trace(objective: Objective, batch: Batch) -> str:
    """Return a text with each step of a batch, forward and backward."""
    twin = copy.deepcopy(objective)  # the objective does not change
    forward_pass = twin.data_loss(batch)
    sections = [
        [_INTRODUCTION.format(m=len(batch.x), dtype=twin.dtype)],
        _forward_section(twin, batch, forward_pass),
        _loss_section(twin, batch, forward_pass),
        _backward_section(twin),
        _gradient_section(twin, len(batch.x)),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections)


def _forward_section(
    objective: Objective, batch: Batch, forward_pass: ForwardPass
) -> Iterator[str]:
    yield _title("FORWARD")
    yield _row("X", batch.x)
    for i, layer in enumerate(objective.layers):
        yield f"{i}  {layer}: {_formulas(layer)[0]}"
        for name, parameter in layer.parameters().items():
            yield _row(f"     {name}", parameter.value)
        if i < len(forward_pass.outputs):
            yield _row("     y", forward_pass.outputs[i])
        else:
            yield "     its y is p below: the loss is computed from its x, called z there"


def _loss_section(objective: Objective, batch: Batch, forward_pass: ForwardPass) -> Iterator[str]:
    loss, targets, z = objective.loss, batch.y, forward_pass.output
    terms = objective.terms(batch)
    formula = _formulas(loss)[0]
    yield _title("LOSS")
    yield f"{loss}: {formula}" + (f", k = {targets.shape[1]}" if "k)" in formula else "")
    if objective.is_fused:
        yield _row("     z", z)
    yield _row("     p", objective.layers[-1].forward(z) if objective.is_fused else z)
    yield _row("     t, the targets", targets)
    smoothing = getattr(loss, "label_smoothing", 0)
    if smoothing:
        n_classes = targets.shape[1] if isinstance(loss, CategoricalCrossEntropy) else 2
        smoothed = f"{1 - smoothing:g} t + {smoothing / n_classes:.4g}"
        yield f"     label smoothing: {smoothed} is taken for t"
    if objective.is_fused:
        yield f"     computed as {_formulas(objective.training_loss)[0]}:"
        yield "     the same number, but exact also where p rounds to 0 or 1"
    yield f"     = {terms.pop('data'):.6g}"
    total = terms.pop("total")
    for penalty, value in zip(objective.penalties, terms.values(), strict=True):
        yield f"{penalty}: {_formulas(penalty)[0]}"
        yield f"     = {value:.6g}"
    yield f"J = {total:.6g}"


def _backward_section(objective: Objective) -> Iterator[str]:
    yield _title("BACKWARD")
    name = "dz" if objective.is_fused else "dp"
    dy: Any = objective.loss_backward()
    yield f"{objective.loss}: {name} = {_formulas(objective.training_loss)[1]}"
    yield _row(f"     {name}", dy)
    if objective.is_fused:
        yield (
            f"     dp and the backward pass of {objective.layers[-1]} in one step: the one divides "
            "by p, the other cancels that"
        )
    first, layers = objective.first_trainable, objective.layers_before_loss
    for i in reversed(range(first, len(layers))):
        layer = layers[i]
        if i > first:
            dy = layer.backward(dy)
        else:
            layer.backward_parameters(dy)
        yield f"{i}  {layer}: {_formulas(layer)[1]}"
        for name, parameter in layer.parameters().items():
            yield _row(f"     d {name}", parameter.grad)
        if i > first:
            yield _row("     dx", dy)
        else:
            yield "     dx is not needed: no layer before this one has parameters"
    for penalty in objective.penalties:
        yield f"{penalty}: {_formulas(penalty)[1]} is added to each d weight"


def _gradient_section(objective: Objective, m: int) -> Iterator[str]:
    vector = objective.parameters
    data_gradient = vector.grad.copy()
    for index in range(len(objective.penalties)):
        objective.add_penalty_gradient(index, m)
    columns = {
        "d loss": data_gradient,
        "d penalties": vector.grad - data_gradient,
        "d J": vector.grad,
        "the parameter": vector.theta,
    }

    def norms(name: str, shape: tuple[int, ...], elements: slice) -> str:
        cells = [f"{float(np.linalg.norm(column[elements])):>15.4g}" for column in columns.values()]
        return f"{name:<24}{shape!s:<14}" + "".join(cells)

    yield f"{'NORM OF':<24}{'shape':<14}" + "".join(f"{title:>15}" for title in columns)
    start = 0
    for name, parameter in vector:
        yield norms(name, parameter.shape, slice(start, start + parameter.size))
        start += parameter.size
    yield norms("all as one vector", (vector.size,), slice(None))
    yield (
        "Gradient descent would now step to theta - learning_rate * d J, theta being all "
        "parameters as one vector."
    )


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
