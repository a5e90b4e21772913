"""A schedule that counts epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ArgumentError
from .base import MeasuredEpochs, Schedule

_PREFIX = "schedule."  # of the state of the schedule: both may have a count of epochs


@dataclass(frozen=True)
class PerEpoch(Schedule):
    """Follows another schedule that counts epochs instead of steps.

    The learning rate is ``schedule(n)`` in all steps of an epoch, where n is the number of epochs
    that the optimizer has completed: 0 in the first one. A resumed training continues the count,
    and so does a second call of `fit` with the same model and optimizer.

    Parameters
    ----------
    schedule : Schedule
        What returns the learning rate of an epoch; its "steps" are epochs.

    Raises
    ------
    ArgumentError
        If `schedule` is no `Schedule`.

    See Also
    --------
    InverseTimeDecay : The decay of the DeepLearning.AI specialization.

    Examples
    --------
    >>> from minidl import Adam, PerEpoch, StepDecay
    >>> schedule = PerEpoch(StepDecay(0.1, decay_steps=2, factor=0.5))
    >>> for loss in (1.0, 0.7, 0.6):  # `fit` does so after each epoch
    ...     print(schedule(step=0))
    ...     schedule.observe({"loss": [loss]})
    0.1
    0.1
    0.05
    >>> optimizer = Adam(schedule)
    """

    schedule: Schedule
    # What `observe` changes, as a checkpoint stores it; empty before the first epoch.
    _observed: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.schedule, Schedule):
            raise ArgumentError(
                "schedule must be a Schedule such as StepDecay(0.1, decay_steps=30), got "
                f"{self.schedule!r} in PerEpoch: a number needs no schedule"
            )

    def __call__(self, step: int) -> float:
        return self.schedule(self._observed.get("epochs", 0))

    def observe(self, history: MeasuredEpochs) -> None:
        self._observed["epochs"] = self._observed.get("epochs", 0) + 1
        self.schedule.observe(history)

    def state(self) -> dict[str, Any]:
        state = self.schedule.state()
        return self._observed | {_PREFIX + name: value for name, value in state.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._observed["epochs"] = state["epochs"]
        self.schedule.restore(
            {
                name.removeprefix(_PREFIX): value
                for name, value in state.items()
                if name.startswith(_PREFIX)
            }
        )

    def reset(self) -> None:
        self._observed.clear()
        self.schedule.reset()
