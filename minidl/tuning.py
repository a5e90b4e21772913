"""Trials before a long training, on copies."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from itertools import accumulate
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ArgumentError
from .losses.base import Loss
from .losses.binary_cross_entropy import BinaryCrossEntropy
from .losses.categorical_cross_entropy import CategoricalCrossEntropy
from .losses.mean_squared_error import MeanSquaredError
from .model.sequential import Sequential
from .optimizers.base import Optimizer
from .training.callbacks.base import Callback, TrainingRun
from .training.callbacks.stop_on_nonfinite import StopOnNonFinite
from .utils.typing import Array
from .utils.validation import is_integer

_KEPT = 0.9  # of the running mean that smooths the losses


class RateSearch:
    """What `lr_find` found; its text is one line.

    Attributes
    ----------
    rates, raw, losses : ndarray (n,)
        The learning rates, rising; the loss after the step with each; its running mean, without bias.
    least : int
        Where `losses` is least, the first tenth left aside.
    suggestion : float or None
        A fifth of the rate there, in two digits; None if the loss fell by no more than its noise.
    """

    def __init__(self, rates: Array, raw: Array, steps: int) -> None:
        self.rates, self.raw = rates, raw
        running = accumulate(raw, lambda mean, loss: _KEPT * mean + (1 - _KEPT) * loss, initial=0.0)
        self.losses = np.array([*running][1:]) / (1 - _KEPT ** np.arange(1, len(raw) + 1))
        early = raw[: max(3, steps // 4)]  # before it falls
        skipped = min(steps // 10, len(raw) - 1)  # a mean of one or two is no mean
        self.least = skipped + int(self.losses[skipped:].argmin())
        self._start, self._fallen = float(early.mean()), float(self.losses[self.least])
        noise = float(early.std()) * math.sqrt((1 - _KEPT) / (1 + _KEPT))
        falls = (
            self._start - self._fallen > max(2.5 * noise, 1e-3 * abs(self._start))
            and self.least > skipped
        )
        self.suggestion = float(f"{rates[self.least] / 5:.2g}") if falls else None

    def plot(self, *, axes: Any = None) -> Any:
        """Draw the losses over the rates: `plots.rate_search`."""
        from .plots import rate_search

        return rate_search(self, axes=axes)

    def __str__(self) -> str:
        first, last, best = (f"{self.rates[i]:.2g}" for i in (0, -1, self.least))
        fall = f"from {self._start:.4g} to {self._fallen:.4g} at {best}"
        text = f"{len(self.rates)} learning rates from {first} to {last}: the loss fell {fall}"
        if self.suggestion is None:
            return f"{text}, which is no more than its noise; try larger batches, more steps or a higher highest rate"
        at_end = (
            " (still falling: try a higher highest rate)"
            if self.least == len(self.rates) - 1
            else ""
        )
        return f"{text}{at_end}; suggestion {self.suggestion:.2g}"

    def __repr__(self) -> str:
        return f"RateSearch({self})"


def lr_find(
    model: Sequential,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    optimizer: Optimizer,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    batch_size: int | None = 64,
) -> RateSearch:
    """Suggest a learning rate, from a short training of a copy with rates that rise by the same factor from step to step.

    It ends early where the smoothed loss is twice what it was, or not finite.

    Parameters
    ----------
    model : Sequential
    X, Y : array_like
        As for `fit`.
    optimizer : Optimizer
        Its own learning rate does not matter.
    lowest, highest : float, default 1e-6 and 1.0
        Gradient descent may need a `highest` of 10.
    steps : int, default 100
        >= 20.
    batch_size : int or None, default 64
        The larger, the less noise.

    Raises
    ------
    ArgumentError
        For bad settings, or a loss that is not finite after the first step.

    Notes
    -----
    Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3.
    """
    _check(model, optimizer, steps, 20, "lr_find")
    if not (
        isinstance(lowest, Real) and isinstance(highest, Real) and 0 < lowest < highest < math.inf
    ):
        raise ArgumentError(
            f"lowest and highest must be finite and 0 < lowest < highest, got {lowest!r} and {highest!r} in lr_find"
        )
    sweep = _Sweep(np.geomspace(lowest, highest, steps))
    _fit(model, X, Y, optimizer, sweep, epochs=steps + 1, batch_size=batch_size)
    raw = np.array(sweep.losses[1:])
    if not len(raw):
        raise ArgumentError(
            f"the loss must be finite at the start and after a step with lowest={lowest:g} in lr_find"
        )
    return RateSearch(sweep.rates[: len(raw)], raw, steps)


class _Sweep(Callback):
    """Makes each step with the next rate; the first loss is that before any step."""

    def __init__(self, rates: Array) -> None:
        self.rates, self.losses, self._running, self._weight = rates, list[float](), 0.0, 0.0

    def on_gradient(self, run: TrainingRun) -> None:
        loss, made = float(run.loss), len(self.losses)
        if math.isfinite(loss):
            self.losses.append(loss)
            self._running = _KEPT * self._running + (1 - _KEPT) * loss
            self._weight = _KEPT * self._weight + (1 - _KEPT)
            first = float(np.mean(self.losses[:10]))
            if made < len(self.rates) and self._running / self._weight <= first + abs(first):
                run.optimizer.learning_rate = float(self.rates[made])
                return
        run.stop("done", now=True)


@dataclass(frozen=True)
class OverfitReport:
    """What `overfit_one_batch` found; its text is a table.

    Attributes
    ----------
    ok : bool
        The batch was learned, and the first loss was at most three times that of guessing.
    learned : bool
        The last loss is at most a tenth of the way from the least to that of guessing.
    first, last : float
        The data loss before the first and after the last step.
    guessing : float or None
        The loss of calling all classes equally likely, ln(classes), or of always the mean, where it is known.
    least : float
        The least possible loss.
    accuracy : float or None
    lines : list of str
    """

    ok: bool
    learned: bool
    first: float
    last: float
    guessing: float | None
    least: float
    accuracy: float | None
    lines: list[str]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def overfit_one_batch(
    model: Sequential,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    optimizer: Optimizer,
    steps: int = 200,
    batch_size: int | None = 32,
) -> OverfitReport:
    """Report whether a copy learns one batch by heart, as a sound model does, and whether its first loss is that of guessing.

    Parameters
    ----------
    model : Sequential
    X, Y : array_like
        As for `fit`, which would deal the same batch next.
    optimizer : Optimizer
    steps : int, default 200
        >= 1.
    batch_size : int or None, default 32

    Raises
    ------
    ShapeError, DtypeError, ArgumentError, NonFiniteError
        As from `fit`.

    Notes
    -----
    Karpathy, "A recipe for training neural networks" (2019).
    """
    _check(model, optimizer, steps, 1, "overfit_one_batch")
    dealt = _FirstBatch()
    _fit(model, X, Y, optimizer, dealt, epochs=1, batch_size=batch_size)
    x, t = dealt.x, dealt.t
    twin, mover = copy.deepcopy(model), copy.deepcopy(optimizer)
    with np.errstate(over="ignore", invalid="ignore"):
        first = float(twin.data_loss(x, t))
        totals = []
        for _ in range(steps):
            totals.append(float(twin.value_and_gradient(x, t, training=True)))
            mover.step(twin.parameters.theta, twin.parameters.grad)
            if not math.isfinite(totals[-1]):
                break
        last = float(twin.data_loss(x, t))
        right, asked = twin.count_correct(t) if twin.loss.is_classification else (0, 0)
    guessing, least, compared = _bounds(twin.loss, t)
    far = (guessing if guessing is not None and guessing > least else first) - least
    learned = last - least <= 0.1 * far  # and not where it is NaN
    known = guessing if guessing is not None and twin.loss.is_classification else math.nan
    high = not math.isfinite(first) or first > 3 * known
    lines = [
        f"one batch of {len(x)} examples, {len(totals)} steps of {optimizer}",
        f"first loss  {first:<9.4g}  {compared}".rstrip(),
        f"last loss   {last:<9.4g}  the least possible: {least:.4g}",
        *([f"accuracy    {right / asked:.3f}"] if asked else []),
        "learned by heart" if learned else "not learned",
    ]
    if high:
        lines.append(
            "more than three times the loss of guessing: are the inputs scaled, and the first weights of the last layer small?"
        )
    elif first < known / 2:
        lines.append("less than half the loss of guessing: is the model trained already?")
    if not learned:
        lines.append(_why(x, t, totals, last))
    return OverfitReport(
        learned and not high,
        learned,
        first,
        last,
        guessing,
        least,
        right / asked if asked else None,
        lines,
    )


class _FirstBatch(Callback):
    def on_gradient(self, run: TrainingRun) -> None:
        self.x, self.t = np.array(run.x), np.array(run.y)
        run.stop("done", now=True)


def _bounds(loss: Loss, t: Array) -> tuple[float | None, float, str]:
    """Return the loss of guessing, the least possible one, and how guessing is told."""
    if isinstance(loss, BinaryCrossEntropy | CategoricalCrossEntropy):
        classes = t.shape[1] if isinstance(loss, CategoricalCrossEntropy) else 2
        aim = (1 - loss.label_smoothing) * t + loss.label_smoothing / classes
        least = max(0.0, float(copy.copy(loss).forward(aim.astype(t.dtype), t)))
        return math.log(classes), least, f"guessing: ln({classes}) = {math.log(classes):.4g}"
    if isinstance(loss, MeanSquaredError):
        spread = float(((t - t.mean(axis=0)) ** 2).mean())
        return spread, 0.0, f"always the mean: {spread:.4g}"
    return None, 0.0, ""


def _why(x: Array, t: Array, totals: list[float], last: float) -> str:
    if not math.isfinite(last):
        return f"the loss was not finite after step {len(totals)}: try a smaller learning rate"
    first_of: dict[bytes, int] = {}
    for row, (example, target) in enumerate(zip(x, t, strict=True)):
        other = first_of.setdefault(example.tobytes(), row)
        if not np.array_equal(target, t[other]):
            return f"rows {other} and {row} of the batch are equal, but not their targets: nobody can learn both"
    if totals[-1] > totals[0]:
        return "the loss rose: try a smaller learning rate"
    if totals[len(totals) * 4 // 5] - totals[-1] > 0.05 * (totals[0] - totals[-1]):
        return "the loss was still falling: try more steps, or a larger learning rate"
    return "the loss no longer fell: try other learning rates (lr_find), then more units, and check the gradients (GradientChecker)"


def _check(model: object, optimizer: object, steps: object, least: int, where: str) -> None:
    if not isinstance(model, Sequential):
        raise ArgumentError(f"model must be a Sequential, got {model!r} in {where}")
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(
            f"optimizer must be an Optimizer such as Adam(), got {optimizer!r} in {where}"
        )
    if not is_integer(steps, least):
        raise ArgumentError(f"steps must be a whole number >= {least}, got {steps!r} in {where}")


def _fit(
    model: Sequential, X: Any, Y: Any, optimizer: Optimizer, watcher: Callback, **settings: Any
) -> None:
    """Train a copy until `watcher` ends it."""
    settings |= {
        "optimizer": copy.deepcopy(optimizer),
        "callbacks": [watcher, StopOnNonFinite(False)],
        "progress": False,
    }
    copy.deepcopy(model).fit(X, Y, **settings)
