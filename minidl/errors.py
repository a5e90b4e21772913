"""The exceptions, each also a built-in one, the check of numbers, and what is told where an extra is missing."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
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
    """NaN or infinity in data, loss or gradient."""


class DataError(MinidlError, OSError):
    """A data file that cannot be used."""


class MissingDataError(DataError, FileNotFoundError):
    """A data file or folder that is not there."""


class MissingExtraError(MinidlError, ImportError):
    """An optional package that is not installed."""


class EnvironmentWarning(UserWarning):
    """The last digits may differ."""


@contextmanager
def needs(package: str, extra: str, where: str) -> Iterator[None]:
    """Name the pip line where an import fails."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(f"{where} needs {package}, which is not installed: pip install minidl[{extra}]") from error


_RULES: dict[str, Any] = {
    "finite and > 0": (float, lambda x: x > 0),
    "finite and >= 0": (float, lambda x: x >= 0),
    "in [0, 1)": (float, lambda x: 0 <= x < 1),
    "in (0, 1]": (float, lambda x: 0 < x <= 1),
    "a whole number >= 1": (int, lambda x: isinstance(x, Integral) and int(x) >= 1),
}


def number(value: Any, name: str, rule: str, owner: object, cure: str = "") -> Any:
    """Return `value` as a float or int that keeps the rule."""
    kind, holds = _RULES[rule]
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and holds(value):
        return kind(value)
    raise ArgumentError(f"{name} must be {rule}, got {value!r} in {type(owner).__name__}{cure and f': {cure}'}")
