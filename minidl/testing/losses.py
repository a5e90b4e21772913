"""check_loss: one loss, without a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import ShapeError
from ..gradcheck import Check, Report, check_gradients
from ..gradcheck.contract.loss_rules import LOSS_RULES, LossRun, check_loss_rules
from ..gradcheck.contract.rule import Rule
from ..gradcheck.sandbox import ModelSandbox
from ..losses.base import Loss
from ..utils.underflow import without_underflow
from ..utils.validation import check_array
from .arguments import check_instance

_FLOAT64 = np.dtype(np.float64)
_MEAN_AGREEMENT = 1e-9  # far above the rounding of a mean, far below a missing 1/m


@without_underflow
def check_loss(loss: Loss, prediction: npt.ArrayLike, target: npt.ArrayLike) -> Report:
    """Check a loss alone: the rules of the loss contract and its gradient.

    Parameters
    ----------
    loss : Loss
        The loss; it is restored bit for bit.
    prediction : array_like of shape (m, ..., k)
        Predictions for m examples, inside of the loss's domain; converted to float64.
    target : array_like of shape (m, ...) or (m, ..., k)
        The targets, as for `Sequential.fit`: numbers, or class numbers for a loss over classes.

    Returns
    -------
    Report
        One check per rule (term "protocol"), and one of the gradient with respect to the
        prediction (term "data") unless a broken rule makes it meaningless.

    Raises
    ------
    ArgumentError
        If `loss` is no Loss.
    ShapeError
        If `prediction` is a vector, or `target` has another number of rows.
    DtypeError, NonFiniteError
        If `prediction` or `target` contain no real or no finite numbers.

    See Also
    --------
    check_gradients : Check any function of arrays.

    Examples
    --------
    >>> from minidl import MeanSquaredError
    >>> check_loss(MeanSquaredError(), [[0.5], [2.0]], [[1.0], [0.0]]).ok
    True
    """
    check_instance(Loss, loss)
    p = check_array(prediction, "prediction", _FLOAT64)
    if p.ndim < 2:
        raise ShapeError(
            f"prediction must have shape (m, k) or (m, ..., k), one row per example, got {p.shape}"
        )
    with ModelSandbox([], others=(loss,)) as sandbox:
        t = loss.prepare_targets(target, p.shape[1] if p.ndim == 2 else p.shape[1:], _FLOAT64)
        if len(t) != len(p):
            raise ShapeError(
                f"prediction and target must have as many rows, got {len(p)} and {len(t)}"
            )
        run = LossRun(loss, p, t, lambda: sandbox.reset(loss))
        checks = check_loss_rules(run, _RULES)
        broken = {
            rule.id for rule, check in zip(_RULES, checks, strict=True) if check.verdict == "fail"
        }
        if not broken & {"scalar_value", "gradient_like_prediction"}:
            checks += _check_gradient(run)
    return Report.from_checks(checks, title=f"{loss} alone, {len(p)} examples")


def _check_gradient(run: LossRun) -> list[Check]:
    checks = check_gradients(
        lambda p: run.loss.forward(p, run.target),
        lambda p: run.value_and_gradient(p, run.target)[1],
        run.prediction,
    ).checks
    for check in checks:
        check.term, check.parameter, check.component = "data", "prediction", str(run.loss)
    return checks


def _mean_over_examples(run: LossRun) -> str | None:
    loss, p, t = run.loss, run.prediction, run.target
    once = np.sum(loss.forward(p.copy(), t.copy()))
    twice = np.sum(loss.forward(np.concatenate([p, p]), np.concatenate([t, t])))
    if abs(twice - once) <= _MEAN_AGREEMENT * abs(once):
        return None
    return (
        f"a batch repeated twice has {twice / once:.4g} times its loss: expected a mean over the "
        "examples, which stays the same"
    )


def _other_shapes_refused(run: LossRun) -> str | None:
    loss, p, t = run.loss, run.prediction, run.target
    other_length = t[:1] if len(t) > 1 else np.concatenate([t, t])
    for other in (other_length, t[:, 0]):
        try:
            loss.forward(p.copy(), other.copy())
        except Exception:  # any refusal will do
            continue
        return (
            f"targets of shape {other.shape} are accepted for predictions of shape {p.shape}: "
            "compare the shapes, NumPy would broadcast"
        )
    return None


_RULES: tuple[Rule[LossRun], ...] = (
    *LOSS_RULES,
    Rule("mean_over_examples", "a mean over the examples", _mean_over_examples),
    Rule("other_shapes_refused", "other shapes refused", _other_shapes_refused),
)
