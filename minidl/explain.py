"""One batch explained: what `Sequential.explain` prints, for whoever learns how a net computes its loss and its gradient."""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .arrays import Array
from .layers import Dropout, Flatten, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from .layers.layer import Shape
from .losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, MeanSquaredError
from .objective import Objective, output_shapes
from .penalties import L1, L2, Penalty

# The way forward and the way back. Exact types: a subclass may compute otherwise.
_LAYERS: dict[type[Layer], Callable[[Any], tuple[str, str]]] = {
    Linear: lambda layer: (
        f"y = x @ weight.T{' + bias' if layer.bias else ''}",
        f"d weight = dy.T @ x{', d bias = sum of dy over the examples' if layer.bias else ''}, dx = dy @ weight",
    ),
    ReLU: lambda layer: ("y = max(x, 0)", "dx = dy where x > 0, else 0"),
    LeakyReLU: lambda layer: (f"y = x where x > 0, else {layer.slope:g} x", f"dx = dy where x > 0, else {layer.slope:g} dy"),
    Sigmoid: lambda layer: ("y = 1 / (1 + exp(-x))", "dx = dy * y * (1 - y)"),
    Tanh: lambda layer: ("y = tanh(x)", "dx = dy * (1 - y**2)"),
    Softmax: lambda layer: ("y = exp(x) / sum of exp(x) over the row", "dx = y * (dy - sum of dy * y over the row)"),
    Dropout: lambda layer: (
        f"y = x (while training, y = x * mask / {layer.keep_prob:g})",
        "dx = dy (while training, through the same mask)",
    ),
    Flatten: lambda layer: ("y = x, each example as one row", "dx = dy, in the shape of x"),
}
_LOSSES: dict[type[Loss], tuple[str, str]] = {
    MeanSquaredError: ("1 / (m k) * sum of (p - t)**2", "2 (p - t) / (m k)"),
    BinaryCrossEntropy: ("-1 / (m k) * sum of t log(p) + (1 - t) log(1 - p)", "(-t / p + (1 - t) / (1 - p)) / (m k)"),
    CategoricalCrossEntropy: ("-1 / m * sum of t log(p)", "-t / p / m"),
}
_FROM_LOGITS: dict[type[Loss], tuple[str, str]] = {
    BinaryCrossEntropy: ("1 / (m k) * sum of log(1 + exp(z)) - t z", "(p - t) / (m k)"),
    CategoricalCrossEntropy: ("1 / m * sum over the rows of log(sum(exp(z))) - sum(t z)", "(p - t) / m"),
}
_PENALTIES: dict[type[Penalty], tuple[str, str]] = {
    L2: ("lambda / (2 m) * sum of weight**2", "lambda / m * weight"),
    L1: ("lambda / m * sum of |weight|", "lambda / m * sign(weight)"),
}
_HEAD = """\
One batch of m = {m} examples, forward and back in {dtype}, dropout off. Each row shows an array: its shape, the first
numbers of its first row, and its least, mean and greatest number. x is what a layer is given and y what it returns;
J is what training makes smaller; d weight, dx, dy, ... are the derivatives of J with respect to weight, x, y, ..."""


def explanation(model: Objective, x: Array, t: Array) -> str:
    r"""Return the text for the batch `x` (m, ...) with the targets `t` (m, k), as the model's door let them in.

    A copy of `model` does the work: parameters, gradient and random streams of the model itself stay as they are.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Ones, Sequential
    >>> model = Sequential([Linear(2, 1, init=Ones())], loss=MeanSquaredError())
    >>> text = explanation(model, np.array([[1.0, 2.0]]), np.array([[1.0]]))
    >>> print("\n".join(text.splitlines()[4:9]))
    FORWARD                 shape         first row                                              least       mean   greatest
    X                       (1, 2)                  1          2                                     1        1.5          2
    0  Linear(2, 1): y = x @ weight.T + bias
         weight             (1, 2)                  1          1                                     1          1          1
         bias               (1,)                    0                                                0          0          0
    """
    twin = copy.deepcopy(model)
    head = [_HEAD.format(m=len(x), dtype=twin.dtype)]
    parts = [head, _forward(twin, x, t), _objective(twin, x, t), _backward(twin), _gradient(twin, len(x))]
    return "\n\n".join("\n".join(part) for part in parts)


def _forward(model: Objective, x: Array, t: Array) -> Iterator[str]:
    model.data_loss(x, t)
    yield _title("FORWARD")
    yield _row("X", x)
    for i, layer in enumerate(model.layers):
        yield f"{i}  {layer}: {_forward_formula(layer)}"
        for name, parameter in layer.parameters().items():
            yield _row(f"     {name}", parameter.value)
        if i < len(model.outputs):
            yield _row("     y", model.outputs[i])
        else:
            yield "     its y is p below: the loss is computed from its x, called z there"


def _objective(model: Objective, x: Array, t: Array) -> Iterator[str]:
    loss, z, m = model.loss, model.output, len(x)
    data = float(model.data_loss(x, t))
    formula = _LOSSES[type(loss)][0] if type(loss) in _LOSSES else _first_line(loss)
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
        yield f"     computed as {_FROM_LOGITS[type(loss)][0]}:"
        yield "     the same number, but exact also where p rounds to 0 or 1"
    yield f"     = {data:.6g}"
    total = data
    for index, penalty in enumerate(model.penalties):
        formula = _PENALTIES[type(penalty)][0] if type(penalty) in _PENALTIES else _first_line(penalty)
        value = float(model.penalty_value(index, m))
        yield f"{penalty}: {formula}"
        yield f"     = {value:.6g}"
        total += value
    yield f"J = {total:.6g}"


