"""The protocol of losses and penalties."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from ..losses.base import Loss
from ..penalties import Penalty
from ..utils.typing import Array
from .verdict import Check, Rule, locked, tried, writes


class LossTrial(NamedTuple):
    """A loss, a prediction, a target, and what makes the loss fresh."""

    loss: Loss
    p: Array
    t: Array
    reset: Callable[[], None]

    def run(self, p: Array, t: Array) -> tuple[float, Array]:
        """Return the loss and its gradient."""
        return float(np.sum(self.loss.forward(p, t))), np.array(self.loss.backward())


LossRule = Callable[[LossTrial], str | None]


def _one_number(trial: LossTrial) -> str | None:
    value = trial.loss.forward(trial.p.copy(), trial.t.copy())
    kept = np.ndim(value) == 0 and np.isrealobj(value)
    return (
        None if kept else f"forward returns an array of shape {np.shape(value)}: one number is due"
    )


def _loss_arguments(trial: LossTrial) -> str | None:
    p, t = trial.p, trial.t
    return writes("the prediction", lambda: trial.run(locked(p), t.copy())) or writes(
        "the target", lambda: trial.run(p.copy(), locked(t))
    )


def _gradient_like(trial: LossTrial) -> str | None:
    p = trial.p
    trial.loss.forward(p.copy(), trial.t.copy())
    found = trial.loss.backward()
    if isinstance(found, np.ndarray) and found.shape == p.shape and found.dtype == p.dtype:
        return None
    return f"backward returns {getattr(found, 'dtype', type(found).__name__)} {np.shape(found)} for a prediction of float64 {p.shape}"


def _repeats(trial: LossTrial) -> str | None:
    p, t = trial.p, trial.t
    first = trial.run(p.copy(), t.copy())
    if not np.array_equal(np.array(trial.loss.backward()), first[1], equal_nan=True):
        return "a second backward gives another gradient: does it accumulate?"
    # Still probabilities.
    q, s = p * np.linspace(0.9, 1.0, p.size).reshape(p.shape), np.roll(t, 1, axis=0)
    used, again = trial.run(q.copy(), s.copy()), trial.run(p.copy(), t.copy())
    trial.reset()
    fresh = trial.run(q.copy(), s.copy())
    for seen, due in ((again, first), (used, fresh)):
        if seen[0] != due[0] or not np.array_equal(seen[1], due[1], equal_nan=True):
            return "after another batch the same one gives another loss or gradient: something cached is stale"
    return None


PROTOCOL: dict[str, LossRule] = {
    "one number": _one_number,
    "arguments untouched": _loss_arguments,
    "gradient like the prediction": _gradient_like,
    "no stale cache": _repeats,
}


def check_loss_protocol(trial: LossTrial, rules: dict[str, LossRule] = PROTOCOL) -> list[Check]:
    """Try every rule on a loss; return a row for each."""
    return tried(str(trial.loss), {name: partial(rule, trial) for name, rule in rules.items()})


def check_penalty_protocol(penalty: Penalty, weight: Array, m: int) -> list[Check]:
    """Try every rule on a penalty; return a row for each."""

    def one_number() -> str | None:
        value = penalty.value(weight.copy(), m)
        return (
            None
            if np.ndim(value) == 0
            else f"value returns an array of shape {np.shape(value)}: one number is due"
        )

    def untouched() -> str | None:
        frozen = locked(weight)
        return writes(
            "the weight",
            lambda: (penalty.value(frozen, m), penalty.gradient(frozen, m, np.zeros(weight.shape))),
        )

    def overwritten() -> str | None:
        out = np.full(weight.shape, np.nan)
        penalty.gradient(weight.copy(), m, out)
        blank = np.isnan(out)
        says = f"gradient leaves {blank.sum()} of {blank.size} elements of out unwritten, or adds to what was there"
        return says if blank.any() else None

    rules: dict[str, Rule] = {
        "one number": one_number,
        "weight untouched": untouched,
        "out overwritten": overwritten,
    }
    return tried(str(penalty), rules)
