"""Exponential decay."""

from dataclasses import dataclass

from ..utils.validation import greater_than, in_range, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """A smooth fall: rate * factor**(step / every). The parameters are those of `StepDecay`."""

    option_name = "exponential"

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
        """Return a schedule that decays to a hundredth at the end of the training."""
        return cls(learning_rate, steps, factor=0.01)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        return float(self.rate * self.factor ** (step / self.every))
