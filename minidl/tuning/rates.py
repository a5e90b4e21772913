"""Which learning rate suits: a short training through all of them."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Array
from ..callbacks import Callback, Run
from ..errors import ArgumentError
from ..optimizers import Optimizer
from ..sequential import Sequential
from .common import check, fit

_KEPT = 0.9  # the share of the running mean that smooths the losses: it looks back over about 19 of them
_SAFETY = 5  # how far below the rate of the least loss the suggestion lies


class RateSearch:
    """What `lr_find` found.

    Attributes
    ----------
    rates : ndarray (n,)
        The learning rates that were tried, rising.
    raw : ndarray (n,)
        The loss of the batch that came after the step with each rate.
    losses : ndarray (n,)
        The same, smoothed: their running mean, with its bias corrected.
    least : int
        Where the smoothed loss is least, the first tenth left aside.
    suggestion : float or None
        A fifth of the rate at which the smoothed loss is least, in two digits; None if the loss did not fall by more than its noise.
    """

    def __init__(self, rates: Array, raw: Array, steps: int) -> None:
        weights = 1 - _KEPT ** np.arange(1, len(raw) + 1)
        running, smoothed = 0.0, []
        for loss in raw:
            running = _KEPT * running + (1 - _KEPT) * loss
            smoothed.append(running)
        self.rates, self.raw, self.losses = rates, raw, np.array(smoothed) / weights
        self._early = raw[: max(3, steps // 4)]  # with rates so small that the loss is what it was
        skipped = min(steps // 10, len(raw) - 1)  # a mean of one or two is no mean
        self.least = skipped + int(self.losses[skipped:].argmin())
        noise = float(self._early.std()) * math.sqrt((1 - _KEPT) / (1 + _KEPT))
        fall = float(self._early.mean() - self.losses[self.least])
        falls = fall > max(2.5 * noise, 1e-3 * abs(float(self._early.mean()))) and self.least > skipped
        self.suggestion = float(f"{self.rates[self.least] / _SAFETY:.2g}") if falls else None

    def plot(self, *, axes: Any = None) -> Any:
        """Draw the losses against the rates, on `axes` if given (extra `plot`); return the matplotlib Axes."""
        from ..plots import rate_search

        return rate_search(self, axes=axes)

    def __str__(self) -> str:
        tried = f"{len(self.rates)} learning rates from {self.rates[0]:.2g} to {self.rates[-1]:.2g}"
        start, least = float(self._early.mean()), float(self.losses[self.least])
        fall = f"the loss fell from {start:.4g} to {least:.4g} at {self.rates[self.least]:.2g}"
        if self.suggestion is None:
            return f"{tried}: {fall}, which is no more than its noise; try larger batches, more steps or a higher highest rate"
        at_end = " (still falling: try a higher highest rate)" if self.least == len(self.rates) - 1 else ""
        return f"{tried}: {fall}{at_end}; suggestion {self.suggestion:.2g}"

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
    """Try learning rates from `lowest` to `highest` in one short training of a copy, and suggest one.

    Each step is made with a rate larger than the one before by the same factor. The loss stays at first, then it falls, then it rises:
    a good rate lies clearly below that of the least loss. It ends early where the smoothed loss is twice what it was, or not finite.

    Parameters
    ----------
    model : Sequential
        Trained or not; a copy of it is trained, on the batches that `fit` would deal next.
    X, Y : array_like
        As for `fit`.
    optimizer : Optimizer
        A copy of it starts anew; its own learning rate does not matter.
    lowest, highest : float, default 1e-6 and 1.0
        0 < lowest < highest. Gradient descent may need a `highest` of 10.
    steps : int, default 100
        >= 20, how many rates.
    batch_size : int or None, default 64
        As for `fit`. The larger, the less noise.

    Returns
    -------
    RateSearch
        `.suggestion`, `.rates`, `.losses`, `.plot()`; its text says it in one line.

    Raises
    ------
    ArgumentError
        For bad settings, and where the loss is not finite after the first step.

    Notes
    -----
    Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3. Why a fifth: on six small nets under five
    optimizers, about 300 steps with it ended, in the geometric mean, at 1.6 times the loss of the best of 25 rates, and at 5 times at
    worst.

    Examples
    --------
    >>> from minidl import Adam, BinaryCrossEntropy, Linear, ReLU, Sigmoid
    >>> from minidl.data import planar
    >>> X, Y = planar.moons(300, noise=0.2, rng=3)
    >>> model = Sequential([Linear(2, 16), ReLU(), Linear(16, 1), Sigmoid()], loss=BinaryCrossEntropy(), seed=1)
    >>> found = lr_find(model, X, Y, optimizer=Adam())
    >>> 0.02 < found.suggestion < 0.5
    True
    """
    check(model, optimizer, steps, 20, "lr_find")
    numbers = all(isinstance(rate, int | float | np.integer | np.floating) and math.isfinite(rate) for rate in (lowest, highest))
    if not (numbers and 0 < lowest < highest):
        raise ArgumentError(f"lowest and highest must be finite and 0 < lowest < highest, got {lowest!r} and {highest!r} in lr_find")
    sweep = _Sweep(np.geomspace(lowest, highest, steps))
    fit(copy.deepcopy(model), X, Y, copy.deepcopy(optimizer), batch_size, steps + 1, sweep)
    tried = len(sweep.losses) - 1
    if tried < 1:
        raise ArgumentError(f"the loss must be finite at the start and after a step with lowest={lowest:g}, but it is not in lr_find")
    return RateSearch(sweep.rates[:tried], np.array(sweep.losses[1:]), steps)


class _Sweep(Callback):
    """Makes each step with the next rate, and keeps the losses: the first is that before any step."""

    def __init__(self, rates: Array) -> None:
        self.rates, self.losses, self._running, self._weight = rates, list[float](), 0.0, 0.0

    def on_step(self, run: Run) -> None:
        loss, made = float(run.loss), len(self.losses)
        if not math.isfinite(loss):
            return run.stop("the loss is not finite", now=True)
        self.losses.append(loss)
        self._running = _KEPT * self._running + (1 - _KEPT) * loss
        self._weight = _KEPT * self._weight + (1 - _KEPT)
        first = float(np.mean(self.losses[:10]))
        if made == len(self.rates) or self._running / self._weight > first + abs(first):
            return run.stop("all rates are tried, or too large", now=True)
        run.optimizer.learning_rate = float(self.rates[made])
        return None
