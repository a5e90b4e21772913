"""Helpers of a function that round numbers to a format, such as bfloat16."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from ....utils.typing import Array
from .constants import COARSEST_UNIT, DITHER

_ROUNDING = frozenset({"view", "frexp", "ldexp", "round", "rint", "around", "spacing", "bfloat16"})
"""What a function uses that rounds without NumPy's types, which the copy replaces. Others are not
replaced, so that edits and the tape look into them."""


def without_rounding(original: FunctionType, copied: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives back its argument where the original only rounds it.

    Otherwise it calls the copy. NumPy has no bfloat16: code that computes in it rounds each result
    by a helper of its own.

    Parameters
    ----------
    original : function
        A function of the user, called as often as the copy would be.
    copied : callable
        Its copy in float64.

    Returns
    -------
    callable
        What stands for it in float64; the copy itself if it takes more than one argument, or uses
        nothing that rounds.
    """
    code, defaults = original.__code__, original.__defaults__ or ()
    takes_one = code.co_argcount - len(defaults) <= 1 <= code.co_argcount
    if not takes_one or _ROUNDING.isdisjoint(code.co_names):
        return copied
    # A partial function counts as one that only computes, so that edits may call it.
    return functools.partial(_call, [], original, copied)


def _call(
    rounds: list[bool],
    original: FunctionType,
    copied: Callable[..., Any],
    *arguments: Any,
    **options: Any,
) -> Any:
    """Call the copy; `rounds` keeps what the first call with floats has shown."""
    if len(arguments) == 1 and not options:
        (value,) = arguments
        if not rounds and _is_double(value):
            rounds.append(_only_rounds(original, np.asarray(value)))
        if any(rounds):
            return value.copy() if hasattr(value, "copy") else value
    return copied(*arguments, **options)


def _is_double(value: Any) -> bool:
    is_number = isinstance(value, np.ndarray | np.generic | float)
    return is_number and np.asarray(value).dtype in (np.float64, np.complex128)


def _only_rounds(function: FunctionType, values: Array) -> bool:
    """Return whether numbers near these become others, by no more than rounding.

    The numbers themselves may be such as the format holds.
    """
    exact = values.real + np.where(values.real == 0, 1.0, values.real) * DITHER * np.pi
    try:
        rounded = function(exact.copy() if exact.ndim else float(exact))
    except Exception:  # it takes something else
        return False
    if not isinstance(rounded, np.ndarray | float | np.generic):
        return False
    array = np.asarray(rounded)
    if array.dtype.kind != "f" or array.shape != exact.shape:
        return False
    gap = np.abs(array.astype(np.float64) - exact)
    return bool(gap.any() and (gap <= COARSEST_UNIT * np.abs(exact)).all())
