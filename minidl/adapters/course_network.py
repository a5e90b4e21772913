"""The functions of a course as one cost and its gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .course_function import BACKWARD, COST, FORWARD, CourseFunction


class CourseNetwork:
    """Forward propagation, cost and backward propagation as functions of the parameters.

    Parameters
    ----------
    forward, backward, cost : callable
        The functions of a course; `backward` and `cost` may be None.
    X, Y : array_like or None
        Data and labels.
    parameters : dict of str to array_like
        The parameters; an array or a number is called "theta".
    options : dict of str to object
        Other arguments of the functions.
    seed : int
        Seed of ``np.random`` at each call.

    Attributes
    ----------
    parameters : dict of str to array_like
        The point at which to check; integers have become floats.
    set_aside : list of str
        The keys of gradients that belong to no parameter, after a call of `gradients`.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any] | None,
        cost: Callable[..., Any] | None,
        X: Any,
        Y: Any,
        parameters: Any,
        options: Mapping[str, Any],
        seed: int,
    ) -> None:
        if not isinstance(parameters, Mapping):
            parameters = {"theta": parameters}
        self.parameters = {name: _as_floats(value) for name, value in parameters.items()}
        data = {"X": X, "Y": Y}
        self._data = {name: _as_array(value) for name, value in data.items() if value is not None}
        self.set_aside: list[str] = []
        available, names = {*self._data, "parameters"}, {*parameters}

        self._forward = CourseFunction(forward, FORWARD, available, names, options, seed)
        # Without compute_cost, forward propagation returns the cost in place of the output.
        available |= {"cache"} if cost is None else {"output", "cache"}
        self._cost = self._backward = None
        if cost is not None:
            self._cost = CourseFunction(cost, COST, available, names, options, seed)
        if backward is not None:
            self._backward = CourseFunction(backward, BACKWARD, available, names, options, seed)
        self._check_options(options)
        self._check_cost()

    @property
    def _functions(self) -> list[CourseFunction]:
        return [f for f in (self._forward, self._cost, self._backward) if f is not None]

    @property
    def title(self) -> str:
        """The names of the functions."""
        if self._backward is None:
            return self._forward.name
        return f"{self._backward.name} of {self._forward.name}"

    def _check_options(self, options: Mapping[str, Any]) -> None:
        for name in options:
            if not any(function.takes(f"option {name}") for function in self._functions):
                listed = ", ".join(function.name for function in self._functions)
                raise ArgumentError(f"none of {listed} has an argument {name}: leave it out")

    def _check_cost(self) -> None:
        if self._backward is None or self._cost is not None:
            return
        if self._backward.takes("Y") and not self._forward.takes("Y") and "Y" in self._data:
            raise ArgumentError(
                f"{self._forward.name} does not take Y, so it returns no cost: pass "
                "compute_cost=compute_cost, which returns the cost of its output and Y"
            )

        outputs = self._backward.named_after("output")
        if outputs:
            raise ArgumentError(
                f"it is not clear what {outputs[0]} of {self._backward.name} stands for: "
                f"{self._forward.name} returns the cost, and no output; keep it in the cache, or "
                "pass compute_cost=compute_cost"
            )

    def _propagate(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        values = {**self._data, "parameters": parameters}
        result = self._forward(values)
        if self._backward is None:
            return values | dict(zip(("gradients", "cost"), self._in_order(result), strict=True))
        parts = result if isinstance(result, tuple) else (result, None)
        values |= {"output": parts[0], "cost": parts[0], "cache": parts[-1]}
        if self._cost is not None:
            values["cost"] = self._cost(values)
        return values

    def _in_order(self, result: Any) -> tuple[Any, Any]:
        if isinstance(result, tuple) and len(result) == 2:
            for gradients, cost in (result, result[::-1]):
                if isinstance(gradients, Mapping):
                    return gradients, cost
        raise ArgumentError(
            f"without backward_propagation, {self._forward.name} must return (gradients, cost), "
            f"the gradients as a dictionary, got {type(result).__name__}"
        )

    def cost(self, parameters: Mapping[str, Any]) -> Any:
        """Return the cost."""
        cost = self._propagate(parameters)["cost"]
        if np.asarray(cost).dtype.kind not in "iufc":
            raise ArgumentError(
                f"{(self._cost or self._forward).name} must return a number as the cost, got "
                f"{type(cost).__name__}"
            )
        if self._cost is None and np.size(cost) > 1:
            raise ArgumentError(
                f"{self._forward.name} must return the cost first, got an array of shape "
                f"{np.shape(cost)}: pass compute_cost=compute_cost if it is the output"
            )
        return cost

    def returns_gradients(self) -> bool:
        """Return whether forward propagation is a ``propagate``, with gradients and cost."""
        result = self._forward({**self._data, "parameters": self.parameters})
        keys = {f"d{name}" for name in self.parameters}
        return (
            isinstance(result, tuple)
            and len(result) == 2
            and any(isinstance(part, Mapping) and keys & part.keys() for part in result)
        )

    def gradients(self, parameters: Mapping[str, Any]) -> Any:
        """Return the gradients under the names of the parameters."""
        values = self._propagate(parameters)
        result = values["gradients"] if self._backward is None else self._backward(values)
        return self._named(result, list(parameters))

    def _named(self, result: Any, names: list[str]) -> Any:
        if result is None:
            raise ArgumentError(
                f"{self._functions[-1].name} must return the gradients, got None: end it "
                "with return gradients"
            )
        if isinstance(result, tuple) and isinstance(result[0], Mapping):
            result = result[0]  # the course's rnn_backward returns (gradients, a)
        if not isinstance(result, Mapping):
            arrays = result if isinstance(result, tuple | list) and len(names) > 1 else [result]
            return dict(zip(names, arrays, strict=False))
        key_of = {name: key for name in names for key in (f"d{name}", name) if key in result}
        self.set_aside = sorted(str(key) for key in result if key not in key_of.values())
        return {name: result[key] for name, key in key_of.items()}


def _as_array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, list | tuple) else value


def _as_floats(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind in "iub" else value
