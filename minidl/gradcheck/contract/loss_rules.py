"""The rules of the loss contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from ...losses.base import Loss
from ...utils.typing import Array
from ..result import Check
from .rule import Rule, run_rules
from .writes import detect_write, read_only


class LossRun(NamedTuple):
    """A loss, a prediction and a target; `reset` restores the state of an unused loss."""

    loss: Loss
    prediction: Array
    target: Array
    reset: Callable[[], None]

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        """Return the loss and a copy of its gradient."""
        value = float(np.sum(self.loss.forward(prediction, target)))
        return value, np.array(self.loss.backward())


def _scalar_value(run: LossRun) -> str | None:
    value = run.loss.forward(run.prediction.copy(), run.target.copy())
    if np.ndim(value) == 0 and np.isrealobj(value):
        return None
    return f"forward returns an array of shape {np.shape(value)}, expected a scalar"


def _arguments_untouched(run: LossRun) -> str | None:
    prediction, target = run.prediction, run.target
    return detect_write(
        "the prediction", lambda: run.value_and_gradient(read_only(prediction), target.copy())
    ) or detect_write(
        "the target", lambda: run.value_and_gradient(prediction.copy(), read_only(target))
    )


def _gradient_like_prediction(run: LossRun) -> str | None:
    prediction = run.prediction
    run.loss.forward(prediction.copy(), run.target.copy())
    gradient = run.loss.backward()
    if (
        isinstance(gradient, np.ndarray)
        and gradient.shape == prediction.shape
        and gradient.dtype == prediction.dtype
    ):
        return None
    kind = getattr(gradient, "dtype", type(gradient).__name__)
    return (
        f"backward returns {kind} {np.shape(gradient)} "
        f"for a prediction of float64 {prediction.shape}"
    )


def _no_stale_cache(run: LossRun) -> str | None:
    prediction, target = run.prediction, run.target
    first = run.value_and_gradient(prediction.copy(), target.copy())
    if not np.array_equal(np.array(run.loss.backward()), first[1], equal_nan=True):
        return "a second backward gives another gradient: does it accumulate?"
    # Smaller by up to a tenth, probabilities stay probabilities.
    factors = np.linspace(0.9, 1.0, prediction.size).reshape(prediction.shape)
    other_prediction = prediction * factors
    other_target = np.roll(target, 1, axis=0)
    used = run.value_and_gradient(other_prediction.copy(), other_target.copy())
    again = run.value_and_gradient(prediction.copy(), target.copy())
    run.reset()
    fresh = run.value_and_gradient(other_prediction.copy(), other_target.copy())
    for result, expected in ((again, first), (used, fresh)):
        same_gradient = np.array_equal(result[1], expected[1], equal_nan=True)
        if result[0] != expected[0] or not same_gradient:
            return (
                "after another batch the same one gives another loss or gradient: "
                "something cached is stale"
            )
    return None


LOSS_RULES: tuple[Rule[LossRun], ...] = (
    Rule("scalar_value", "one number", _scalar_value),
    Rule("arguments_untouched", "arguments untouched", _arguments_untouched),
    Rule("gradient_like_prediction", "gradient like the prediction", _gradient_like_prediction),
    Rule("no_stale_cache", "no stale cache", _no_stale_cache),
)


def check_loss_rules(run: LossRun, rules: Iterable[Rule[LossRun]] = LOSS_RULES) -> list[Check]:
    """Test every rule on a loss; return a row for each."""
    return run_rules(rules, run, str(run.loss))
