"""Linear warm-up."""

from dataclasses import dataclass

from ..utils.validation import check_number, greater_than, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class WarmUp(Schedule):
    """A straight rise, then(0) * (step + 1) / steps, and then another schedule, then(step - steps).

    Goyal et al. (2017, arXiv:1706.02677), section 2.2.

    Parameters
    ----------
    steps : int
        Steps, >= 1.
    then : float or Schedule
    """

    steps: int
    then: float | Schedule

    def __post_init__(self) -> None:
        check_fields(self, steps=integer_at_least(1))
        if not isinstance(self.then, Schedule):
            rate = check_number(
                self.then,
                "then",
                greater_than(0),
                self,
                "or a schedule such as Cosine(0.1, steps=1000)",
            )
            object.__setattr__(self, "then", rate)

    def __call__(self, step: int) -> float:
        """Return the rate."""
        rate = (
            self.then(max(0, step - self.steps)) if isinstance(self.then, Schedule) else self.then
        )
        return rate * min(1, (step + 1) / self.steps)
