"""The base class of all learning rate schedules."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ..utils.validation import NumberRule, check_number


class Schedule(ABC):
    """Base of all schedules: define `__call__` in a frozen dataclass."""

    option_name: ClassVar[str | None] = None
    """Name on the command line, of a built-in schedule that defines `over`."""

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> "float | Schedule":
        """Return a schedule of this class that spans a training; called for the command line.

        Parameters
        ----------
        learning_rate : float
            The learning rate to start from, > 0.
        steps : int
            Number of steps of the training, >= 1.

        Returns
        -------
        float or Schedule
            The schedule, or a number if the learning rate does not change.

        Raises
        ------
        NotImplementedError
            If the class does not define `over`, so cannot be chosen on the command line.
        """
        raise NotImplementedError(f"{cls.__name__} defines no over(learning_rate, steps)")

    @abstractmethod
    def __call__(self, step: int) -> float:
        """Return the learning rate, finite and >= 0, of step 0, 1, ..."""


def check_fields(schedule: Schedule, **rules: NumberRule[Any]) -> None:
    """Convert and check the named fields of a frozen schedule."""
    for name, rule in rules.items():
        object.__setattr__(
            schedule, name, check_number(getattr(schedule, name), name, rule, schedule)
        )
