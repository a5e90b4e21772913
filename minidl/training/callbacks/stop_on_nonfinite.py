"""Stops a training that diverges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import NonFiniteError
from ...layers.base import Layer
from ...layers.container import Container
from ...utils.validation import all_finite
from .base import Callback, TrainingRun


class StopOnNonFinite(Callback):
    """Stop before the step when the loss or the gradient is NaN or infinite.

    `fit` adds this callback unless there is one. The error names epoch, batch and layer. The model
    gets back its parameters of at most 16 steps earlier, when everything was finite.

    Parameters
    ----------
    enabled : bool, default True
        Pass False to train on with NaN and infinity.

    Raises
    ------
    NonFiniteError
        From `fit`.

    Examples
    --------
    >>> from minidl import GradientDescent, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> optimizer = GradientDescent(1e3)
    >>> model.fit([[1.0]], [0.0], optimizer=optimizer, epochs=99, progress=False)
    Traceback (most recent call last):
    minidl.errors.NonFiniteError: training must stay finite, but at epoch 7, ...
    """

    EVERY = 16  # steps: a copy of the parameters at each step would take 2 % of the time

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled

    def on_train_begin(self, run: TrainingRun) -> None:
        objective = run.model.objective_function
        self._parameters = objective.parameters
        self._buffers = objective.buffers
        self._finite_theta = self._parameters.theta.copy()
        self._buffer_values = [buffer.value for buffer in self._buffers.values()]
        self._finite_buffers = self._buffers.copy_values()
        self._finite_at = "the start"
        self._steps = 0
        # Of a layer without parameters, an output that is not finite shows in a gradient.
        self._trainable = sorted({int(name.partition(".")[0]) for name, _ in self._parameters})
        modules = objective.modules
        self._containers = [module for module in modules if isinstance(module, Container)]
        if self._containers:
            self._trainable_ids = {id(module) for module in modules if module.parameters()}

    def on_gradient(self, run: TrainingRun) -> None:
        if not self.enabled or run.forward_pass is None:
            return
        parameters = self._parameters
        outputs = run.forward_pass.outputs
        # An infinite output may not show in the loss: tanh makes it 1.
        checked_outputs = [outputs[i] for i in self._trainable]
        for container in self._containers:
            for _, layer, output in container.inner_outputs():
                if id(layer) in self._trainable_ids:
                    checked_outputs.append(output)
        checked = (parameters.grad, *checked_outputs, *self._buffer_values)
        if math.isfinite(run.loss) and all_finite(*checked):
            if self._steps % self.EVERY == 0:
                np.copyto(self._finite_theta, parameters.theta)
                self._finite_buffers = self._buffers.copy_values()
                self._finite_at = f"epoch {run.epoch}, batch {run.batch}"
            self._steps += 1
            return
        cause = "the gradient is not finite"
        with np.errstate(all="ignore"):
            for description, array in _computed_arrays(run):
                if not all_finite(np.asarray(array)):
                    cause = description
                    break
        parameters.make_read_only(False)
        parameters.theta = self._finite_theta
        self._buffers.restore(self._finite_buffers)
        raise NonFiniteError(
            f"training must stay finite, but at epoch {run.epoch}, batch {run.batch}, {cause}. "
            f"The model has the parameters of {self._finite_at}, when everything was finite. Try "
            f"a smaller learning rate (now {run.optimizer.learning_rate:g}), or scale the inputs"
        )


def _computed_arrays(run: TrainingRun) -> Iterator[tuple[str, Any]]:
    """Yield each array in the order of computation, and what to say if it is not finite."""
    objective = run.model.objective_function
    if run.forward_pass is None or run.data is None:
        return
    layers = list(enumerate(objective.layers_before_loss))
    for (i, layer), output in zip(layers, run.forward_pass.outputs, strict=True):
        yield from _forward_arrays(str(i), layer, output)
    for name, buffer in objective.buffers.items():
        index, _, buffer_name = name.partition(".")
        layer = objective.layers[int(index)]
        yield f"layer {index}, {layer}, has a {buffer_name} that is not finite", buffer.value
    yield f"the loss, {objective.loss}, is {run.loss}", run.loss
    dy: Any = objective.loss_backward(run.data.sample_weight)
    yield f"the loss, {objective.loss}, gives a gradient that is not finite", dy
    for i, layer in reversed(layers):
        arrays, dy = _backward_arrays(str(i), layer, dy)
        yield from arrays


def _forward_arrays(path: str, layer: Layer, output: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a layer's last forward pass, those of the layers inside of it first."""
    place = f"layer {path}, {layer},"
    if isinstance(layer, Container):
        for name, inner, inner_output in layer.inner_outputs():
            yield from _forward_arrays(f"{path}.{name}", inner, inner_output)
    else:
        for name, parameter in layer.parameters().items():
            yield f"{place} has a {name} that is not finite", parameter.value
    yield f"{place} gives an output that is not finite", output


def _backward_arrays(path: str, layer: Layer, dy: Any) -> tuple[list[tuple[str, Any]], Any]:
    """Run the backward pass of a layer; return its arrays in order, and dx."""
    arrays: list[tuple[str, Any]] = []
    place = f"layer {path}, {layer},"
    if isinstance(layer, Container):

        def run(name: str, inner: Layer, dy: Any) -> Any:
            inner_arrays, dx = _backward_arrays(f"{path}.{name}", inner, dy)
            arrays.extend(inner_arrays)
            return dx

        dx = layer.backward_through(dy, run)
    else:
        dx = layer.backward(dy)
        for name, parameter in layer.parameters().items():
            description = f"{place} has a gradient of its {name} that is not finite"
            arrays.append((description, parameter.grad))
    if dx is not None:
        arrays.append((f"{place} gives a gradient of its input that is not finite", dx))
    return arrays, dx
