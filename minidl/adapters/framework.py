"""What the adapters of frameworks share: names of inputs, nested inputs, the call of the check."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..gradcheck.functions.check_function import check_function
from ..gradcheck.functions.pytree import map_leaves
from ..gradcheck.report.report import Report
from ..utils.typing import Array

PYTHON_NUMBERS = (float, complex, int, np.generic)


def require_callable(function: Any, kinds: str, name: str = "function") -> None:
    """Raise `ArgumentError` unless a function can be called.

    Parameters
    ----------
    function : object
        What a user passed.
    kinds : str
        What may be passed, such as "a primitive or a function of arrays".
    name : str, default "function"
        What the argument is called.
    """
    if not callable(function):
        raise ArgumentError(
            f"{name} must be {kinds}, got {function!r}: pass the function first, then its inputs"
        )


def leaves_of(value: Any) -> list[Any]:
    """Return the leaves of a structure of dictionaries, lists and tuples, in order."""
    leaves: list[Any] = []
    map_leaves(leaves.append, value)
    return leaves


def is_array_of_floats(value: Any) -> bool:
    """Return whether a leaf is an array to be differentiated, also in complex arithmetic."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def arguments_of(function: Any, *, skip: int = 0) -> list[str] | None:
    """Return the names of the positional arguments of a function, None if it does not tell.

    Parameters
    ----------
    function : callable
        The function.
    skip : int, default 0
        How many arguments the caller does not pass, such as ``ctx``.

    Returns
    -------
    list of str or None
        Names; None after ``*args``, too, since they name nothing.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [each.name for each in parameters if each.kind in positional]


def check_pair(
    forward: Callable[..., Any],
    gradients: Callable[[Sequence[Any], Sequence[Any]], Any],
    inputs: Sequence[Any],
    names: list[str] | None,
    title: str,
    options: Mapping[str, Any],
) -> Report:
    """Check a function of a framework by `check_function`.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs)`` takes and returns NumPy arrays.
    gradients : callable
        ``gradients(cotangents, inputs)`` returns a gradient for each input, None where there is
        none.
    inputs : sequence of object
        Arrays of NumPy, and whatever else the function takes.
    names : list of str or None
        The names of the inputs.
    title : str
        What was checked.
    options : dict of str to object
        ``wrt``, ``budget`` and ``seed`` of `check_function`.

    Returns
    -------
    Report
        Its report.
    """

    def call(*arguments: Any) -> Any:
        return forward(*arguments)

    def backward(*arguments: Any) -> Any:
        split = len(arguments) - len(inputs)
        return gradients(arguments[:split], arguments[split:])

    names = (names or [])[: len(inputs)]
    names += [f"input{number}" for number in range(len(names), len(inputs))]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    vars(call)["__signature__"] = signature
    report = check_function(call, backward, *inputs, backward_inputs=True, **options)
    report.title = f"{title}: {report.title}"
    return report


def as_arrays(inputs: Sequence[Any]) -> list[Any]:
    """Return lists of numbers among the inputs as arrays, and everything else as it is."""
    return list(map(_as_array, inputs))


def _as_array(value: Any) -> Any:
    if not isinstance(value, list) or any(map(is_array_of_floats, leaves_of(value))):
        return value
    try:
        return np.asarray(value)
    except ValueError:  # rows of unequal length
        return value


def as_result(outputs: Sequence[Array]) -> Any:
    """Return one array alone, several as a tuple, as `check_function` takes them."""
    return outputs[0] if len(outputs) == 1 else tuple(outputs)
