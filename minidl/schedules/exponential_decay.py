"""Exponential decay."""

from __future__ import annotations

from dataclasses import dataclass

from ..utils.validation import greater_than, in_range, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """Multiplies the learning rate by the same factor at every step.

    The learning rate of a step is ``initial_learning_rate * factor ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
        The learning rate of the first step, > 0.
    decay_steps : int
        Number of steps in which the learning rate is multiplied by `factor`, >= 1.
    factor : float, default 0.1
        What the learning rate is multiplied by in `decay_steps` steps, in (0, 1].

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    StepDecay : The same decay, but in stairs.

    Examples
    --------
    >>> from minidl import ExponentialDecay
    >>> schedule = ExponentialDecay(0.8, decay_steps=100, factor=0.25)
    >>> [schedule(step) for step in (0, 50, 100)]
    [0.8, 0.4, 0.2]
    """

    option_name = "exponential"

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
        return cls(learning_rate, steps, factor=0.01)

    def __call__(self, step: int) -> float:
        return float(self.initial_learning_rate * self.factor ** (step / self.decay_steps))
