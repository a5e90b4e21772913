"""The exceptions, each also the built-in error that a caller would expect, and the check of a setting."""

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any


class MinidlError(Exception):
    """Base of all errors of minidl."""


class ShapeError(MinidlError, ValueError):
    """An array has the wrong shape, or two layers do not fit."""


class DtypeError(MinidlError, TypeError):
    """A type of number that minidl does not compute with."""


class ArgumentError(MinidlError, ValueError):
    """A setting outside of its allowed range."""


class OwnershipError(MinidlError, ValueError):
    """A layer in a second model, or twice in one."""


class NonFiniteError(MinidlError, ValueError):
    """NaN or infinity in the data, the loss or a gradient."""


class DataError(MinidlError, OSError):
    """A data file that cannot be used: not HDF5, a key missing, a wrong shape or type."""


class MissingDataError(DataError, FileNotFoundError):
    """A data file or folder that is not there."""


class MissingExtraError(MinidlError, ImportError):
    """An optional package that is not installed; the message names the `pip install` line."""


class EnvironmentWarning(UserWarning):
    """A training that goes on in another environment: the last digits may differ."""


_RULES: dict[str, tuple[type, Callable[[Any], bool]]] = {
    "finite and > 0": (float, lambda x: x > 0),
    "finite and >= 0": (float, lambda x: x >= 0),
    "in [0, 1)": (float, lambda x: 0 <= x < 1),
    "in (0, 1]": (float, lambda x: 0 < x <= 1),
    "a whole number >= 1": (int, lambda x: isinstance(x, Integral) and int(x) >= 1),
}


def number(value: Any, name: str, rule: str, owner: object, cure: str = "") -> Any:
    """Return a setting as a float or int if it keeps the rule, else raise `ArgumentError`."""
    kind, holds = _RULES[rule]
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and holds(value):
        return kind(value)
    raise ArgumentError(f"{name} must be {rule}, got {value!r} in {type(owner).__name__}{cure and f': {cure}'}")
