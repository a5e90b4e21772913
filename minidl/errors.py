"""The exceptions of minidl: each one states the rule, the value received, where, and the cure.

Every class is also the built-in error that a caller would expect (`ValueError`, `TypeError`, `OSError`), so that code which
knows nothing of minidl still catches the right thing.
"""


class MinidlError(Exception):
    """Base of all errors that minidl raises on purpose."""


class ShapeError(MinidlError, ValueError):
    """An array has the wrong rank, width or number of rows, or two layers do not fit."""


class DtypeError(MinidlError, TypeError):
    """An array or a model has a type of number that minidl does not compute with."""


class ArgumentError(MinidlError, ValueError):
    """A setting lies outside of its allowed range."""


class OwnershipError(MinidlError, ValueError):
    """A layer was put into a second model, or twice into one."""


class NonFiniteError(MinidlError, ValueError):
    """NaN or infinity in the data, the loss or a gradient."""


class DataError(MinidlError, OSError):
    """A data file cannot be used: not HDF5, a key missing, a wrong shape or type."""


class MissingDataError(DataError, FileNotFoundError):
    """A data file or folder is not there."""


class MissingExtraError(MinidlError, ImportError):
    """An optional package is not installed; the message names the `pip install` line."""


class EnvironmentWarning(UserWarning):
    """A training goes on in another environment than it began in: the last digits may differ."""
