"""Inverse time decay."""

from __future__ import annotations

from dataclasses import dataclass

from ..utils.validation import at_least, greater_than, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """Divides the learning rate by a number that grows by the same amount all the time.

    The learning rate of a step is
    ``initial_learning_rate / (1 + decay * floor(step / interval))``. With `PerEpoch` around it,
    this is the decay of the DeepLearning.AI specialization: smooth by default, and in stairs, its
    "fixed interval scheduling", with an interval.

    Parameters
    ----------
    initial_learning_rate : float
        The learning rate of the first step, > 0.
    decay : float
        What is added to the divisor in each interval, >= 0: with 1, the learning rate is a half of
        the first one after an interval, and a third after two.
    interval : int, default 1
        Number of steps between two decays, >= 1.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    PerEpoch : Counts epochs instead of steps.
    ExponentialDecay : Multiplies the learning rate by the same factor.

    Examples
    --------
    >>> from minidl import InverseTimeDecay, PerEpoch
    >>> schedule = InverseTimeDecay(0.6, decay=1)
    >>> [schedule(step) for step in (0, 1, 2)]
    [0.6, 0.3, 0.19999999999999998]
    >>> in_stairs = PerEpoch(InverseTimeDecay(0.6, decay=1, interval=1000))  # for an optimizer
    """

    option_name = "inverse-time"

    initial_learning_rate: float
    decay: float
    interval: int = 1

    def __post_init__(self) -> None:
        check_fields(
            self,
            initial_learning_rate=greater_than(0),
            decay=at_least(0),
            interval=integer_at_least(1),
        )

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        return cls(learning_rate, decay=9 / steps)  # a tenth at the end

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate / (1 + self.decay * (step // self.interval))
