"""The base class of the recurrent layers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from ..initializers import Initializer, Orthogonal, Xavier, Zeros
from ..parameters import InitFunction, Parameter
from ..utils.foreign_words import explain_arguments
from ..utils.linalg import common_dtype, matmul_into
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.validation import check_flag, check_number, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, UnknownRank, as_float_array
from .gates import GateByGate, repeat_for_units
from .padding import find_padding


@ignore_underflow("forward", "backward", "backward_parameters")
@explain_arguments("__init__")
class Recurrent(Layer):
    """Base of the recurrent layers: what they have in common, around the steps over time.

    x has shape (m, t, in_features). Inside of the layer arrays are time-major, (t, m, ...), so that
    all examples of one step lie together. What does not depend on the previous state is computed
    for all steps at once: the products with `weight` before the loop over time, which `run_forward`
    has, and the parameters' gradients and dx after the loop of `run_backward`.

    Gates are sigmoids or tanh. Since sigmoid(z) = tanh(z / 2) / 2 + 1 / 2, which never overflows,
    one call of tanh serves all gates: the rows of the weights and biases are multiplied by a scale
    s, 1/2 for a sigmoid and 1 for tanh, once per forward pass.

    Parameters
    ----------
    in_features : int
        The number of features per step, >= 1.
    units : int
        The number of features of the state, >= 1.
    return_sequences : bool, default True
        Whether the output has the states of all steps or only the last.
    skip_padding : bool, default False
        Whether steps at the end of a sequence whose features are all 0 are skipped.
    learn_initial_state : bool, default False
        Whether the initial state is a parameter instead of 0.
    init : Initializer or callable, default Xavier()
        Draws `weight`.
    recurrent_init : Initializer or callable, default Orthogonal()
        Draws the square matrix of each gate in `recurrent_weight`.

    Attributes
    ----------
    gate_scales : tuple of float
        The scale s of each gate, in the order of the rows of `weight`.
    bias_init : Initializer
        Draws `bias`.
    """

    rounds_inside = True
    gate_scales: ClassVar[tuple[float, ...]] = (1.0,)
    bias_init: ClassVar[Initializer] = Zeros()

    _inputs: Array  # (t, m, in_features)
    _states: Array  # (t + 1, m, units): the initial state, then that after each step
    _padding: Array | None = None  # (t, m, 1): whether a step is padding; None without skipping
    _y: Array | None = None

    def __init__(
        self,
        in_features: int,
        units: int,
        *,
        return_sequences: bool = True,
        skip_padding: bool = False,
        learn_initial_state: bool = False,
        init: InitFunction | None = None,
        recurrent_init: InitFunction | None = None,
    ) -> None:
        self.in_features = check_number(in_features, "in_features", integer_at_least(1), self)
        self.units = check_number(units, "units", integer_at_least(1), self)
        self.return_sequences = check_flag(return_sequences, "return_sequences", self)
        self.skip_padding = check_flag(skip_padding, "skip_padding", self)
        self.learn_initial_state = check_flag(learn_initial_state, "learn_initial_state", self)
        rows = len(self.gate_scales) * self.units
        self.weight = Parameter(
            (rows, self.in_features), init=init or Xavier(), fan_in=self.in_features
        )
        self.recurrent_weight = Parameter(
            (rows, self.units), init=GateByGate(recurrent_init or Orthogonal()), fan_in=self.units
        )
        self.bias = Parameter((rows,), init=self.bias_init, fan_in=self.in_features)
        self.initial_state = self.initial_parameter()
        self.add_parameters()

    def initial_parameter(self) -> Parameter | None:
        """Return a new parameter for an initial state.

        Returns
        -------
        Parameter of shape (units,), or None
            None if initial states are not learned.
        """
        return Parameter((self.units,), init=Zeros()) if self.learn_initial_state else None

    def add_parameters(self) -> None:
        """Make the parameters that only this kind of layer has; by default there are none."""

    @abstractmethod
    def run_forward(self, z: Array, recurrent_weight: Array) -> None:
        """Compute the states of all steps.

        Parameters
        ----------
        z : ndarray of shape (t, m, gates * units)
            s (weight @ x + bias) for each gate, which may be overwritten. `backward` does so.
        recurrent_weight : ndarray of shape (units, gates * units)
            s recurrent_weight, transposed.
        """

    @abstractmethod
    def run_backward(self, dstates: Array, dz: Array) -> None:
        """Compute the gradients of all steps, from the last to the first.

        Parameters
        ----------
        dstates : ndarray of shape (t + 1, m, units)
            What dy adds to the gradient of each state. The gradient that comes back from the next
            step is to be added, so that dstates[0] becomes that of the initial state.
        dz : ndarray of shape (t, m, gates * units)
            Uninitialized; the gradient with respect to the products with `recurrent_weight` is
            written into it.
        """

    def input_gradient(self, dstates: Array, dz: Array) -> Array:
        """Return the gradient with respect to weight @ x + bias, after `run_backward`.

        Parameters
        ----------
        dstates : ndarray of shape (t + 1, m, units)
            The gradients of the states.
        dz : ndarray of shape (t, m, gates * units)
            The gradient with respect to the products with `recurrent_weight`, which may be
            overwritten.

        Returns
        -------
        ndarray of shape (t, m, gates * units)
            By default `dz`: both products are only added.
        """
        return dz

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        if x.ndim != 3 or x.shape[2] != self.in_features:
            raise ShapeError(
                f"{self} expects x of shape (m, t, {self.in_features}), one sequence per example, "
                f"got {x.shape}"
            )
        m, t, _ = x.shape
        dtype = common_dtype(x, self.weight.value)
        inputs = self._inputs = self._time_major("inputs", (t, m, self.in_features), dtype)
        inputs[...] = x.transpose(1, 0, 2)
        states = self._states = self._time_major("states", (t + 1, m, self.units), dtype)
        states[0] = 0 if self.initial_state is None else self.initial_state.value
        self._padding = find_padding(inputs, self.workspace) if self.skip_padding else None
        self.run_forward(self._input_products(inputs), self._scaled("recurrent_weight", dtype))
        if self.return_sequences:
            y = self._y = get_workspace(self.workspace, "y", (m, t, self.units), dtype)
            y[...] = states[1:].transpose(1, 0, 2)
            if self._padding is not None:
                np.copyto(y, 0, where=self._padding.transpose(1, 0, 2))
        else:
            y = self._y = get_workspace(self.workspace, "y", (m, self.units), dtype)
            y[...] = states[-1]
        return y

    def _input_products(self, inputs: Array) -> Array:
        """Return s (weight @ x + bias) for all steps and gates."""
        t, m, _ = inputs.shape
        z = self._time_major("z", (t, m, self.bias.size), inputs.dtype)
        matmul_into(_rows(inputs), self._scaled("weight", inputs.dtype), _rows(z))
        return np.add(z, self._scaled("bias", inputs.dtype), out=z)

    def _scaled(self, name: str, dtype: np.dtype[Any]) -> Array:
        """Return a parameter times the scales of the gates, transposed."""
        transposed = getattr(self, name).value.T
        scaled = get_workspace(self.workspace, f"scaled {name}", transposed.shape, dtype)
        scales = repeat_for_units(self.gate_scales, self.units, dtype)
        np.multiply(transposed, scales, out=scaled)
        return scaled

    def backward(self, dy: Array) -> Array:
        dz = self._backward_parameters(dy)
        t, m, d = self._inputs.shape
        by_time = self._time_major("dx by time", (t, m, d), dz.dtype)
        matmul_into(_rows(dz), self.weight.value, _rows(by_time))
        dx = get_workspace(self.workspace, "dx", (m, t, d), dz.dtype)
        dx[...] = by_time.transpose(1, 0, 2)
        return dx

    def backward_parameters(self, dy: Array) -> None:
        self._backward_parameters(dy)

    def _backward_parameters(self, dy: Array) -> Array:
        """Compute the parameters' gradients; return that with respect to weight @ x + bias."""
        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        inputs, states = self._inputs, self._states
        t, m, _ = inputs.shape
        dtype = common_dtype(dy, states)
        dstates = self._output_gradient(dy, dtype)
        dz = self._time_major("z", (t, m, self.bias.size), dtype)  # forward needs it no more
        self.run_backward(dstates, dz)
        matmul_into(_rows(dz).T, _rows(states[:-1]), self.recurrent_weight.grad)
        if self.initial_state is not None:
            np.sum(dstates[0], axis=0, out=self.initial_state.grad)
        dz = self.input_gradient(dstates, dz)
        matmul_into(_rows(dz).T, _rows(inputs), self.weight.grad)
        np.sum(_rows(dz), axis=0, out=self.bias.grad)
        return dz

    def _output_gradient(self, dy: Array, dtype: np.dtype[Any]) -> Array:
        """Return what dy adds to the gradients of the states."""
        dstates = self._time_major("dstates", self._states.shape, dtype)
        if not self.return_sequences:
            dstates[:-1] = 0
            dstates[-1] = dy
            return dstates
        dstates[0] = 0
        dstates[1:] = dy.transpose(1, 0, 2)
        if self._padding is not None:
            np.copyto(dstates[1:], 0, where=self._padding)
        return dstates

    def _time_major(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> Array:
        """Return a work array (t, m, features), of which one for fewer examples is a part."""
        t, m, features = shape
        return get_workspace(self.workspace, name, (t * m, features), dtype).reshape(shape)

    def _gate_major(self, name: str, t: int, m: int, dtype: np.dtype[Any]) -> Array:
        """Return a work array (gates, t, m, units), in which each gate is contiguous.

        NumPy takes ten times as long for rows of which each is a part of a longer one.
        """
        gates, units = len(self.gate_scales), self.units
        rows = get_workspace(self.workspace, name, (gates * t * m, units), dtype)
        return rows.reshape(gates, t, m, units)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if type(shape) is tuple and len(shape) != 2:
            cure = " (pass X[..., np.newaxis])" if (len(shape), self.in_features) == (1, 1) else ""
            raise ShapeError(f"expects sequences (t, {self.in_features}), got {shape}{cure}")
        if shape is not None and shape[-1:] != (self.in_features,):
            raise ShapeError(f"expects {self.in_features} features per step, got {shape[-1]}")
        if not self.return_sequences:
            return (self.units,)
        if type(shape) is tuple:
            return (shape[0], self.units)
        return UnknownRank((self.units,))

    def settings(self) -> dict[str, Any]:
        """Return the constructor arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            All but the initializers: a saved model has its weights.
        """
        return {"in_features": self.in_features, "units": self.units, **self._options()}

    def _options(self) -> dict[str, bool]:
        return {
            "return_sequences": self.return_sequences,
            "skip_padding": self.skip_padding,
            "learn_initial_state": self.learn_initial_state,
        }

    def __repr__(self) -> str:
        default = {"return_sequences": True}
        options = [
            f", {name}={value}"
            for name, value in self._options().items()
            if value is not default.get(name, False)
        ]
        return f"{type(self).__name__}({self.in_features}, {self.units}{''.join(options)})"


def _rows(by_time: Array) -> Array:
    """Return an array (t, m, features) as rows (t * m, features)."""
    return by_time.reshape(-1, by_time.shape[2])