def _backward(model: Objective) -> Iterator[str]:
    yield _title("BACKWARD")
    formulas = _FROM_LOGITS if model.from_logits else _LOSSES
    formula = formulas[type(model.loss)][1] if type(model.loss) in formulas else "as its backward computes it"
    name = "dz" if model.from_logits else "dp"
    dy: Any = model._head.backward()
    yield f"{model.loss}: {name} = {formula}" if type(model.loss) in formulas else f"{model.loss}: {name}, {formula}"
    yield _row(f"     {name}", dy)
    if model.from_logits:
        yield f"     dp and the way back of {model.layers[-1]} in one step: the one divides by p, the other cancels that"
    first = next((i for i, layer in enumerate(model._body) if layer.parameters()), len(model._body))
    for i in reversed(range(first, len(model._body))):
        layer = model._body[i]
        layer.wants_input_gradient = i > first
        dy = layer.backward(dy)
        yield f"{i}  {layer}: {_LAYERS[type(layer)](layer)[1] if type(layer) in _LAYERS else 'as its backward computes it'}"
        for name, parameter in layer.parameters().items():
            yield _row(f"     d {name}", parameter.grad)
        yield _row("     dx", dy) if i > first else "     dx is not needed: nothing before this layer learns"
    for penalty in model.penalties:
        term = _PENALTIES[type(penalty)][1] if type(penalty) in _PENALTIES else "what its gradient computes"
        yield f"{penalty}: {term} is added to each d weight"


def _gradient(model: Objective, m: int) -> Iterator[str]:
    vector = model.parameters
    data = vector.grad.copy()
    for index in range(len(model.penalties)):
        model.add_penalty_gradient(index, m)
    penalized = vector.grad - data
    yield f"{'NORM OF':<24}{'shape':<14}{'d loss':>12}{'d penalties':>13}{'d J':>12}{'the parameter':>15}"
    start = 0
    for name, parameter in vector:
        part = slice(start, start + parameter.size)
        yield _norms(name, parameter.shape, data[part], penalized[part], vector.grad[part], vector.theta[part])
        start = part.stop
    yield _norms("all as one vector", (vector.size,), data, penalized, vector.grad, vector.theta)
    yield "Gradient descent would now step to theta - learning_rate * d J, theta being all parameters as one vector."


def _forward_formula(layer: Layer) -> str:
    return _LAYERS[type(layer)](layer)[0] if type(layer) in _LAYERS else _first_line(layer)


def _first_line(part: object) -> str:
    """Return what the class of `part` says of itself."""
    words = (type(part).__doc__ or "").strip().splitlines()
    return textwrap.shorten(words[0], 100, placeholder=" ...") if words else "its class has no docstring to tell its formula"


def _title(name: str) -> str:
    return f"{name:<24}{'shape':<14}{'first row':<49}{'least':>11}{'mean':>11}{'greatest':>11}"


def _row(name: str, array: Array) -> str:
    first = np.ravel(array[0] if array.ndim > 1 else array)
    numbers = "".join(map(_number, first[:4])) + ("  ..." if first.size > 4 else "")
    measures = "".join(map(_number, (array.min(), array.mean(), array.max())))
    return f"{name:<24}{array.shape!s:<14}{numbers:<49}{measures}"


def _number(value: float) -> str:
    return f"{value + 0.0:>11.4g}"  # no -0


def _norms(name: str, shape: tuple[int, ...], *vectors: Array) -> str:
    loss, penalties, both, parameter = (f"{float(np.linalg.norm(vector)):.4g}" for vector in vectors)
    return f"{name:<24}{shape!s:<14}{loss:>12}{penalties:>13}{both:>12}{parameter:>15}"


def summarize(model: Objective) -> str:
    """Return a table of the layers of `model`, with their output shapes, parameters and sizes.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> print(Sequential([Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy()).summary())
     #  layer         output  parameters  size
     0  Linear(4, 1)  (m, 1)           5  20 B
     1  Sigmoid()     (m, 1)           0   0 B
        total                          5  20 B
    loss BinaryCrossEntropy(), computed from the logits; float32
    """
    bytes_each = model.dtype.itemsize
    rows = [("#", "layer", "output", "parameters", "size")]
    for i, (layer, shape) in enumerate(zip(model.layers, output_shapes(model.layers, None), strict=True)):
        count = sum(parameter.size for parameter in layer.parameters().values())
        rows.append((str(i), str(layer), _shape(shape), f"{count:,}", _size(count * bytes_each)))
    rows.append(("", "total", "", f"{model.parameters.size:,}", _size(model.parameters.size * bytes_each)))
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{number:>{wide[0] + 1}}  {layer:<{wide[1]}}  {shape:<{wide[2]}}  {count:>{wide[3]}}  {size:>{wide[4]}}"
        for number, layer, shape, count, size in rows
    ]
    how = ", computed from the logits" if model.from_logits else ""
    terms = "".join(f" + {penalty}" for penalty in model.penalties)
    return "\n".join([*lines, f"loss {model.loss}{how}{terms}; {model.dtype}"])


def _shape(shape: Shape | None) -> str:
    return "?" if shape is None else f"({', '.join(['m', *map(str, shape)])})"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
