"""A forward and a backward function as one scalar cost and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from ....errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from ....utils.typing import Array
from .inputs import FunctionInputs, is_float
from .owned import OwnedParameters
from .owner import PairState
from .returned import GradientMatcher, Returned
from .signature import accepts, check_no_cache_wanted, hint_of_arguments, takes_any_number


class ForwardRun(NamedTuple):
    """What one call of forward gave.

    Attributes
    ----------
    arguments
        What it was called with.
    outputs
        Its outputs without the cache.
    cache
        What it stored for backward.
    """

    arguments: list[Any]
    outputs: list[Any]
    cache: Any


class FunctionPair:
    """A pair of functions: forward(*inputs) and backward(*dy).

    Its cost is the sum of <dy, y> over the outputs y, for random arrays dy, the cotangents. By the
    chain rule its gradient is what backward(*dy) has to return.

    Attributes
    ----------
    backward : callable
        The backward function.
    inputs : FunctionInputs
        The inputs.
    forward : callable
        The forward function.
    state : PairState
        The state behind both.
    cotangents : list
        The incoming gradient of each output, in its type and dtype; None for no array.
    owned : OwnedParameters or None
        Parameters of the object whose methods the functions are.
    has_reference : bool
        Whether there is a function that computes the same as forward in higher precision.
    takes_dy : bool
        Whether backward takes incoming gradients. That of a loss need not: they are 1 then.
    captured : CapturedInputs
        The inputs that backward reads from a closure or a global.
    renews : bool
        Whether these variables get the values of each call.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        inputs: FunctionInputs,
        state: PairState,
        *,
        cache: bool,
        backward_inputs: bool,
        reference: Callable[..., Any] | None = None,
    ) -> None:
        self.forward, self.backward = forward, backward
        self._reference = reference or forward
        self.has_reference = reference is not None
        self._has_cache, self._takes_inputs = cache, backward_inputs
        self.state = state
        self.inputs = inputs
        self.cotangents: list[Any] = []
        self.owned: OwnedParameters | None = None
        self.takes_dy = True
        self.captured, self.renews = inputs.captured_by(backward), False
        self._matcher = GradientMatcher(inputs)
        self._is_passed: list[bool] | None = None

    @property
    def values(self) -> dict[str, Array]:
        """All arrays that `wrt` asks for, by name: inputs, then the parameters of the object."""
        owned = self.owned.values if self.owned else {}
        wrt = self.inputs.wrt
        return {
            name: value
            for name, value in self.inputs.values.items()
            if self.inputs.is_selected(name)
        } | {name: value for name, value in owned.items() if wrt is None or name in wrt}

    def run(self, values: Mapping[str, Array]) -> ForwardRun:
        """Call forward, its randomness frozen."""
        arguments = self.inputs.arguments(values)
        if self.owned:
            self.owned.set(values)
        self.state.reset()
        result = self.forward(*arguments)
        stored = None
        if self._has_cache:
            if not isinstance(result, list | tuple) or len(result) < 2:
                raise ArgumentError(
                    "forward must return (out, cache) with cache=True, got "
                    f"{type(result).__name__}: leave out cache=True, or return both"
                )
            stored = result[-1]
        return ForwardRun(arguments, self.outputs_of(result), stored)

    def outputs_of(self, result: Any) -> list[Any]:
        """Return the outputs of forward without the cache."""
        if self._has_cache:
            return list(result[:-1])
        return list(result) if isinstance(result, list | tuple) else [result]

    def first_run(self, values: Mapping[str, Array]) -> ForwardRun:
        """Call forward and check what it returns, for the first time."""
        run = self.run(values)
        self.state.leave_out_stored()
        for number, output in enumerate(run.outputs):
            _check_output(output, number, has_cache=self._has_cache)
        if not any(is_real_output(output) for output in run.outputs):
            raise DtypeError(
                "forward must return an array of floats, got "
                + ", ".join(map(_described, run.outputs))
                + ": return the output, for inputs of floats (x.astype(float))"
            )
        return run

    def draw_cotangents(self, run: ForwardRun, rng: np.random.Generator) -> list[Any]:
        """Return standard normal numbers for each output, in its own type and dtype.

        They are 1 for the backward function of a loss that takes no incoming gradient.
        """
        if not self._has_cache:
            check_no_cache_wanted(self.backward, len(run.outputs))
        cotangents = [_random_like(output, rng) for output in run.outputs]
        of_floats = list(map(is_number_array, run.outputs))
        incoming = list(compress(cotangents, of_floats))
        if len(incoming) == 1 and np.size(incoming[0]) == 1:
            more = self._arguments_after_dy(run)
            with_dy = (incoming, cotangents)
            self.takes_dy = not accepts(self.backward, more) or any(
                accepts(self.backward, [*dys, *more]) for dys in with_dy
            )
            if not self.takes_dy:
                pairs = zip(cotangents, of_floats, strict=True)
                return [np.ones_like(dy) if is_float else dy for dy, is_float in pairs]
        self._is_passed = which_are_passed(
            self.backward, run.outputs, cotangents, self._arguments_after_dy(run)
        )
        return cotangents

    def _passed(self, cotangents: list[Any]) -> list[Any]:
        if not self.takes_dy:
            return []
        return list(compress(cotangents, self._is_passed or [True] * len(cotangents)))

    def cost(self, values: Mapping[str, Array]) -> Any:
        """Return the sum of <dy, y>."""
        return inner_product(self.cotangents, self.run(values).outputs)

    def reference_cost(self, values: Mapping[str, Array]) -> Any:
        """Return the same sum for the outputs of the function in higher precision."""
        if self.owned:
            self.owned.set(values)
        self.state.reset()
        result = self._reference(*self.inputs.arguments(values, double=True))
        outputs = list(result) if isinstance(result, list | tuple) else [result]
        if self._has_cache and len(outputs) == len(self.cotangents) + 1:
            outputs.pop()
        shapes, expected = [list(map(np.shape, arrays)) for arrays in (outputs, self.cotangents)]
        if shapes != expected:
            raise ShapeError(
                f"reference must return outputs of the shapes of forward's, {expected}, got "
                f"{shapes}"
            )
        return inner_product(self.cotangents, outputs)

    def output(self, values: Mapping[str, Array]) -> Array:
        """Return the outputs: the array itself if it is the only one, else all in one vector."""
        return as_vector(self.run(values).outputs)

    def vjp(self, values: Mapping[str, Array], cotangents: list[Any] | None = None) -> Returned:
        """Call forward, then backward; return the gradients."""
        run = self.run(values)
        copies = copy_arrays(cotangents or self.cotangents)
        if not self.owned:
            return self._matcher.match(self.call_backward(run, copies))
        self.owned.zero_gradients()
        returned = self._matcher.match(self.call_backward(run, copies), has_parameters=True)
        for name, gradient in self.owned.gradients().items():
            if name in self.values:
                returned.take(name, self.values[name].shape, gradient)
        return returned

    def call_backward(self, run: ForwardRun, cotangents: list[Any]) -> Any:
        """Return what backward returns after a run of forward, for these very arrays."""
        arguments = [*self._passed(cotangents), *self._arguments_after_dy(run)]
        if not self.renews:
            return self.backward(*arguments)
        with self.captured.renewed(run.arguments):
            return self.backward(*arguments)

    def hint_for(self, error: Exception, run: ForwardRun) -> str:
        """Return what to pass if backward raised a TypeError for its arguments, else ""."""
        if not isinstance(error, TypeError):
            return ""
        arguments = [*self._passed(self.cotangents), *self._arguments_after_dy(run)]
        return hint_of_arguments(self.backward, arguments)

    def _arguments_after_dy(self, run: ForwardRun) -> list[Any]:
        if self._has_cache:
            return [run.cache]
        return run.arguments if self._takes_inputs else []


