"""Validation of the model that is exported, or receives parameters."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, DtypeError, NonFiniteError
from ..model.sequential import Sequential
from ..utils.typing import Array


def check_model(model: Sequential, function: str, *, finite: bool = True) -> None:
    """Raise unless `model` is a Sequential in float32 or float64, with finite parameters.

    Parameters
    ----------
    model : Sequential
        The model, of any type before the check.
    function : str
        The name of the caller, for the errors.
    finite : bool, default True
        Whether to check that the parameters are finite.

    Raises
    ------
    ArgumentError
        If the model is not a Sequential.
    DtypeError
        If the model computes in complex128.
    NonFiniteError
        If a parameter is NaN or infinite.
    """
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {function}")
    if model.dtype.kind != "f":
        raise DtypeError(
            f"model must be in float32 or float64, got {model.dtype} in {function}: "
            "pass model.astype(np.float64)"
        )
    if not finite:
        return
    theta = model.parameters.theta
    non_finite = np.flatnonzero(~np.isfinite(theta))
    if len(non_finite):
        name, index = model.parameters.locate(int(non_finite[0]))
        raise NonFiniteError(
            f"parameters must be finite, got {theta[non_finite[0]]} at {name}{[*index]} "
            f"in {function}: train or load the model again"
        )


def model_arrays(model: Sequential) -> dict[str, Array]:
    """Return the values of all parameters and buffers by name; writing to one changes the model."""
    parameters = {name: parameter.value for name, parameter in model.parameters}
    return parameters | {name: buffer.value for name, buffer in model.buffers.items()}
