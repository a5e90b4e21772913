"""Losses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import Array, door
from ..errors import ArgumentError, ShapeError
from ..gradcheck import Check, Report, check_gradients
from ..gradcheck.protocol import PROTOCOL, LossRule, LossTrial, check_loss_protocol
from ..gradcheck.rules import FLOAT64, reported
from ..gradcheck.workbench import Workbench
from ..losses import Loss


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
    with Workbench([], others=(loss,)) as bench:
        t = loss.targets(target, p.shape[1], FLOAT64)
        if len(t) != len(p):
            raise ShapeError(f"prediction and target must have as many rows, got {len(p)} and {len(t)}")

        def gradient(p: Array) -> Array:
            loss.forward(p, t)
            return np.array(loss.backward())

        checks = check_loss_protocol(LossTrial(loss, p, t, lambda: bench.reset(loss)), _LOSS_RULES)
        derived: list[Check] = []
        if not any(c.verdict == "fail" and c.parameter in ("one number", "gradient like the prediction") for c in checks):
            derived = check_gradients(lambda p: loss.forward(p, t), gradient, p).checks
        for check in derived:
            check.term, check.parameter, check.where = "data", "prediction", str(loss)
    return reported([*checks, *derived], f"{loss} alone, {len(p)} examples")


def _loss_mean(trial: LossTrial) -> str | None:
    loss, p, t = trial.loss, trial.p, trial.t
    once = np.sum(loss.forward(p.copy(), t.copy()))
    twice = np.sum(loss.forward(np.concatenate([p, p]), np.concatenate([t, t])))
    if abs(twice - once) <= 1e-9 * abs(once):
        return None
    return f"a batch given twice over has {twice / once:.4g} times its loss: a mean over the examples is due, which stays the same"


def _loss_refuses(trial: LossTrial) -> str | None:
    loss, p, t = trial.loss, trial.p, trial.t
    wrong = [t[:1] if len(t) > 1 else np.concatenate([t, t]), t[:, 0]]
    for other in wrong:
        try:
            loss.forward(p.copy(), other.copy())
        except Exception:  # any refusal will do
            continue
        return f"targets of shape {other.shape} are taken for predictions of shape {p.shape}: compare the shapes, numpy would broadcast"
    return None


_LOSS_RULES: dict[str, LossRule] = {
    **PROTOCOL,
    "a mean over the examples": _loss_mean,
    "other shapes refused": _loss_refuses,
}
