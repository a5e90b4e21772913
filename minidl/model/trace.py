"""One batch forward and backward, step by step, as text."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..batching.batch import Batch
from ..escaping import escaped
from ..layers.tree import trained_flags
from ..losses.cross_entropy import BaseCategoricalCrossEntropy
from ..objective import ForwardPass, Objective
from ..utils.sparse_rows import SparseRows
from .trace_layers import backward_lines, forward_lines, row, title

_INTRODUCTION = """\
One batch of m = {m} examples, forward and backward in {dtype}, with dropout off. x is the input of
a layer and y its output; J is the objective, which training minimizes; d weight, dx, dy, ... are
the derivatives of J with respect to weight, x, y, ..."""


def trace(objective: Objective, batch: Batch) -> str:
    """Return a description of each step of a batch, forward and backward.

    Parameters
    ----------
    objective : Objective
        The model, which does not change.
    batch : Batch
        A few examples and their targets, in the model's dtype.

    Returns
    -------
    str
        Formulas, shapes and numbers, in lines of at most 120 columns.
    """
    objective = copy.deepcopy(objective)
    forward_pass = objective.data_loss(batch)
    sections = [
        _INTRODUCTION.format(m=len(batch.x), dtype=objective.dtype).split("\n"),
        _forward_section(objective, batch, forward_pass),
        _loss_section(objective, batch, forward_pass),
        _backward_section(objective),
        _gradient_section(objective, len(batch.x)),
    ]
    return "\n\n".join("\n".join(map(escaped, lines)) for lines in sections)


def _forward_section(
    objective: Objective, batch: Batch, forward_pass: ForwardPass
) -> Iterator[str]:
    yield title("FORWARD")
    yield row("X", batch.x.toarray() if isinstance(batch.x, SparseRows) else batch.x)
    for i, layer in enumerate(objective.layers):
        if i < len(forward_pass.outputs):
            yield from forward_lines(str(i), layer, forward_pass.outputs[i])
        else:
            yield f"{i}  {layer}: {layer.formula()[0]}"
            yield "     its output is p below; the loss is computed from its input, z"


def _loss_section(objective: Objective, batch: Batch, forward_pass: ForwardPass) -> Iterator[str]:
    loss = objective.loss
    targets = batch.y
    terms = objective.terms(batch)
    formula = loss.formula()[0]
    yield title("LOSS")
    yield f"{loss}: {formula}" + (f", k = {targets.shape[-1]}" if "k)" in formula else "")
    prediction = forward_pass.output
    yield row(f"     {objective.training_loss.symbol}", prediction)
    if objective.is_fused:
        yield row("     p", objective.layers[-1].forward(prediction))
    yield row("     t, the targets", targets)
    smoothing = getattr(loss, "label_smoothing", 0)
    if smoothing:
        n_classes = targets.shape[-1] if isinstance(loss, BaseCategoricalCrossEntropy) else 2
        smoothed = f"{1 - smoothing:g} t + {smoothing / n_classes:.4g}"
        yield f"     label smoothing: t is replaced by {smoothed}"
    if objective.is_fused:
        yield f"     computed as {objective.training_loss.formula()[0]}:"
        yield "     the same value, but exact even if p rounds to 0 or 1"
    yield f"     = {terms.pop('data'):.6g}"
    total = terms.pop("total")
    for penalty, value in zip(objective.penalties, terms.values(), strict=True):
        yield f"{penalty}: {penalty.formula()[0]}"
        yield f"     = {value:.6g}"
    yield f"J = {total:.6g}"


def _backward_section(objective: Objective) -> Iterator[str]:
    yield title("BACKWARD")
    name = f"d{objective.training_loss.symbol}"
    dy: Any = objective.loss_backward()
    yield f"{objective.loss}: {name} = {objective.training_loss.formula()[1]}"
    yield row(f"     {name}", dy)
    if objective.is_fused:
        last_layer = objective.layers[-1]
        yield f"     dp and the backward pass of {last_layer} in one step: a division by p cancels"
    first = objective.first_trainable
    layers = objective.layers_before_loss
    for i in reversed(range(first, len(layers))):
        layer = layers[i]
        lines, dy = backward_lines(str(i), layer, dy, needs_dx=i > first)
        yield from lines
    for penalty in objective.penalties:
        yield f"{penalty}: {penalty.formula()[1]} is added to each d weight"


def _gradient_section(objective: Objective, m: int) -> Iterator[str]:
    parameters = objective.parameters
    data_gradient = parameters.grad.copy()
    for index in range(len(objective.penalties)):
        objective.add_penalty_gradient(index, m)
    columns = {
        "d loss": data_gradient,
        "d penalties": parameters.grad - data_gradient,
        "d J": parameters.grad,
        "the parameter": parameters.theta,
    }

    def norms(name: str, shape: tuple[int, ...], elements: slice) -> str:
        cells = [f"{float(np.linalg.norm(column[elements])):>15.4g}" for column in columns.values()]
        return f"{name:<23} {shape!s:<14}" + "".join(cells)

    yield f"{'NORM OF':<24}{'shape':<14}" + "".join(f"{title:>15}" for title in columns)
    start = 0
    for name, parameter in parameters:
        yield norms(name, parameter.shape, slice(start, start + parameter.size))
        start += parameter.size
    yield norms("all as one vector", (parameters.size,), slice(None))
    kept = "" if all(trained_flags(objective.layers)) else " that are not frozen"
    yield (
        "Gradient descent would now step to theta - learning_rate * d J, where theta is the vector "
        f"of all parameters{kept}."
    )
