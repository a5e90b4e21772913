"""What the gates of recurrent layers are computed with."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..initializers import Initializer
from ..parameters import InitFunction
from ..utils.random import RandomGenerator
from ..utils.typing import Array
from ..utils.workspace import scalar_array


class GateByGate(Initializer):
    """Fill the square matrix of each gate alone, in an array (gates * units, units).

    Parameters
    ----------
    init : Initializer or callable
        Fills one matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Orthogonal
    >>> from minidl.layers.gates import GateByGate
    >>> weight = np.empty((8, 2))
    >>> GateByGate(Orthogonal())(weight, fan_in=2, rng=np.random.default_rng(0))
    >>> bool(np.allclose(weight[4:6] @ weight[4:6].T, np.eye(2)))
    True
    """

    option_name = None

    def __init__(self, init: InitFunction) -> None:
        self.init = init

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        units = out.shape[1]
        for matrix in out.reshape(-1, units, units):
            self.init(matrix, fan_in=fan_in, rng=rng)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.init})"


@functools.lru_cache(256)
def repeat_for_units(of_gates: tuple[float, ...], units: int, dtype: np.dtype[Any]) -> Array:
    """Return a number of each gate once for each unit, as a read-only real array.

    Parameters
    ----------
    of_gates : tuple of float
        A number of each gate.
    units : int
        The number of units.
    dtype : numpy.dtype
        Real or complex; the array is real, in the same precision.

    Returns
    -------
    ndarray of shape (gates * units,)
        The same array for the same arguments.
    """
    repeated = np.repeat(np.array(of_gates, np.zeros((), dtype).real.dtype), units)
    repeated.flags.writeable = False
    return repeated


def finish_sigmoid(tanh_of_half: Array) -> None:
    """Make sigmoid(z) of tanh(z / 2), in place.

    Parameters
    ----------
    tanh_of_half : ndarray of any shape
        tanh(z / 2).
    """
    half = scalar_array(0.5, tanh_of_half.dtype)
    np.multiply(tanh_of_half, half, out=tanh_of_half)
    np.add(tanh_of_half, half, out=tanh_of_half)
