"""Cosine decay."""

import math
from dataclasses import dataclass

from ..errors import ArgumentError
from ..utils.validation import at_least, greater_than, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a wave of the cosine: final + (rate - final) * (1 + cos(pi * step / steps)) / 2, and then final.

    Loshchilov, Hutter (2017, arXiv:1608.03983), equation 5, without its restarts.

    Parameters
    ----------
    rate : float
        > 0.
    steps : int
        Steps, >= 1.
    final : float, default 0.0
        In [0, rate].
    """

    option_name = "cosine"

    rate: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        check_fields(self, rate=greater_than(0), steps=integer_at_least(1), final=at_least(0))
        if self.final > self.rate:
            raise ArgumentError(
                f"final must be in [0, rate] = [0, {self.rate:g}], got {self.final!r} in Cosine"
            )

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        """Return a schedule that decays to 0 at the end of the training."""
        return cls(learning_rate, steps)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        step = min(step, self.steps)
        return (
            self.final + (self.rate - self.final) * (1 + math.cos(math.pi * step / self.steps)) / 2
        )
