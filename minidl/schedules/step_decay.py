"""Step decay."""

import math
from dataclasses import dataclass

from ..utils.validation import greater_than, in_range, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class StepDecay(Schedule):
    """A stair: rate * factor**floor(step / every).

    Parameters
    ----------
    rate : float
        > 0.
    every : int
        Steps, >= 1.
    factor : float, default 0.1
        In (0, 1].
    """

    option_name = "step"

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_fields(
            self,
            rate=greater_than(0),
            every=integer_at_least(1),
            factor=in_range(0, 1, closed="right"),
        )

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        """Return a schedule that decays twice, after each third of the training."""
        return cls(learning_rate, math.ceil(steps / 3))

    def __call__(self, step: int) -> float:
        """Return the rate."""
        return self.rate * self.factor ** (step // self.every)
