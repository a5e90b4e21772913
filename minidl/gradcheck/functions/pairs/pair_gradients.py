"""The gradients of a pair, as a function of the arrays that are checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ....utils.typing import Array
from .pair import FunctionPair


class PairGradients:
    """Calls forward, then backward.

    Attributes
    ----------
    errors : list of Exception
        What backward or forward raised.
    calls_forward : bool
        That forward need not be called before.
    """

    calls_forward = True

    def __init__(self, pair: FunctionPair) -> None:
        self._pair = pair
        self.errors: list[Exception] = []

    def __call__(self, values: Mapping[str, Array]) -> dict[str, Array]:
        """Return the gradients of `values`; NaN where backward returns none this time."""
        try:
            arrays = self._pair.vjp(values).arrays
        except Exception as error:
            self.errors.append(error)
            raise
        return {
            name: arrays.get(name, np.full(value.shape, np.nan)) for name, value in values.items()
        }
