"""check_course: the functions of the deep-learning course, with its names and dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..gradcheck.functions.check_gradients import check_gradients
from ..gradcheck.report.report import Report
from .course_function import BACKWARD, COST, FORWARD, CourseFunction


def check_course(
    forward_propagation: Callable[..., Any],
    backward_propagation: Callable[..., Any] | None,
    X: Any,
    Y: Any,
    parameters: Any,
    *,
    compute_cost: Callable[..., Any] | None = None,
    method: str = "auto",
    epsilon: float | None = None,
    seed: int = 0,
    **options: Any,
) -> Report:
    """Check the backward propagation of a course, in its conventions.

    Functions are called with what their arguments are named after, in any order: ``X``, ``Y``,
    ``parameters`` or one of its keys (``w``, ``b``, ``theta``), ``cache`` or ``caches``, the output
    (``AL``, ``A3``, ``Y_hat``). Everything that the functions of the notebooks "Gradient checking",
    "Regularization", "Planar data classification", "Logistic regression" and "Building your deep
    neural network" take and return is understood.

    Parameters
    ----------
    forward_propagation : callable
        Returns the cost, ``(cost, cache)``, or ``(output, cache)`` together with `compute_cost`;
        or, as the course's ``propagate(w, b, X, Y)``, ``(gradients, cost)``.
    backward_propagation : callable or None
        Returns a dictionary of gradients: "dW1" is that of "W1". Entries of other arrays, such as
        "dZ1", are set aside. One gradient alone, or one for each parameter in their order, are
        allowed. None if `forward_propagation` returns the gradients.
    X, Y : array_like
        Data and labels, in the shapes that the functions take; None for what they do not take.
    parameters : dict of str to array_like, or array_like
        The point at which to check. An array or a number stands for ``{"theta": parameters}``.
    compute_cost : callable, optional
        ``compute_cost(AL, Y)`` returns the cost of an output; it may also take ``parameters``, and
        options such as ``lambd``.
    method : {"auto", "complex", "central"}, default "auto"
        How the numeric derivatives are computed, see `check_gradients`.
    epsilon : float, optional
        The step of ``method="central"``, 1e-7 by default.
    seed : int, default 0
        Seed of the checker, and of ``np.random`` at each call of a function: a dropout mask that is
        drawn in forward propagation is the same at each call.
    **options : object
        Further arguments of the functions by name, such as ``lambd=0.7`` or ``keep_prob=0.8``. Each
        is passed to every function that has an argument of this name.

    Returns
    -------
    Report
        One check per array of `parameters`; a note lists what was set aside.

    Raises
    ------
    ArgumentError
        If it is not clear what an argument stands for, if no function takes one of `options`, or
        if forward propagation returns no cost and there is no `compute_cost`.

    See Also
    --------
    grade : A whole class at once.
    minidl.check_gradients : Any cost and its gradients.

    References
    ----------
    DeepLearning.AI, "Improving Deep Neural Networks", week 1: "Gradient checking".

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.adapters import check_course
    >>> def forward_propagation(X, Y, parameters):
    ...     A = np.tanh(parameters["W1"] @ X)
    ...     return np.sum((A - Y) ** 2), A
    >>> def backward_propagation(X, Y, cache):
    ...     dA = 2 * (cache - Y)
    ...     return {"dA": dA, "dW1": (dA * (1 - cache)) @ X.T}  # wrong: 1 - cache**2
    >>> X, Y = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0, 0.0]])
    >>> parameters = {"W1": np.array([[0.1, -0.4]])}
    >>> report = check_course(forward_propagation, backward_propagation, X, Y, parameters)
    >>> report.ok, report.guilty.parameter
    (False, 'W1')
    """
    theta = parameters if isinstance(parameters, Mapping) else {"theta": parameters}
    network = _Network(
        forward_propagation, backward_propagation, compute_cost, X, Y, theta, options, seed
    )
    network.check_functions()
    report = check_gradients(
        network.cost,
        network.gradients,
        {name: _as_floats(value) for name, value in theta.items()},
        method=method,
        epsilon=epsilon,
        seed=seed,
    )
    report.title = f"{network.title}: {report.title}"
    if network.set_aside:
        report.notes.append(
            f"set aside, as they are no gradients of parameters: {', '.join(network.set_aside)}"
        )
    return report


class _Network:
    """Forward propagation, cost and backward propagation as functions of the parameters."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any] | None,
        cost: Callable[..., Any] | None,
        X: Any,
        Y: Any,
        parameters: Mapping[str, Any],
        options: Mapping[str, Any],
        seed: int,
    ) -> None:
        data = {"X": X, "Y": Y}
        self._data = {name: _as_array(value) for name, value in data.items() if value is not None}
        self.set_aside: list[str] = []
        available, names = {*self._data, "parameters"}, {*parameters}

        self._forward = CourseFunction(forward, FORWARD, available, names, options, seed)
        available |= {"output", "cache"}
        self._cost = self._backward = None
        if cost is not None:
            self._cost = CourseFunction(cost, COST, available, names, options, seed)
        if backward is not None:
            self._backward = CourseFunction(backward, BACKWARD, available, names, options, seed)
        self._check_options(options)

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

    def check_functions(self) -> None:
        """Refuse functions that return no cost."""
        if self._backward is None or self._cost is not None:
            return
        if self._backward.takes("Y") and not self._forward.takes("Y") and "Y" in self._data:
            raise ArgumentError(
                f"{self._forward.name} does not take Y, so it returns no cost: pass "
                "compute_cost=compute_cost, which returns the cost of its output and Y"
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
        if self._cost is None and np.size(cost) > 1:
            raise ArgumentError(
                f"{self._forward.name} must return the cost first, got an array of shape "
                f"{np.shape(cost)}: pass compute_cost=compute_cost if it is the output"
            )
        return cost

    def gradients(self, parameters: Mapping[str, Any]) -> Any:
        """Return the gradients under the names of the parameters."""
        values = self._propagate(parameters)
        result = values["gradients"] if self._backward is None else self._backward(values)
        return self._named(result, list(parameters))

    def _named(self, result: Any, names: list[str]) -> Any:
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
