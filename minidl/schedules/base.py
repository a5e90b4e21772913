"""The base class of all learning rate schedules."""

from abc import ABC, abstractmethod

from ..utils.validation import check_number


class Schedule(ABC):
    """Base of all schedules: define `__call__` in a frozen dataclass."""

    @abstractmethod
    def __call__(self, step: int) -> float:
        """Return the learning rate, finite and >= 0, of step 0, 1, ..."""


def check_fields(schedule: Schedule, **rules: str) -> None:
    """Convert and check the named fields of a frozen schedule."""
    for name, rule in rules.items():
        object.__setattr__(
            schedule, name, check_number(getattr(schedule, name), name, rule, schedule)
        )
