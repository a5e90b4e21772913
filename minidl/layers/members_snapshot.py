"""A snapshot of the parameters and buffers of layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Layer


class MembersSnapshot:
    """The values and gradients of all parameters, and the values of all buffers, of some layers.

    Arrays that can only be read are not copied.

    Parameters
    ----------
    layers : sequence of Layer
        The layers.

    Examples
    --------
    >>> from minidl import Linear
    >>> layer = Linear(2, 1)
    >>> snapshot = MembersSnapshot([layer])
    >>> layer.bias.value = [3.0]
    >>> snapshot.restore()
    >>> layer.bias.value
    array([0.], dtype=float32)
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        parameters = [p for layer in layers for p in layer.parameters().values()]
        buffers = [buffer for layer in layers for buffer in layer.buffers().values()]
        arrays = [array for p in parameters for array in (p.value, p.grad)]
        arrays += [buffer.value for buffer in buffers]
        self._arrays = [array for array in arrays if array.flags.writeable]
        self._copies = [array.copy() for array in self._arrays]
        self._parameters = [(parameter, parameter.memory) for parameter in parameters]
        self._buffers = [(buffer, buffer.memory) for buffer in buffers]

    def restore(self) -> None:
        """Restore them bit for bit, in the memory where they were."""
        for parameter, arrays in self._parameters:
            parameter.memory = arrays
        for buffer, array in self._buffers:
            buffer.memory = array
        for array, copy in zip(self._arrays, self._copies, strict=True):
            np.copyto(array, copy)
