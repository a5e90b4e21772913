"""Whether one batch can be learned: the quickest test that layers, loss, targets and optimizer belong together."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from ..callbacks import Callback, Run
from ..losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, MeanSquaredError
from ..optimizers import Optimizer
from ..sequential import Sequential
from .common import check, fit


@dataclass(frozen=True)
class OverfitReport:
    """What `overfit_one_batch` found; its text is a table.

    Attributes
    ----------
    ok : bool
        Whether the batch was learned, and the first loss was at most three times that of guessing.
    learned : bool
        Whether the last loss is near the least possible: within a tenth of the way from there to that of guessing.
    first, last : float
        The data loss before the first step and after the last one, without penalties and dropout.
    guessing : float or None
        The loss of whoever calls all classes equally likely, ln(classes), or always answers the mean; None for a loss of one's own.
    least : float
        The least possible loss: 0, unless targets are smoothed or probabilities.
    accuracy : float or None
        The share of the batch that is called rightly in the end.
    lines : sequence of str
        The lines of the table.
    """

    ok: bool
    learned: bool
    first: float
    last: float
    guessing: float | None
    least: float
    accuracy: float | None
    lines: Sequence[str]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def overfit_one_batch(
    model: Sequential, X: npt.ArrayLike, Y: npt.ArrayLike, *, optimizer: Optimizer, steps: int = 200, batch_size: int | None = 32
) -> OverfitReport:
    """Train a copy of `model` on one batch alone, and report whether it learned that by heart, as a sound model does.

    Also compares the first loss with that of guessing: ln(classes) for an untrained classifier, ln(2) for each decision between two.

    Parameters
    ----------
    model : Sequential
        A copy of it is trained.
    X, Y : array_like
        As for `fit`; the batch is the one that `fit` would deal next.
    optimizer : Optimizer
        A copy of it starts anew.
    steps : int, default 200
        >= 1.
    batch_size : int or None, default 32
        As for `fit`: None is all of X.

    Returns
    -------
    OverfitReport
        `.ok`, `.first`, `.last`, ...; its text is a short table that says what to look for.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError, NonFiniteError
        As from `fit`.

    Notes
    -----
    Karpathy, "A recipe for training neural networks" (2019): "verify loss @ init", "overfit one batch".

    Examples
    --------
    >>> from minidl import Adam, Linear, ReLU, Sigmoid
    >>> from minidl.data import planar
    >>> X, Y = planar.moons(300, noise=0.2, rng=3)
    >>> model = Sequential([Linear(2, 16), ReLU(), Linear(16, 1), Sigmoid()], loss=BinaryCrossEntropy(), seed=1)
    >>> overfit_one_batch(model, X, Y, optimizer=Adam(0.05)).ok
    True
    """
    check(model, optimizer, steps, 1, "overfit_one_batch")
    dealt = _FirstBatch()
    fit(copy.deepcopy(model), X, Y, copy.deepcopy(optimizer), batch_size, 1, dealt)
    x, t = dealt.x, dealt.t
    twin, trained_by = copy.deepcopy(model), copy.deepcopy(optimizer)
    with np.errstate(over="ignore", invalid="ignore"):
        first = float(twin.data_loss(x, t))
        totals: list[float] = []
        while len(totals) < steps and (not totals or math.isfinite(totals[-1])):
            totals.append(float(twin.value_and_gradient(x, t, training=True)))
            trained_by.step(twin.parameters.theta, twin.parameters.grad)
        last = float(twin.data_loss(x, t))
        right, asked = twin.hits(t) if twin.loss.accuracy_of else (0, 0)
    guessing, least = _bounds(twin.loss, t)
    far = (guessing if guessing is not None and guessing > least else first) - least
    learned = last - least <= 0.1 * far  # and not where it is NaN
    high = not math.isfinite(first) or (guessing is not None and twin.loss.accuracy_of and first > 3 * guessing)
    low = guessing is not None and twin.loss.accuracy_of and first < guessing / 2
    report = OverfitReport(learned and not high, learned, first, last, guessing, least, right / asked if asked else None, ())
    hints = [_FIRST_HIGH] if high else [_FIRST_LOW] if low else []
    hints += [] if learned else [_why(x, t, totals, last)]
    return replace(report, lines=_table(report, twin, optimizer, len(x), len(totals), hints))


class _FirstBatch(Callback):
    """Keeps the first batch and ends the training."""

    def on_step(self, run: Run) -> None:
        self.x, self.t = np.array(run.x), np.array(run.y)
        run.stop("the batch is dealt", now=True)


def _bounds(loss: Loss, t: Array) -> tuple[float | None, float]:
    """Return the loss of guessing, if it is known, and the least possible one, 0 if it is not known."""
    if isinstance(loss, BinaryCrossEntropy | CategoricalCrossEntropy):
        classes = t.shape[1] if isinstance(loss, CategoricalCrossEntropy) else 2
        aim = (1 - loss.label_smoothing) * t + loss.label_smoothing / classes
        return math.log(classes), max(0.0, float(copy.copy(loss).forward(aim.astype(t.dtype), t)))
    if isinstance(loss, MeanSquaredError):
        return float(((t - t.mean(axis=0)) ** 2).mean()), 0.0
    return None, 0.0


_FIRST_HIGH = "more than three times the loss of guessing: are the inputs scaled, and the first weights of the last layer small?"
_FIRST_LOW = "less than half the loss of guessing: is the model trained already?"


def _why(x: Array, t: Array, totals: Sequence[float], last: float) -> str:
    """Return what to look for, as the batch was not learned."""
    if not math.isfinite(last):
        return f"the loss was not finite after step {len(totals)}: try a smaller learning rate"
    first_of: dict[bytes, int] = {}
    for row, (example, target) in enumerate(zip(x, t, strict=True)):
        other = first_of.setdefault(example.tobytes(), row)
        if not np.array_equal(target, t[other]):
            return f"rows {other} and {row} of the batch are equal, but not their targets: nobody can learn both"
    if totals[-1] > totals[0]:
        return "the loss rose: try a smaller learning rate"
    if totals[len(totals) * 4 // 5] - totals[-1] > 0.05 * (totals[0] - totals[-1]):  # a fifth of the steps, a twentieth of the way
        return "the loss was still falling: try more steps, or a larger learning rate"
    return "the loss no longer fell: try other learning rates (lr_find), then more units, and check the gradients (GradientChecker)"


def _table(report: OverfitReport, model: Sequential, optimizer: Optimizer, m: int, steps: int, hints: Sequence[str]) -> list[str]:
    """Return the lines of the report."""
    compared = ""
    if report.guessing is not None:
        classes = isinstance(model.loss, BinaryCrossEntropy | CategoricalCrossEntropy)
        what = f"guessing: ln({round(math.exp(report.guessing))}) =" if classes else "always the mean:"
        compared = f"{what} {report.guessing:.4g}"
    lines = [
        f"one batch of {m} examples, {steps} steps of {optimizer}",
        f"first loss  {report.first:<9.4g}  {compared}",
        f"last loss   {report.last:<9.4g}  the least possible: {report.least:.4g}",
        *([] if report.accuracy is None else [f"accuracy    {report.accuracy:.3f}"]),
        "learned by heart" if report.learned else "not learned",
        *hints,
    ]
    return [line.rstrip() for line in lines]
