"""Parameters and buffers of a model, copied to restore or save them later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..buffers import BufferSet
from ..parameters import ParameterVector
from ..utils.typing import Array


class HasState(Protocol):
    """What has parameters and buffers; an `Objective` has them."""

    parameters: ParameterVector
    buffers: BufferSet


class ModelState(NamedTuple):
    """A copy of all that a model has learned or kept.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        The parameters.
    buffers : dict of str to ndarray
        The values of the buffers by name.
    """

    theta: Array
    buffers: dict[str, Array]

    @classmethod
    def of(cls, objective: HasState) -> ModelState:
        """Return a copy of the present parameters and buffers."""
        return cls(objective.parameters.theta.copy(), objective.buffers.copy_values())

    def restore(self, objective: HasState) -> None:
        """Copy the values into the model."""
        objective.parameters.theta = self.theta
        objective.buffers.restore(self.buffers)

    def equals(self, other: ModelState) -> bool:
        """Return whether another state has the same values, bit for bit."""
        arrays, other_arrays = self.arrays(), other.arrays()
        return arrays.keys() == other_arrays.keys() and all(
            array.tobytes() == other_arrays[name].tobytes() for name, array in arrays.items()
        )

    def arrays(self) -> dict[str, Array]:
        """Return "theta" and the buffers by name."""
        return {"theta": self.theta, **self.buffers}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of "theta" and of each buffer."""
        return {name: np.shape(array) for name, array in self.arrays().items()}


def state_to_dict(state: ModelState | None, key: str) -> dict[str, Any]:
    """Return the entries of a model's state in the state of a callback.

    Parameters
    ----------
    state : ModelState or None
        The state.
    key : str
        The key of theta; that of the buffers, if there are any, ends with "_buffers".

    Returns
    -------
    dict
        The entries.
    """
    entries: dict[str, Any] = {key: None if state is None else state.theta}
    if state is not None and state.buffers:
        entries[f"{key}_buffers"] = state.buffers
    return entries


def state_from_dict(entries: Mapping[str, Any], key: str) -> ModelState | None:
    """Return the state that `state_to_dict` turned into entries."""
    theta = entries.get(key)
    if theta is None:
        return None
    return ModelState(theta, dict(entries.get(f"{key}_buffers", {})))
