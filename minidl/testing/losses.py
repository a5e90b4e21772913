"""Losses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from ..arrays import Array, door
from ..errors import ArgumentError, ShapeError
from ..gradcheck import Check, Report, check_gradients
from ..gradcheck.workbench import Workbench
from ..losses import Loss
from .rules import FLOAT64, locked, reported, tried, writes


def check_loss(loss: Loss, prediction: npt.ArrayLike, target: npt.ArrayLike) -> Report:
    """Check a loss: its gradient with respect to the prediction, and the rules of `Loss`.

    Parameters
    ----------
    loss : Loss
        It comes back as it was.
    prediction : array_like of shape (m, k)
        Inside of the loss's domain.
    target : array_like
        As for `fit`.

    Examples
    --------
    >>> from minidl import MeanSquaredError
    >>> check_loss(MeanSquaredError(), [[0.5], [2.0]], [[1.0], [0.0]]).ok
    True
    """
    if not isinstance(loss, Loss):
        raise ArgumentError(f"loss must be a Loss, got {loss!r}: derive it from minidl.Loss")
    p = door(prediction, "prediction", FLOAT64)
    if p.ndim != 2:
        raise ShapeError(f"prediction must have shape (m, k), one row per example, got {p.shape}")
    with Workbench([], others=(loss,)):
        t = loss.targets(target, p.shape[1], FLOAT64)
        if len(t) != len(p):
            raise ShapeError(f"prediction and target must have as many rows, got {len(p)} and {len(t)}")

        def gradient(p: Array) -> Array:
            loss.forward(p, t)
            return np.array(loss.backward())

        checks = tried(str(loss), {name: partial(rule, loss, p, t) for name, rule in _LOSS_RULES.items()})
        derived: list[Check] = []
        if not any(c.verdict == "fail" and c.parameter in ("one number", "gradient like the prediction") for c in checks):
            derived = check_gradients(lambda p: loss.forward(p, t), gradient, p).checks
        for check in derived:
            check.term, check.parameter, check.where = "data", "prediction", str(loss)
    return reported([*checks, *derived], f"{loss} alone, {len(p)} examples")


def _one_number(loss: Loss, p: Array, t: Array) -> str | None:
    value = loss.forward(p.copy(), t.copy())
    return (
        None if np.ndim(value) == 0 and np.isrealobj(value) else f"forward returns an array of shape {np.shape(value)}: one number is due"
    )


def _loss_writes(loss: Loss, p: Array, t: Array) -> str | None:
    def both_ways(p: Array, t: Array) -> None:
        loss.forward(p, t)
        loss.backward()

    return writes("the prediction", lambda: both_ways(locked(p), t.copy())) or writes("the target", lambda: both_ways(p.copy(), locked(t)))


def _loss_mean(loss: Loss, p: Array, t: Array) -> str | None:
    once = np.sum(loss.forward(p.copy(), t.copy()))
    twice = np.sum(loss.forward(np.concatenate([p, p]), np.concatenate([t, t])))
    if abs(twice - once) <= 1e-9 * abs(once):
        return None
    return f"a batch given twice over has {twice / once:.4g} times its loss: a mean over the examples is due, which stays the same"


def _loss_gradient_like(loss: Loss, p: Array, t: Array) -> str | None:
    loss.forward(p.copy(), t.copy())
    gradient = loss.backward()
    if isinstance(gradient, np.ndarray) and gradient.shape == p.shape and gradient.dtype == p.dtype:
        return None
    return (
        f"backward returns {getattr(gradient, 'dtype', type(gradient).__name__)} {np.shape(gradient)} for a prediction of float64 {p.shape}"
    )


def _loss_repeats(loss: Loss, p: Array, t: Array) -> str | None:
    first = float(np.sum(loss.forward(p.copy(), t.copy())))
    gradient = np.array(loss.backward())
    if not np.array_equal(np.array(loss.backward()), gradient, equal_nan=True):
        return "a second backward gives another gradient"
    loss.forward(p[::-1].copy(), t[::-1].copy())
    loss.backward()
    again = float(np.sum(loss.forward(p.copy(), t.copy())))
    same = again == first and np.array_equal(np.array(loss.backward()), gradient, equal_nan=True)
    return None if same else "after another batch the same one gives another loss or gradient: something cached is stale"


def _loss_refuses(loss: Loss, p: Array, t: Array) -> str | None:
    wrong = [t[:1] if len(t) > 1 else np.concatenate([t, t]), t[:, 0]]
    for other in wrong:
        try:
            loss.forward(p.copy(), other.copy())
        except Exception:  # any refusal will do
            continue
        return f"targets of shape {other.shape} are taken for predictions of shape {p.shape}: compare the shapes, numpy would broadcast"
    return None


_LOSS_RULES: dict[str, Callable[[Loss, Array, Array], str | None]] = {
    "one number": _one_number,
    "arguments untouched": _loss_writes,
    "gradient like the prediction": _loss_gradient_like,
    "a mean over the examples": _loss_mean,
    "no stale cache": _loss_repeats,
    "other shapes refused": _loss_refuses,
}
