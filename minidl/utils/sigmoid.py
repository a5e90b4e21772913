"""The logistic sigmoid of arrays, exact in both tails."""

import numpy as np

from .typing import Array
from .workspace import scalar_array


def sigmoid_into(x: Array, out: Array, work: Array) -> None:
    """Compute 1 / (1 + exp(-x)) as exp(min(x, 0)) / (1 + exp(-abs(x))), which never overflows.

    Parameters
    ----------
    x : ndarray of any shape
        Real or complex numbers; of the latter only the real parts may be large.
    out : ndarray of the shape and dtype of x
        The sigmoid is written into it. It may be `x` itself.
    work : ndarray of the shape and dtype of x
        It is overwritten.
    """
    np.negative(x, out=work)
    np.minimum(x, work, out=work)  # -abs(x), also of complex numbers, which have no order of signs
    np.exp(work, out=work)
    np.add(work, scalar_array(1, work.dtype), out=work)
    np.minimum(x, scalar_array(0, out.dtype), out=out)
    np.exp(out, out=out)
    np.divide(out, work, out=out)
