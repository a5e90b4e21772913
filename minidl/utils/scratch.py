"""What the parts of a model hold between calls, and need not."""

from __future__ import annotations

from collections.abc import Sequence

from .workspace import HasWorkspace


class Scratch:
    """The work arrays of layers and a loss, and the arrays that calls store in their attributes.

    Parameters
    ----------
    parts : sequence of HasWorkspace
        The layers and the loss, before the first call.

    Attributes
    ----------
    small_input_size : int
        Inputs of up to so many elements are known to leave little behind.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import ReLU
    >>> layer = ReLU()
    >>> scratch = Scratch([layer])
    >>> _ = layer.forward(np.zeros((1, 2)))
    >>> scratch.size_in_bytes() > 0
    True
    >>> scratch.release()
    >>> scratch.size_in_bytes()
    0
    """

    def __init__(self, parts: Sequence[HasWorkspace]) -> None:
        self._parts = parts
        self.small_input_size = 0
        for part in parts:
            part.note_attributes()

    def size_in_bytes(self) -> int:
        """Return the number of bytes; an array that two parts hold counts twice."""
        return sum(part.memory_in_use() for part in self._parts)

    def release(self) -> None:
        """Release all of it; `backward` then needs another `forward`."""
        for part in self._parts:
            part.release_memory()
