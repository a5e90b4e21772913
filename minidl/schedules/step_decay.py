"""Step decay."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..utils.validation import greater_than, in_range, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Multiplies the learning rate by a factor every `decay_steps` steps.

    The learning rate of a step is
    ``initial_learning_rate * factor ** floor(step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        The learning rate of the first steps, > 0.
    decay_steps : int
        Number of steps between two decays, >= 1.
    factor : float, default 0.1
        What the learning rate is multiplied by, in (0, 1].

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    ExponentialDecay : The same decay, but smooth.

    Examples
    --------
    >>> from minidl import StepDecay
    >>> schedule = StepDecay(0.8, decay_steps=100, factor=0.5)
    >>> [schedule(step) for step in (0, 99, 100, 200)]
    [0.8, 0.8, 0.4, 0.2]
    """

    option_name = "step"

    initial_learning_rate: float
    decay_steps: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_fields(
            self,
            initial_learning_rate=greater_than(0),
            decay_steps=integer_at_least(1),
            factor=in_range(0, 1, closed="right"),
        )

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        return cls(learning_rate, math.ceil(steps / 3))  # decays twice

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate * self.factor ** (step // self.decay_steps)
