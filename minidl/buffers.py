"""Buffers, the arrays that a layer keeps but does not learn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .escaping import escaped
from .parameters import InitFunction, check_shape_and_init, copy_into
from .utils.foreign_words import explain_arguments
from .utils.random import RandomGenerator
from .utils.typing import Array

__all__ = ["Buffer", "BufferSet"]


@explain_arguments("__init__")
class Buffer:
    """An array that a layer keeps but does not learn, such as a running mean.

    What the output of a layer depends on is a parameter, a buffer, or an argument of the
    constructor. Buffers are saved, resumed, copied and restored with the parameters. No optimizer
    and no penalty acts on them.

    Parameters
    ----------
    shape : tuple of int
        The shape, each >= 1; ``()`` for one number.
    init : Initializer or callable
        Fills the initial value, such as `Zeros()`. It is called when the value is first needed: by
        the model, with its random generator, or else with one of seed 0 and in float32.

    Attributes
    ----------
    size : int
        The number of elements.
    in_model : bool, default False
        Whether a model contains the buffer. The model sets it; a copy is in no model.

    Raises
    ------
    ArgumentError
        If `shape` has anything but integers >= 1, or `init` cannot be called.

    See Also
    --------
    Parameter : An array that a layer learns.

    Examples
    --------
    >>> from minidl import Buffer, Zeros
    >>> mean = Buffer((3,), init=Zeros())
    >>> mean.value += 0.5
    >>> mean.value
    array([0.5, 0.5, 0.5], dtype=float32)
    """

    in_model = False

    def __init__(self, shape: tuple[int, ...], *, init: InitFunction) -> None:
        self.shape = check_shape_and_init("Buffer", shape, init)
        self.size = math.prod(self.shape)
        self.init = init
        self._value: Array | None = None  # until it is drawn or set

    @property
    def value(self) -> Array:
        """The array itself, of `shape`. What is assigned is copied into it."""
        if self._value is None:
            self.initialize()
        assert self._value is not None
        return self._value

    @value.setter
    def value(self, new: npt.ArrayLike) -> None:
        copy_into(self.value, new, "a Buffer's value")

    @property
    def memory(self) -> Array | None:
        """The array, or None if no value was drawn or set yet.

        Assigning replaces the array without copying: the gradient checker so lends substitute
        memory and gives the model's own back.
        """
        return self._value

    @memory.setter
    def memory(self, new: Array | None) -> None:
        self._value = new

    def initialize(
        self, rng: RandomGenerator | None = None, dtype: np.dtype[Any] | None = None
    ) -> None:
        """Draw the value anew.

        Parameters
        ----------
        rng : numpy.random.Generator or numpy.random.RandomState, optional
            The random generator, by default a new one of seed 0.
        dtype : numpy.dtype, optional
            The dtype if there is no value yet, by default float32.
        """
        if self._value is None:
            self._value = np.full(self.shape, np.nan, dtype or np.float32)
        self.init(self._value, fan_in=None, rng=np.random.default_rng(0) if rng is None else rng)

    def convert(self, dtype: np.dtype[Any], rng: RandomGenerator) -> None:
        """Convert the value to a dtype, or draw it in this dtype if there is none.

        Parameters
        ----------
        dtype : numpy.dtype
            The dtype of the model.
        rng : numpy.random.Generator or numpy.random.RandomState
            Draws the value if there is none.
        """
        if self._value is None:
            self.initialize(rng, dtype)
        else:
            self._value = self._value.astype(dtype)

    def __getstate__(self) -> dict[str, Any]:
        # A copy has its own memory, and is in no model.
        value = None if self._value is None else self._value.copy()
        state = {name: item for name, item in vars(self).items() if name != "in_model"}
        return {**state, "_value": value}

    def __repr__(self) -> str:
        return f"Buffer({self.shape}, init={self.init})"


class BufferSet(Mapping[str, Buffer]):
    """All buffers of a model by name, in its dtype.

    Parameters
    ----------
    named_buffers : sequence of (str, Buffer)
        The buffers with their names, such as ("1.mean", buffer), in the order of the layers.
    dtype : numpy.dtype
        The dtype that the values are converted to.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws the values that do not exist yet.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Buffer, BufferSet, Zeros
    >>> mean = Buffer((2,), init=Zeros())
    >>> buffers = BufferSet([("1.mean", mean)], np.dtype(np.float64), np.random.default_rng(0))
    >>> values = buffers.copy_values()
    >>> mean.value += 1
    >>> buffers.restore(values)
    >>> mean.value
    array([0., 0.])
    """

    def __init__(
        self,
        named_buffers: Sequence[tuple[str, Buffer]],
        dtype: np.dtype[Any],
        rng: RandomGenerator,
    ) -> None:
        self._buffers = dict(named_buffers)
        for buffer in self._buffers.values():
            buffer.convert(dtype, rng)

    def copy_values(self) -> dict[str, Array]:
        """Return a copy of the value of each buffer.

        Returns
        -------
        dict of str to ndarray
            The copies by the names of the buffers.
        """
        return {name: buffer.value.copy() for name, buffer in self.items()}

    def restore(self, values: Mapping[str, npt.ArrayLike]) -> None:
        """Copy values into the buffers.

        Parameters
        ----------
        values : mapping of str to array_like
            The value of each buffer by its name, as `copy_values` returns them.
        """
        for name, buffer in self.items():
            buffer.value = values[name]

    def __getitem__(self, name: str) -> Buffer:
        return self._buffers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._buffers)

    def __len__(self) -> int:
        return len(self._buffers)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {buffer.shape}" for name, buffer in self.items())
        return escaped(f"BufferSet({shapes})")
