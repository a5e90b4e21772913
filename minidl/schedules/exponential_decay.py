"""Exponential decay."""

from dataclasses import dataclass

from .base import Schedule, check_fields


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """A smooth fall: rate * factor**(step / every). The parameters are those of `StepDecay`."""

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_fields(self, rate="finite and > 0", every="a whole number >= 1", factor="in (0, 1]")

    def __call__(self, step: int) -> float:
        """Return the rate."""
        return float(self.rate * self.factor ** (step / self.every))
