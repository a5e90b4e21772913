"""The rules of the loss contract."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from ...losses.base import Loss
from ...utils.typing import Array
from ..result import Check
from .rule import detect_write, read_only, run_rules


class LossRun(NamedTuple):
    """A loss, a prediction, a target, and what makes the loss fresh."""

    loss: Loss
    p: Array
    t: Array
    reset: Callable[[], None]

    def run(self, p: Array, t: Array) -> tuple[float, Array]:
        """Return the loss and its gradient."""
        return float(np.sum(self.loss.forward(p, t))), np.array(self.loss.backward())


LossRule = Callable[[LossRun], str | None]


def _one_number(trial: LossRun) -> str | None:
    value = trial.loss.forward(trial.p.copy(), trial.t.copy())
    kept = np.ndim(value) == 0 and np.isrealobj(value)
    return (
        None if kept else f"forward returns an array of shape {np.shape(value)}: one number is due"
    )


def _loss_arguments(trial: LossRun) -> str | None:
    p, t = trial.p, trial.t
    return detect_write(
        "the prediction", lambda: trial.run(read_only(p), t.copy())
    ) or detect_write("the target", lambda: trial.run(p.copy(), read_only(t)))


def _gradient_like(trial: LossRun) -> str | None:
    p = trial.p
    trial.loss.forward(p.copy(), trial.t.copy())
    found = trial.loss.backward()
    if isinstance(found, np.ndarray) and found.shape == p.shape and found.dtype == p.dtype:
        return None
    return f"backward returns {getattr(found, 'dtype', type(found).__name__)} {np.shape(found)} for a prediction of float64 {p.shape}"


def _repeats(trial: LossRun) -> str | None:
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


LOSS_RULES: dict[str, LossRule] = {
    "one number": _one_number,
    "arguments untouched": _loss_arguments,
    "gradient like the prediction": _gradient_like,
    "no stale cache": _repeats,
}


def check_loss_rules(trial: LossRun, rules: dict[str, LossRule] = LOSS_RULES) -> list[Check]:
    """Try every rule on a loss; return a row for each."""
    return run_rules(str(trial.loss), {name: partial(rule, trial) for name, rule in rules.items()})
