"""Exceptions, each also a built-in one, and the error for a missing optional dependency."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "ArgumentError",
    "DataError",
    "DtypeError",
    "EnvironmentWarning",
    "LayerReuseError",
    "MinidlError",
    "MissingDataError",
    "MissingDependencyError",
    "NonFiniteError",
    "ShapeError",
]


class MinidlError(Exception):
    """Base of all errors of minidl."""


class ShapeError(MinidlError, ValueError):
    """An array has the wrong shape, or two layers do not fit."""


class DtypeError(MinidlError, TypeError):
    """A type of number that minidl does not compute with."""


class ArgumentError(MinidlError, ValueError):
    """A setting outside of its allowed range."""


class LayerReuseError(MinidlError, ValueError):
    """A layer in a second model, or twice in one."""


class NonFiniteError(MinidlError, ValueError):
    """NaN or infinity in data, loss or gradient."""


class DataError(MinidlError, OSError):
    """A data file that cannot be used."""


class MissingDataError(DataError, FileNotFoundError):
    """A data file or folder that is not there."""


class MissingDependencyError(MinidlError, ImportError):
    """An optional package that is not installed."""


class EnvironmentWarning(UserWarning):
    """The last digits may differ."""


@contextmanager
def require_extra(package: str, extra: str, where: str) -> Iterator[None]:
    """Name the pip line where an import fails."""
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"{where} needs {package}, which is not installed: pip install minidl[{extra}]"
        ) from error
