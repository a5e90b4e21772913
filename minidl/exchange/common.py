"""What all formats ask for: a model that can be written."""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, DtypeError, NonFiniteError
from ..model.sequential import Sequential


def check_model(model: Sequential, where: str, *, finite: bool = True) -> None:
    """Raise unless `model` is a Sequential in float32 or float64, and `finite` if asked for."""
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {where}")
    if model.dtype.kind != "f":
        raise DtypeError(
            f"model must be in float32 or float64, got {model.dtype} in {where}: pass model.astype(np.float64)"
        )
    theta = model.parameters.theta
    if finite and len(wrong := np.flatnonzero(~np.isfinite(theta))):
        name, index = model.parameters.locate(int(wrong[0]))
        raise NonFiniteError(
            f"parameters must be finite, got {theta[wrong[0]]} at {name}{[*index]} in {where}: train or load the model anew"
        )