def which_are_passed(
    backward: Callable[..., Any],
    outputs: Sequence[Any],
    cotangents: Sequence[Any],
    others: Sequence[Any],
) -> list[bool]:
    """Return which incoming gradients backward takes, before its other arguments.

    Those are of the outputs of floats, unless only one for each output is what its signature takes.
    """
    of_floats = list(map(is_number_array, outputs))
    some, each = list(compress(cotangents, of_floats)), list(cotangents)
    takes_each = accepts(backward, [*each, *others]) and (
        not accepts(backward, [*some, *others]) or takes_any_number(backward)
    )
    return [True] * len(each) if takes_each else of_floats


def as_vector(outputs: list[Any]) -> Array:
    """Return the array itself if it is the only one, else all in one vector."""
    arrays = [np.asarray(y) for y in outputs if is_number_array(y)]
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate([y.ravel() for y in arrays])


def copy_arrays(cotangents: list[Any]) -> list[Any]:
    """Return copies, in their types and dtypes."""
    return [np.array(dy) if isinstance(dy, np.ndarray) else dy for dy in cotangents]


def is_number_array(output: Any) -> bool:
    """Return whether an output counts: an array or number of floats, or complex ones."""
    if isinstance(output, np.ndarray | np.generic | float | complex):
        array = np.asarray(output)
        return array.dtype.kind == "c" or is_float(array)
    return False


def is_real_output(output: Any) -> bool:
    """Return whether an output is an array or number of real floats."""
    return is_number_array(output) and not np.iscomplexobj(output)


def inner_product(cotangents: list[Any], outputs: list[Any]) -> Any:
    """Return the sum of <dy, y>, in float64 or complex128."""
    total: Any = 0.0
    for dy, y in zip(cotangents, outputs, strict=True):
        if is_number_array(y) and dy is not None:
            array = np.asarray(y)
            double = np.complex128 if array.dtype.kind == "c" else np.float64
            weights = np.asarray(dy).astype(np.float64, copy=False)
            total = total + (weights * array.astype(double, copy=False)).sum()
    return total


def _check_output(output: Any, number: int, *, has_cache: bool) -> None:
    if is_number_array(output):
        if np.iscomplexobj(output):
            raise DtypeError(
                "forward must return real numbers, got complex ones: return their real and "
                "imaginary parts"
            )
        if not np.isfinite(np.asarray(output).astype(np.float64)).all():
            raise NonFiniteError(
                f"output {number} of forward must be finite to be checked, got NaN or infinity"
            )
    elif isinstance(output, Mapping | list | tuple) and not has_cache:
        cure = "pass cache=True if it is what backward needs"
        if not number:
            cure = "return them one by one, in a tuple: return y1, y2"
        raise ArgumentError(
            f"forward must return arrays, got {type(output).__name__} as output {number}: {cure}"
        )


def _described(output: Any) -> str:
    is_array = isinstance(output, np.ndarray)
    return f"an array of {output.dtype}" if is_array else type(output).__name__


def _random_like(output: Any, rng: np.random.Generator) -> Any:
    if not is_number_array(output):
        if isinstance(output, np.ndarray):
            return np.zeros(output.shape, int)  # nothing flows back through integers
        return None
    array = np.asarray(output)
    dy = rng.standard_normal(array.shape)
    typed: Array = np.asarray(dy).astype(array.dtype)
    return typed if isinstance(output, np.ndarray) else typed[()]
