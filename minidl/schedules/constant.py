"""A constant learning rate."""

from dataclasses import dataclass

from ..utils.validation import greater_than
from .base import Schedule, check_fields


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate at every step.

    Parameters
    ----------
    rate : float
        > 0.
    """

    option_name = "constant"

    rate: float

    def __post_init__(self) -> None:
        check_fields(self, rate=greater_than(0))

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        """Return the number itself: a constant learning rate needs no schedule."""
        return learning_rate

    def __call__(self, step: int) -> float:
        """Return the rate."""
        return self.rate
