"""Cosine decay."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import ArgumentError
from ..utils.validation import at_least, greater_than, integer_at_least
from .base import Schedule, check_fields


@dataclass(frozen=True)
class Cosine(Schedule):
    """Decays the learning rate along half a period of the cosine, then keeps it.

    With initial = `initial_learning_rate` and final = `final_learning_rate`, the learning rate of
    a step is ``final + (initial - final) * (1 + cos(pi * step / decay_steps)) / 2`` until
    `decay_steps`, and final after that [1]_, without the restarts of the paper.

    Parameters
    ----------
    initial_learning_rate : float
        The learning rate of the first step, > 0.
    decay_steps : int
        Number of steps until the final learning rate, >= 1.
    final_learning_rate : float, default 0.0
        The learning rate from `decay_steps` on, in [0, initial_learning_rate].

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    WarmUp : Starts with a linear rise.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017,
       https://arxiv.org/abs/1608.03983, equation 5.

    Examples
    --------
    >>> from minidl import Cosine
    >>> schedule = Cosine(0.1, decay_steps=100)
    >>> [round(schedule(step), 3) for step in (0, 25, 50, 75, 100, 200)]
    [0.1, 0.085, 0.05, 0.015, 0.0, 0.0]
    """

    option_name = "cosine"

    initial_learning_rate: float
    decay_steps: int
    final_learning_rate: float = 0.0

    def __post_init__(self) -> None:
        check_fields(
            self,
            initial_learning_rate=greater_than(0),
            decay_steps=integer_at_least(1),
            final_learning_rate=at_least(0),
        )
        if self.final_learning_rate > self.initial_learning_rate:
            raise ArgumentError(
                f"final_learning_rate must be in [0, initial_learning_rate] = "
                f"[0, {self.initial_learning_rate:g}], got {self.final_learning_rate!r} in Cosine"
            )

    @classmethod
    def over(cls, learning_rate: float, steps: int) -> float | Schedule:
        return cls(learning_rate, steps)

    def __call__(self, step: int) -> float:
        initial, final = self.initial_learning_rate, self.final_learning_rate
        step = min(step, self.decay_steps)
        return final + (initial - final) * (1 + math.cos(math.pi * step / self.decay_steps)) / 2
