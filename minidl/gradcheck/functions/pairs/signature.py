"""Whether a backward function takes what check_function would pass."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ....errors import ArgumentError, SignatureError


def accepts(function: Callable[..., Any], arguments: Sequence[Any]) -> bool:
    """Return whether a function can be called with that many arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # it has no signature
        return True
    return True


def takes_any_number(function: Callable[..., Any]) -> bool:
    """Return whether a function takes any number of arguments, such as ``*dys``."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # it has no signature
        return True
    return any(each.kind == each.VAR_POSITIONAL for each in parameters)


def check_accepts_inputs(forward: Callable[..., Any], inputs: Sequence[Any]) -> None:
    """Raise `SignatureError` if a forward function takes more or fewer inputs than these."""
    try:
        signature = inspect.signature(forward)
    except (TypeError, ValueError):  # it has none
        return
    try:
        signature.bind(*inputs)
    except TypeError as error:
        raise SignatureError(
            f"forward takes {signature}, got {len(inputs)} inputs ({error}): pass check_function "
            "each input by itself, in this order"
        ) from None


def check_no_cache_wanted(backward: Callable[..., Any], count: int) -> None:
    """Raise `ArgumentError` if one of the first `count` arguments, the dys, is named cache."""
    try:
        names = list(inspect.signature(backward).parameters)[:count]
    except (TypeError, ValueError):
        return
    if "cache" in names:
        raise ArgumentError(
            "backward takes a cache, but cache=True was not passed: the last output of forward "
            "would count as an array with an incoming gradient of its own"
        )


def hint_of_arguments(backward: Callable[..., Any], arguments: Sequence[Any]) -> str:
    """Return what to pass if a function takes more or fewer arguments than these, else ""."""
    if accepts(backward, arguments):
        return ""
    return (
        "; cache=True passes it what forward returned last, backward_inputs=True the inputs, each "
        "after one incoming gradient per output"
    )
