"""Primitives of HIPS autograd, whose vector-Jacobian products `defvjp` defines by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import require_extra
from ..gradcheck.report.report import Report
from .framework import arguments_of, as_arrays, check_pair, is_array_of_floats

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

    Needs autograd: ``pip install minidl[autograd]``.

    Parameters
    ----------
    function : callable
        A ``primitive``, or any function of such that returns one array.
    *inputs : object
        Its arguments. Arrays of floats are differentiated; all else is passed as it is.
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
        from autograd import make_vjp

    def gradients(cotangents: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
        result: list[Any] = []
        for position, argument in enumerate(arguments):
            gradient = None
            if is_array_of_floats(argument):
                try:
                    vjp, _ = make_vjp(function, position)(*arguments)
                    gradient = vjp(cotangents[0])
                except NotImplementedError:  # of autograd: no VJP of this argument
                    gradient = None
            result.append(gradient)
        return result

    raw = getattr(function, "fun", function)  # a primitive hides its arguments
    name = getattr(raw, "__name__", "function")
    options: dict[str, Any] = {"wrt": wrt, "budget": budget, "seed": seed}
    options["reference"] = reference
    arrays = as_arrays(inputs)
    return check_pair(function, gradients, arrays, arguments_of(raw), name, options)
