"""Linear warm-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..utils.validation import check_number, greater_than, integer_at_least
from .base import MeasuredEpochs, Schedule, check_fields


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Raises the learning rate linearly, then follows another schedule.

    The learning rate of a step is ``after(0) * (step + 1) / warmup_steps`` in the first
    `warmup_steps` steps, and ``after(step - warmup_steps)`` from then on [1]_.

    Parameters
    ----------
    warmup_steps : int
        Number of steps until the full learning rate, >= 1.
    after : float or Schedule
        The learning rate after the warm-up, > 0, or the schedule that it follows then; step 0 of
        that schedule is the first step after the warm-up.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    References
    ----------
    .. [1] P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017,
       https://arxiv.org/abs/1706.02677, section 2.2.

    Examples
    --------
    >>> from minidl import StepDecay, WarmUp
    >>> schedule = WarmUp(4, after=StepDecay(0.8, decay_steps=2, factor=0.5))
    >>> [round(schedule(step), 3) for step in range(8)]
    [0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.4, 0.4]
    """

    warmup_steps: int
    after: float | Schedule

    def __post_init__(self) -> None:
        check_fields(self, warmup_steps=integer_at_least(1))
        if not isinstance(self.after, Schedule):
            cure = "or pass a schedule such as Cosine(0.1, decay_steps=1000)"
            rate = check_number(self.after, "after", greater_than(0), self, cure)
            object.__setattr__(self, "after", rate)

    def __call__(self, step: int) -> float:
        if isinstance(self.after, Schedule):
            rate = self.after(max(0, step - self.warmup_steps))
        else:
            rate = self.after
        return rate * min(1, (step + 1) / self.warmup_steps)

    def check_columns(self, directions: Mapping[str, bool | None]) -> None:
        if isinstance(self.after, Schedule):
            self.after.check_columns(directions)

    def observe(self, history: MeasuredEpochs) -> None:
        if isinstance(self.after, Schedule):
            self.after.observe(history)

    def state(self) -> dict[str, Any]:
        return self.after.state() if isinstance(self.after, Schedule) else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        if isinstance(self.after, Schedule):
            self.after.restore(state)

    def reset(self) -> None:
        if isinstance(self.after, Schedule):
            self.after.reset()
