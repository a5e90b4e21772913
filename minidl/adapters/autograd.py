"""Primitives of HIPS autograd, whose vector-Jacobian products `defvjp` defines by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import require_extra
from ..gradcheck.functions.pytree import map_leaves
from ..gradcheck.report.report import Report
from .framework import (
    arguments_of,
    as_arrays,
    as_result,
    check_pair,
    is_array_of_floats,
    leaves_of,
    require_callable,
)

__all__ = ["check"]


def check(
    function: Callable[..., Any],
    *inputs: Any,
    wrt: str | int | Sequence[str | int] | None = None,
    reference: Callable[..., Any] | None = None,
    budget: int | None = None,
    seed: int = 0,
) -> Report:
    """Check a primitive of autograd: what ``defvjp`` defines against its function.

    Needs autograd (extra ``autograd``).

    Parameters
    ----------
    function : callable
        A ``primitive``, or any function of such. It returns an array, or several in a list, a tuple
        or a dictionary.
    *inputs : object
        Its arguments. Arrays of floats are differentiated, also in lists, tuples and dictionaries
        that contain nothing else; all else is passed as it is.
    wrt : str, int, or sequence of these, optional
        The inputs to check, by name or position; by default all arrays of floats.
    reference : callable, optional
        The same function in higher precision, for one that computes in float32 or half precision.
        It takes the same arguments.
    budget : int, optional
        How many calls of the function the check may take, see `minidl.check_function`.
    seed : int, default 0
        Seed of the incoming gradients and of the checker.

    Returns
    -------
    Report
        One check per input. An input without a VJP, on which the function depends, is unresolved.

    Raises
    ------
    MissingDependencyError
        If autograd is not installed.
    ArgumentError
        If `function` or `reference` cannot be called.

    See Also
    --------
    minidl.check_function : What checks it.

    References
    ----------
    `autograd's tutorial
    <https://github.com/HIPS/autograd/blob/master/docs/tutorial.md>`_, "Extend Autograd by defining
    your own primitives".

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import defvjp, primitive
    >>> from minidl.adapters import autograd
    >>> @primitive
    ... def softplus(x):
    ...     return np.log1p(np.exp(x))
    >>> defvjp(softplus, lambda y, x: lambda dy: dy / (1 + np.exp(x)))  # wrong: exp(-x)
    >>> autograd.check(softplus, np.array([0.5, -1.0, 2.0])).guilty.parameter
    'x'
    """
    with require_extra("autograd", "autograd", "minidl.adapters.autograd.check"):
        import autograd.builtins
    require_callable(function, "a primitive or a function of arrays")
    if reference is not None:
        require_callable(reference, "a function of arrays", "reference")
    calls = _Calls(autograd, function)
    raw = getattr(function, "fun", function)  # a primitive hides its arguments
    name = getattr(raw, "__name__", "function")
    options: dict[str, Any] = {"wrt": wrt, "budget": budget, "seed": seed}
    options["reference"] = None if reference is None else _Calls(autograd, reference).forward
    arrays = as_arrays(inputs)
    return check_pair(calls.forward, calls.gradients, arrays, arguments_of(raw), name, options)


class _Calls:
    """A function of autograd as functions of NumPy's arrays."""

    def __init__(self, autograd: Any, function: Callable[..., Any]) -> None:
        self._autograd, self._function = autograd, function

    def forward(self, *arrays: Any) -> Any:
        """Return the outputs, several as a tuple."""
        outputs = self._function(*arrays)
        several = isinstance(outputs, Mapping | list | tuple)
        return as_result(leaves_of(outputs)) if several else outputs

    def gradients(self, cotangents: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
        """Return the gradients of all arguments of floats, None where there is no VJP."""
        return [
            self._gradient(position, cotangents, arrays)
            if all(map(is_array_of_floats, leaves_of(argument)))
            else None
            for position, argument in enumerate(arrays)
        ]

    def _gradient(self, position: int, cotangents: Sequence[Any], arrays: Sequence[Any]) -> Any:
        try:
            vjp, outputs = self._autograd.make_vjp(self._traced, position)(*arrays)
            remaining = iter(cotangents)
            gradient = vjp(map_leaves(lambda y: _cotangent(next(remaining), y), outputs))
        except NotImplementedError:  # of autograd: no VJP of this argument
            return None
        return map_leaves(np.array, gradient)  # a copy, as the next call may fill it again

    def _traced(self, *arguments: Any) -> Any:
        """Call the function with containers that autograd can differentiate."""
        outputs = self._function(*arguments)
        if isinstance(outputs, Mapping | list | tuple):
            return self._autograd.builtins.tuple(leaves_of(outputs))
        return outputs  # an array, or what a primitive has returned


def _cotangent(dy: Any, y: Any) -> Any:
    is_float = np.asarray(y).dtype.kind in "fc"
    return dy if is_float else np.zeros(np.shape(y))
