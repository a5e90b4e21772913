"""The base class of all learning rate schedules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from ..utils.validation import NumberRule, check_number


class MeasuredEpochs(Protocol):
    """The metrics that a schedule reads from a `History`: one list per metric, by name."""

    def __getitem__(self, name: str, /) -> Sequence[float]:
        """Return the values of a metric, one per completed epoch."""

    def __contains__(self, name: Any, /) -> bool:
        """Return whether the metric is recorded."""


class Schedule(ABC):
    """Base class of all learning rate schedules.

    A custom schedule defines `__call__`, which returns the learning rate of a step. It is best
    written as a frozen dataclass, whose `repr` names its fields: checkpoints compare the `repr` to
    make sure that a resumed training follows the same schedule.

    A schedule that adapts to the metrics of the training also defines `observe`, and `state`,
    `restore` and `reset` for what it remembers.

    Attributes
    ----------
    option_name : str or None
        Name of a built-in schedule on the command line; such a schedule defines `over`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from minidl import Adam, Schedule
    >>> @dataclass(frozen=True)
    ... class Inverse(Schedule):
    ...     initial_learning_rate: float
    ...
    ...     def __call__(self, step):
    ...         return self.initial_learning_rate / (1 + step)
    >>> Adam(Inverse(0.1))
    Adam(learning_rate=Inverse(initial_learning_rate=0.1), beta1=0.9, beta2=0.999, epsilon=1e-08)
    """

    option_name: ClassVar[str | None] = None

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        """Return a schedule of this class that spans a training, for the command line.

        Parameters
        ----------
        learning_rate : float
            The learning rate of the first step, > 0.
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
        """Return the learning rate of a step.

        Parameters
        ----------
        step : int
            Number of steps made before: 0 is the optimizer's first step.

        Returns
        -------
        float
            The learning rate, finite and >= 0.
        """

    # Hooks that do nothing by default: most schedules depend on the step alone.

    def check_columns(self, directions: Mapping[str, bool | None]) -> None:  # noqa: B027
        """Raise `ArgumentError` if `observe` would miss a metric; called before a training.

        Parameters
        ----------
        directions : mapping of str to bool or None
            For each metric that the history will have, whether a larger value is a better one;
            None if it is unknown.
        """

    def observe(self, history: MeasuredEpochs) -> None:  # noqa: B027
        """Adapt to the metrics of the training; called after each epoch. Does nothing by default.

        Parameters
        ----------
        history : History
            One list per metric, such as ``history["val_loss"]``, with one number per
            completed epoch.
        """

    def state(self) -> dict[str, Any]:
        """Return what `observe` has changed, so that checkpoints can store it.

        Returns
        -------
        dict of str to object
            Numbers, strings, None, and lists of these, by name; by default empty.
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:  # noqa: B027
        """Continue from a state that `state` returned.

        Parameters
        ----------
        state : dict of str to object
            What `state` of an equal schedule returned.
        """

    def reset(self) -> None:  # noqa: B027
        """Forget what was observed; called when the optimizer starts with another model."""


def check_fields(schedule: Schedule, **rules: NumberRule[Any]) -> None:
    """Validate fields of a frozen schedule, and convert them to built-in numbers.

    Parameters
    ----------
    schedule : Schedule
        The schedule, in its `__post_init__`.
    **rules : NumberRule
        The rule of each field, by its name.

    Raises
    ------
    ArgumentError
        If a field breaks its rule.
    """
    for name, rule in rules.items():
        value = check_number(getattr(schedule, name), name, rule, schedule)
        object.__setattr__(schedule, name, value)  # it is frozen
