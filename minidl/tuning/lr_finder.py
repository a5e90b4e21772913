"""The learning-rate range test."""

from __future__ import annotations

import math
from itertools import accumulate
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..model.sequential import Sequential
from ..optimizers.base import Optimizer
from ..training.callbacks.base import Callback, TrainingRun
from ..utils.typing import Array
from .trial import check_arguments, fit_copy

SMOOTHING = 0.9  # weight of the past in the moving average of the losses
MIN_STEPS = 20


class LearningRateSearch:
    """Result of `lr_find`; `str(search)` is a one-line summary.

    Parameters
    ----------
    learning_rates : ndarray of shape (n,), float64
        The learning rates that were tried, ascending, n >= 1.
    raw_losses : ndarray of shape (n,), float64
        The loss of the batch after the step with each learning rate.
    steps : int
        The number of steps that were planned, >= n; the search may have stopped early.

    Attributes
    ----------
    learning_rates : ndarray of shape (n,), float64
        The learning rates.
    raw_losses : ndarray of shape (n,), float64
        The loss after each step.
    losses : ndarray of shape (n,), float64
        The bias-corrected exponential moving average of `raw_losses`, with factor 0.9.
    best_index : int
        The index of the smallest element of `losses`, without the first tenth of the steps.
    suggestion : float or None
        A fifth of the learning rate at `best_index`, rounded to two digits. None if the loss fell
        by no more than its noise.

    See Also
    --------
    minidl.plots.learning_rate_curve : Plots it, as the method `plot` does.

    Examples
    --------
    >>> import numpy as np
    >>> learning_rates = np.geomspace(1e-4, 1, 50)
    >>> search = LearningRateSearch(learning_rates, np.linspace(1.0, 0.5, 50), 50)
    >>> search.best_index, search.suggestion
    (49, 0.2)
    """

    def __init__(self, learning_rates: Array, raw_losses: Array, steps: int) -> None:
        self.learning_rates = learning_rates
        self.raw_losses = raw_losses
        self.losses = _moving_average(raw_losses)
        # The average of one or two losses is noise.
        n_skipped = min(steps // 10, len(raw_losses) - 1)
        self.best_index = n_skipped + int(self.losses[n_skipped:].argmin())
        early_losses = raw_losses[: max(3, steps // 4)]  # before the loss falls
        self._initial_loss = float(early_losses.mean())
        best_loss = float(self.losses[self.best_index])
        noise = float(early_losses.std()) * math.sqrt((1 - SMOOTHING) / (1 + SMOOTHING))
        decrease = self._initial_loss - best_loss
        is_clear = decrease > max(2.5 * noise, 1e-3 * abs(self._initial_loss))
        self.suggestion: float | None = None
        if is_clear and self.best_index > n_skipped:
            self.suggestion = float(f"{learning_rates[self.best_index] / 5:.2g}")

    def plot(self, *, axes: Any = None) -> Any:
        """Plot the losses over the learning rates.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to plot. By default, a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            The axes with the plot.
        """
        from ..plots import learning_rate_curve

        return learning_rate_curve(self, axes=axes)

    def __str__(self) -> str:
        first, last, best = (f"{self.learning_rates[i]:.2g}" for i in (0, -1, self.best_index))
        best_loss = self.losses[self.best_index]
        text = (
            f"{len(self.learning_rates)} learning rates from {first} to {last}: "
            f"the loss fell from {self._initial_loss:.4g} to {best_loss:.4g} at {best}"
        )
        if self.suggestion is None:
            return (
                f"{text}, which is no more than its noise; "
                "try larger batches, more steps or a higher max_learning_rate"
            )
        if self.best_index == len(self.learning_rates) - 1:
            text += " (still falling: try a higher max_learning_rate)"
        return f"{text}; suggestion {self.suggestion:.2g}"

    def __repr__(self) -> str:
        return f"LearningRateSearch({self})"


def lr_find(
    model: Sequential,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    optimizer: Optimizer,
    min_learning_rate: float = 1e-6,
    max_learning_rate: float = 1.0,
    steps: int = 100,
    batch_size: int | None = 64,
) -> LearningRateSearch:
    """Suggest a learning rate from a short training in which the rate grows exponentially.

    Copies of the model and the optimizer are trained: step i of n uses the learning rate
    ``min_learning_rate * (max_learning_rate / min_learning_rate) ** (i / (n - 1))``. The search
    stops early when the smoothed loss has doubled, or is not finite.

    Parameters
    ----------
    model : Sequential
        The model; it stays unchanged, bit for bit.
    X : array_like of shape (m, ...)
        The training examples, as for `Sequential.fit`.
    Y : array_like of shape (m, ...)
        The targets, as for `Sequential.fit`.
    optimizer : Optimizer
        The optimizer; it stays unchanged, and its learning rate does not matter.
    min_learning_rate : float, default 1e-6
        The learning rate of the first step, > 0.
    max_learning_rate : float, default 1.0
        The learning rate of the last step, > `min_learning_rate`. Gradient descent may need 10.
    steps : int, default 100
        The number of steps, >= 20.
    batch_size : int or None, default 64
        The number of examples per step; None uses all of them. Larger batches make less noise.

    Returns
    -------
    LearningRateSearch
        The losses and the suggested learning rate.

    Raises
    ------
    ArgumentError
        If an argument is invalid, or the loss is not finite at the start or after the
        first step.
    ShapeError
        If `X` or `Y` has the wrong shape.
    DtypeError
        If `X` or `Y` does not hold real numbers.
    NonFiniteError
        If `X` or `Y` holds NaN or infinity.

    References
    ----------
    L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import GradientDescent, Linear, MeanSquaredError, Sequential, lr_find
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> search = lr_find(model, X, 3 * X, optimizer=GradientDescent(0.1), steps=50)
    >>> 0.01 < search.suggestion < 1
    True
    """
    check_arguments(model, optimizer, steps, MIN_STEPS, "lr_find")
    are_real = isinstance(min_learning_rate, Real) and isinstance(max_learning_rate, Real)
    if not (are_real and 0 < min_learning_rate < max_learning_rate < math.inf):
        raise ArgumentError(
            "min_learning_rate and max_learning_rate must be finite and "
            "0 < min_learning_rate < max_learning_rate, "
            f"got {min_learning_rate!r} and {max_learning_rate!r} in lr_find"
        )
    sweep = _LearningRateSweep(np.geomspace(min_learning_rate, max_learning_rate, steps))
    fit_copy(
        model,
        X,
        Y,
        optimizer=optimizer,
        callback=sweep,
        epochs=steps + 1,  # at least one more batch than steps: it measures the last loss
        batch_size=batch_size,
    )
    losses_after_steps = np.array(sweep.losses[1:])
    n_steps = len(losses_after_steps)
    if not n_steps:
        raise ArgumentError(
            "the loss must be finite at the start and after a step "
            f"with min_learning_rate={min_learning_rate:g} in lr_find"
        )
    return LearningRateSearch(sweep.learning_rates[:n_steps], losses_after_steps, steps)


class _LearningRateSweep(Callback):
    """Makes each step with the next learning rate; `losses[0]` is the loss before any step."""

    def __init__(self, learning_rates: Array) -> None:
        self.learning_rates = learning_rates
        self.losses: list[float] = []
        self._average = 0.0
        self._weight = 0.0  # sum of the weights in the average, which approaches 1

    def on_gradient(self, run: TrainingRun) -> None:
        loss = float(run.loss)
        n_steps = len(self.losses)
        if math.isfinite(loss):
            self.losses.append(loss)
            self._average = SMOOTHING * self._average + (1 - SMOOTHING) * loss
            self._weight = SMOOTHING * self._weight + (1 - SMOOTHING)
            initial_loss = float(np.mean(self.losses[:10]))
            has_doubled = self._average / self._weight > initial_loss + abs(initial_loss)
            if n_steps < len(self.learning_rates) and not has_doubled:
                run.optimizer.learning_rate = float(self.learning_rates[n_steps])
                return
        run.stop("done", now=True)


def _moving_average(losses: Array) -> Array:
    """Return the exponential moving average, corrected for its start at 0."""
    averages = accumulate(
        losses,
        lambda average, loss: SMOOTHING * average + (1 - SMOOTHING) * loss,
        initial=0.0,
    )
    without_start = np.array([*averages][1:])
    corrected: Array = without_start / (1 - SMOOTHING ** np.arange(1, len(losses) + 1))
    return corrected
