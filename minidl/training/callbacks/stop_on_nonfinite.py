"""Stops a training that diverges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from ...errors import NonFiniteError
from ...layers.base import Layer
from ...layers.container import Container
from ...objective import ForwardPass
from ...optimizers.full_batch import FullBatchOptimizer
from ...utils.typing import Array
from ...utils.validation import all_finite
from .base import Callback, TrainingRun

MAX_NAMES = 5  # of parameters, in a message


class StopOnNonFinite(Callback):
    """Stop before the step when the loss or the gradient is NaN or infinite.

    `fit` adds this callback unless there is one. The parameters are checked, too: after each epoch,
    before a `Checkpoint` saves, and when training ends. The error names epoch, batch and layer, and
    says which parameters the model has: those of at most 16 steps earlier, when everything was
    finite, or those of the best epoch if `EarlyStopping` has restored them.

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
        self._buffer_values = [buffer.value for buffer in self._buffers.values()]
        self._steps = 0
        self._error: NonFiniteError | None = None
        self._finite_theta = np.empty_like(self._parameters.theta)
        self._copy("the start")
        # Of a layer without parameters, an output that is not finite shows in a gradient.
        self._trainable = sorted({int(name.partition(".")[0]) for name, _ in self._parameters})
        modules = objective.modules
        self._containers = [module for module in modules if isinstance(module, Container)]
        if self._containers:
            self._trainable_ids = {id(module) for module in modules if module.parameters()}
        run.guards.append(self)

    def remember(self, place: str) -> None:
        """Copy parameters and buffers, unless they are not finite, to give them back at an error.

        Parameters
        ----------
        place : str
            Where they are from, for the error: "the checkpoint".
        """
        if not self._names_not_finite():
            self._copy(place)

    def _copy(self, place: str) -> None:
        np.copyto(self._finite_theta, self._parameters.theta)
        self._finite_buffers = self._buffers.copy_values()
        self._place = place

    def on_gradient(self, run: TrainingRun) -> None:
        if not self.enabled or run.forward_pass is None:
            return
        parameters = self._parameters
        # The loss of several processes tells all of them whether the outputs of each are finite.
        checked_outputs = self._outputs(run.forward_pass) if run.group is None else []
        checked = [parameters.grad, *checked_outputs, *self._buffer_values]
        is_copied = self._steps % self.EVERY == 0
        if is_copied:
            checked.append(parameters.theta)  # not each changes an output: rows of a table
        if math.isfinite(run.loss) and all_finite(*checked):
            if is_copied:
                self._copy(f"epoch {run.epoch}, batch {run.batch}")
            self._steps += 1
            return
        gradients = [(name, parameter.grad) for name, parameter in parameters]
        cause = general = f"the gradient of {_names_not_finite(gradients)} is not finite"
        with np.errstate(all="ignore"):
            for description, array in _computed_arrays(run):
                if not all_finite(np.asarray(array)):
                    cause = description
                    break
        if run.group is not None:  # of several processes not each has computed it
            cause = next((each for each in run.group.gather(cause) if each != general), general)
        self._stop(run, f"at epoch {run.epoch}, batch {run.batch}, {cause}")

    def is_finite(self, forward_pass: ForwardPass) -> bool:
        """Return whether what the layers have computed is finite.

        Parameters
        ----------
        forward_pass : ForwardPass
            The last pass of the model's layers.

        Returns
        -------
        bool
            True also if nothing is checked.
        """
        return not self.enabled or (
            math.isfinite(forward_pass.value) and all_finite(*self._outputs(forward_pass))
        )

    def _outputs(self, forward_pass: ForwardPass) -> list[Array]:
        """Return the outputs of the layers with parameters."""
        # An infinite output may not show in the loss: tanh makes it 1.
        outputs = [forward_pass.outputs[i] for i in self._trainable if forward_pass.outputs]
        for container in self._containers:
            for _, layer, output in container.inner_outputs():
                if id(layer) in self._trainable_ids:
                    outputs.append(output)
        return outputs

    def check_model(self, run: TrainingRun, *, at_end: bool = False) -> None:
        """Raise if a parameter or a buffer is not finite any more.

        Parameters
        ----------
        run : TrainingRun
            The training, between two steps.
        at_end : bool, default False
            Whether it has ended, so that a callback is the cause, and not the last step.

        Raises
        ------
        NonFiniteError
            The model has its last finite parameters then.
        """
        names = self._names_not_finite()
        if names and at_end:
            self._stop(run, f"at its end there was NaN or infinity in {names}")
        if names:
            cause = f"the step of {run.optimizer} left NaN or infinity in {names}"
            self._stop(run, f"at epoch {run.epoch}, batch {run.batch}, {cause}")

    def check_end(self, run: TrainingRun, error: BaseException | None) -> None:
        """Check the model that `fit` leaves, and say in the error which parameters it has.

        Parameters
        ----------
        run : TrainingRun
            The training, after `on_train_end` of all callbacks.
        error : BaseException or None
            What ended the training. The error of this callback gets the final words: another
            callback may have restored other parameters. Others get a note if the model was not
            finite.

        Raises
        ------
        NonFiniteError
            If nothing else has ended the training, and the model is not finite.
        """
        if error is None:
            self.check_model(run, at_end=True)
            return
        names = self._names_not_finite()
        if names:
            self._give_back()
        held = self._held(run)
        if isinstance(error, NonFiniteError) and error is self._error:
            error.args = (self._message(held),)
        elif names:
            error.add_note(f"There was NaN or infinity in {names}. {held}")

    def _names_not_finite(self) -> str:
        """Return the paths of parameters and buffers that are not finite, for a message."""
        if not self.enabled:
            return ""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if all_finite(self._parameters.theta, *self._buffer_values):
                return ""
            members = [*self._parameters, *self._buffers.items()]
            return _names_not_finite([(name, member.value) for name, member in members])

    def _stop(self, run: TrainingRun, problem: str) -> NoReturn:
        self._problem = problem
        rate = run.optimizer.learning_rate
        self._cure = f"a smaller learning rate (now {rate:g}), or scale the inputs"
        if isinstance(run.optimizer, FullBatchOptimizer):
            self._cure = "to scale the inputs, or smaller initial weights"
        self._give_back()
        self._error = NonFiniteError(self._message(self._held(run)))
        raise self._error

    def _give_back(self) -> None:
        self._parameters.make_read_only(False)
        self._parameters.theta = self._finite_theta
        self._buffers.restore(self._finite_buffers)

    def _held(self, run: TrainingRun) -> str:
        """Return the sentence about the parameters that the model has now."""
        names = self._names_not_finite()
        is_same = self._parameters.theta.tobytes() == self._finite_theta.tobytes()
        if is_same:
            place, rest = self._place, "when everything was finite"
        else:
            place, rest = run.restored or "a callback's choice", "which are finite"
        if names:
            rest = f"with NaN or infinity in {names}"
        return f"The model has the parameters of {place}, {rest}."

    def _message(self, held: str) -> str:
        return f"training must stay finite, but {self._problem}. {held} Try {self._cure}"


