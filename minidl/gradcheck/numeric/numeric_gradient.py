"""A numeric gradient with its error bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...utils.typing import Array


@dataclass
class NumericGradient:
    """A numeric gradient.

    Attributes
    ----------
    value, error : ndarray
        The derivatives, and a bound of the error of each.
    scheme : str
        The name of the scheme that computed it; "" for an array that is exact.
    lower, upper : ndarray or None
        The smaller and the larger one-sided derivative of each element, where some element sits
        on a kink.
    kinks_overlap : bool
        Whether several kinks meet in one output, so that `lower` and `upper` bound nothing.
    """

    value: Array
    error: Array
    scheme: str
    lower: Array | None = None
    upper: Array | None = None
    kinks_overlap: bool = False

    @classmethod
    def exact(cls, value: Array) -> NumericGradient:
        """Return an array that has no error."""
        return cls(value, np.zeros(()), "")

    @property
    def at_kink(self) -> Array | None:
        """Which elements sit on a kink; None if no element does."""
        if self.lower is None or self.upper is None:
            return None
        return np.asarray(self.lower != self.upper)

    @property
    def kinks(self) -> int:
        """How many elements sit on a kink."""
        at_kink = self.at_kink
        count = 0 if at_kink is None else int(np.count_nonzero(at_kink))
        return max(count, 1) if self.kinks_overlap else count

    def closest_to(self, analytic: Array) -> Array:
        """Return the derivative, or between one-sided ones the one closest to `analytic`."""
        if self.lower is None or self.upper is None:
            return self.value
        return np.clip(analytic, self.lower, self.upper)

    def allow_between(self, index: int, *slopes: float) -> None:
        """Accept every slope between the smallest and the largest of `slopes` at `index`."""
        if self.lower is None or self.upper is None:
            self.lower, self.upper = self.value.copy(), self.value.copy()
        self.lower[index], self.upper[index] = min(slopes), max(slopes)
