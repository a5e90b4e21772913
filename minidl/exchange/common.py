"""What every format asks of a model, and how a package that is not installed is told."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, DtypeError, MissingExtraError, NonFiniteError
from ..sequential import Sequential


def check_model(model: Sequential, where: str) -> None:
    """Raise unless `model` is a model in float32 or float64; `where` is the name of the function that was called."""
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {where}")
    if model.dtype.kind != "f":
        raise DtypeError(f"model must be in float32 or float64, got {model.dtype} in {where}: pass model.astype(np.float64)")


def check_sendable(model: Sequential, where: str) -> None:
    """Raise unless `model` is one in float32 or float64, and all its parameters are finite: nobody else would notice that."""
    check_model(model, where)
    theta = model.parameters.theta
    if len(wrong := np.flatnonzero(~np.isfinite(theta))):
        name, index = model.parameters.locate(int(wrong[0]))
        at = ", ".join(map(str, index))
        raise NonFiniteError(f"parameters must be finite, got {theta[wrong[0]]} at {name}[{at}] in {where}: train or load the model anew")


def missing(where: str, extra: str) -> MissingExtraError:
    """Return the error for the package `extra`, which the extra of that name installs."""
    return MissingExtraError(f"{where} needs {extra}, which is not installed: pip install 'minidl[{extra}]'")
