"""A constant learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from ..utils.validation import greater_than
from .base import Schedule, check_fields


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate at every step.

    Unlike a number, it is recorded in the history.

    Parameters
    ----------
    learning_rate : float
        The learning rate, > 0.

    Raises
    ------
    ArgumentError
        If the learning rate is out of its range.

    Examples
    --------
    >>> from minidl import Constant
    >>> schedule = Constant(0.1)
    >>> schedule(0), schedule(1000)
    (0.1, 0.1)
    """

    option_name = "constant"

    learning_rate: float

    def __post_init__(self) -> None:
        check_fields(self, learning_rate=greater_than(0))

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        return learning_rate  # the optimizer needs no schedule for it

    def __call__(self, step: int) -> float:
        return self.learning_rate
