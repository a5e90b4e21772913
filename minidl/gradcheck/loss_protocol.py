"""The protocol of a loss: what no derivative sees, as `protocol.py` does for layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..arrays import Array
from ..losses import Loss
from .verdict import Check, locked, tried, writes


@dataclass(frozen=True)
class LossTrial:
    """A loss, a prediction and a target, and how to make the loss as fresh as it was found."""

    loss: Loss
    p: Array
    t: Array
    reset: Callable[[], None]


LossRule = Callable[[LossTrial], str | None]


def _one_number(trial: LossTrial) -> str | None:
    loss, p, t = trial.loss, trial.p, trial.t
    value = loss.forward(p.copy(), t.copy())
    return (
        None if np.ndim(value) == 0 and np.isrealobj(value) else f"forward returns an array of shape {np.shape(value)}: one number is due"
    )


def _untouched(trial: LossTrial) -> str | None:
    loss, p, t = trial.loss, trial.p, trial.t

    def both_ways(p: Array, t: Array) -> None:
        loss.forward(p, t)
        loss.backward()

    return writes("the prediction", lambda: both_ways(locked(p), t.copy())) or writes("the target", lambda: both_ways(p.copy(), locked(t)))


def _gradient_like(trial: LossTrial) -> str | None:
    loss, p, t = trial.loss, trial.p, trial.t
    loss.forward(p.copy(), t.copy())
    gradient = loss.backward()
    if isinstance(gradient, np.ndarray) and gradient.shape == p.shape and gradient.dtype == p.dtype:
        return None
    return (
        f"backward returns {getattr(gradient, 'dtype', type(gradient).__name__)} {np.shape(gradient)} for a prediction of float64 {p.shape}"
    )


def _repeats(trial: LossTrial) -> str | None:
    loss, p, t = trial.loss, trial.p, trial.t
    first = _both_ways(loss, p, t)
    if not np.array_equal(np.array(loss.backward()), first[1], equal_nan=True):
        return "a second backward gives another gradient: does it accumulate?"
    # Nearby, within the domain of probabilities; and other targets.
    other = (p * np.linspace(0.9, 1.0, p.size).reshape(p.shape), np.roll(t, 1, axis=0))
    used = _both_ways(loss, *other)
    again = _both_ways(loss, p, t)
    trial.reset()
    fresh = _both_ways(loss, *other)
    for seen, due in ((again, first), (used, fresh)):
        if seen[0] != due[0] or not np.array_equal(seen[1], due[1], equal_nan=True):
            return "after another batch the same one gives another loss or gradient: something cached is stale"
    return None


def _both_ways(loss: Loss, p: Array, t: Array) -> tuple[float, Array]:
    value = float(np.sum(loss.forward(p.copy(), t.copy())))
    return value, np.array(loss.backward())


PROTOCOL: dict[str, LossRule] = {
    "one number": _one_number,
    "arguments untouched": _untouched,
    "gradient like the prediction": _gradient_like,
    "no stale cache": _repeats,
}


def check_loss_protocol(trial: LossTrial, rules: dict[str, LossRule] = PROTOCOL) -> list[Check]:
    """Try every rule on a loss; return a row for each."""
    return tried(str(trial.loss), {name: partial(rule, trial) for name, rule in rules.items()})
