"""The part of the parameter vector that training moves: all but the parameters of frozen layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .utils.typing import Array
from .utils.vector_identity import VectorIdentity

if TYPE_CHECKING:
    from .parameters import ParameterVector

__all__ = ["TrainedParameters"]


class TrainedParameters:
    """The part of a model's parameter vector that training moves, as a vector of its own.

    It is the vector of the model itself where nothing is frozen, and a view of it where what is
    trained lies in one piece; else it is a copy, which `read_values` and `write_values` keep equal.
    An optimizer only sees this vector: what is frozen neither moves nor counts in a norm.

    Parameters
    ----------
    parameters : ParameterVector
        The parameters of a model.
    is_trained : sequence of bool
        Whether each of them is trained, in their order.

    Attributes
    ----------
    is_trained : tuple of bool
        The argument.
    theta, grad : ndarray of shape (n,)
        The values and the gradient of the trained parameters.
    is_whole : bool
        Whether all parameters are trained.
    is_copy : bool
        Whether `theta` and `grad` are copies.
    first_layer : int or None
        The index of the first layer with such parameters; None without any.
    identity : VectorIdentity
        Stands for `theta` in an optimizer that is copied together with the model.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(2, 1), Linear(1, 1)], loss=MeanSquaredError())
    >>> model.layers[0].trainable = False
    >>> model.objective_function.trained_parameters().theta.size
    2
    """

    def __init__(self, parameters: ParameterVector, is_trained: Sequence[bool]) -> None:
        self.is_trained = tuple(is_trained)
        self.is_whole = all(is_trained)
        names = [name for (name, _), flag in zip(parameters, is_trained, strict=True) if flag]
        self.first_layer = int(names[0].partition(".")[0]) if names else None
        self._sizes = [parameter.size for _, parameter in parameters]
        pieces = _pieces(self._sizes, self.is_trained)
        self._trained = [piece for piece, is_trained in pieces if is_trained]
        self._frozen = [piece for piece, is_trained in pieces if not is_trained]
        self._all_theta, self._all_grad = parameters.theta, parameters.grad
        self.theta, self.grad = self._all_theta, self._all_grad
        self.identity = parameters.identity
        self.is_copy = not self.is_whole and len(self._trained) != 1
        if self.is_whole:
            return
        if self.is_copy:
            size = sum(piece.stop - piece.start for piece in self._trained)
            self.theta, self.grad = (np.empty(size, parameters.dtype) for _ in range(2))
        else:
            (piece,) = self._trained
            self.theta, self.grad = self._all_theta[piece], self._all_grad[piece]
        self.identity = VectorIdentity(self.theta)

    def take_over(self, identity: VectorIdentity) -> None:
        """Take the identity of the vector that this one is a copy of.

        Parameters
        ----------
        identity : VectorIdentity
            The copied identity, which an optimizer may have, too.
        """
        self.identity = identity
        identity.attach(self.theta)

    def read_values(self) -> None:
        """Copy the values from the model."""
        self._read(self._all_theta, self.theta)

    def read_gradient(self) -> None:
        """Copy the gradient from the model."""
        self._read(self._all_grad, self.grad)

    def _read(self, vector: Array, part: Array) -> None:
        if self.is_copy:
            np.concatenate([vector[piece] for piece in self._trained], out=part)

    def write_values(self) -> None:
        """Copy the values to the model."""
        if self.is_copy:
            start = 0
            for piece in self._trained:
                stop = start + piece.stop - piece.start
                self._all_theta[piece] = self.theta[start:stop]
                start = stop

    def clear_frozen_gradient(self) -> None:
        """Set the gradient of what is frozen to 0."""
        for piece in self._frozen:
            self._all_grad[piece] = 0

    def state_of(self, other: TrainedParameters, state: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the state that an optimizer has of other parameters, for those that are left.

        Parameters
        ----------
        other : TrainedParameters
            What it has trained so far.
        state : mapping of str to object
            Its state, with arrays of the size of that.

        Returns
        -------
        dict of str to object or None
            The state; None if it lacks some parameters.
        """
        if any(
            now and not then for now, then in zip(self.is_trained, other.is_trained, strict=True)
        ):
            return None
        left = [now for now, then in zip(self.is_trained, other.is_trained, strict=True) if then]
        sizes = [size for size, then in zip(self._sizes, other.is_trained, strict=True) if then]
        pieces = [piece for piece, is_left in _pieces(sizes, left) if is_left]

        def narrowed(value: Any) -> Any:
            if isinstance(value, np.ndarray) and value.shape == other.theta.shape:
                return np.concatenate([value[piece] for piece in pieces])
            return value

        return {name: narrowed(value) for name, value in state.items()}


def _pieces(sizes: Sequence[int], flags: Sequence[bool]) -> list[tuple[slice, bool]]:
    """Return slices of a vector of such parts, those of equal flags side by side as one."""
    ends = pairwise([0, *accumulate(sizes)])
    pieces = []
    for flag, group in groupby(zip(ends, flags, strict=True), key=lambda item: item[1]):
        parts = [bounds for bounds, _ in group]
        pieces.append((slice(parts[0][0], parts[-1][1]), flag))
    return pieces