def _names_not_finite(named_arrays: Sequence[tuple[str, Array]]) -> str:
    """Return the names of the arrays that are not finite, for a message."""
    names = [name for name, array in named_arrays if not all_finite(array)]
    if len(names) > MAX_NAMES:
        names[MAX_NAMES - 1 :] = [f"{len(names) - MAX_NAMES + 1} others"]
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _computed_arrays(run: TrainingRun) -> Iterator[tuple[str, Any]]:
    """Yield each array in the order of computation, and what to say if it is not finite."""
    objective = run.model.objective_function
    if run.forward_pass is None or run.data is None:
        return
    layers = list(enumerate(objective.layers_before_loss))
    if not run.forward_pass.outputs and layers:  # other processes have all rows of the batch
        return
    for (i, layer), output in zip(layers, run.forward_pass.outputs, strict=True):
        yield from _forward_arrays(str(i), layer, output)
    for name, buffer in objective.buffers.items():
        index, _, buffer_name = name.partition(".")
        layer = objective.layers[int(index)]
        yield f"layer {index}, {layer}, has a {buffer_name} that is not finite", buffer.value
    loss = run.loss if run.group is None else run.forward_pass.value  # that of this process
    yield f"the loss, {objective.loss}, is {loss}", loss
    dy: Any = objective.loss_backward(run.forward_pass.sample_weight)
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
