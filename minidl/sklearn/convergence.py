"""When a training stops, and how its learning rate adapts, as in scikit-learn's networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..training.callbacks.base import Callback, TrainingRun
from ..training.history import History
from ..training.model_state import ModelState
from ..utils.user_warnings import warn_user
from .hold_out import Examples
from .optimization import adapted_learning_rate, needs_whole_set
from .options import ADAPTIVE, CONSTANT, INVERSE_SCALING
from .validation_scores import COLUMN

ADAPTIVE_DIVISOR = 5
MIN_ADAPTIVE_RATE = 1e-6  # a smaller one is not divided again


@dataclass
class Progress:
    """What the decisions after an epoch depend on, kept where a training goes on.

    Parameters
    ----------
    best : float
        The least training loss so far; infinite before the first epoch.
    epochs_without_gain : int
        The epochs since the last one that was better by `tol`, or since the last decay.
    n_examples : int
        The training examples of all epochs so far.
    """

    best: float = math.inf
    epochs_without_gain: int = 0
    n_examples: int = 0


@dataclass(eq=False)
class Convergence(Callback):
    """Stops a training that has converged, adapts its learning rate, and keeps the best epoch.

    An epoch without gain is one whose loss is not below the best so far by at least `tol`. With a
    validation set, that is minus the score of the set, and the parameters of the epoch with the
    best score are restored at the end.

    Parameters
    ----------
    tol : float
        The least gain.
    n_iter_no_change : float
        The number of epochs in a row without gain that are tolerated.
    progress : Progress
        What was there before; this callback changes it.
    learning_rate : {"constant", "invscaling", "adaptive"}
        How the learning rate changes.
    learning_rate_init : float
        The learning rate at the start, of which "invscaling" takes a part.
    power_t : float
        The exponent of "invscaling".
    validation : Examples, optional
        The validation set, whose score is in the history.

    Attributes
    ----------
    scores : list of float
        The score of the validation set after each epoch.
    history : History
        That of the training.
    n_steps : int
        The number of steps of the training.
    """

    tol: float
    n_iter_no_change: float
    progress: Progress
    learning_rate: str = CONSTANT
    learning_rate_init: float = 1e-3
    power_t: float = 0.5
    validation: Examples | None = None
    scores: list[float] = field(default_factory=list)
    history: History = field(default_factory=History)
    n_steps: int = 0
    _best_state: ModelState | None = None

    def __post_init__(self) -> None:
        if self.learning_rate != CONSTANT:
            self.extra_metrics = ("learning_rate",)

    def on_train_begin(self, run: TrainingRun) -> None:
        self.history = run.history
        self._steps_before = run.optimizer.step_count

    def on_epoch_end(self, run: TrainingRun) -> None:
        progress = self.progress
        progress.n_examples += run.minibatches.n_examples
        loss = run.history.loss[-1] if self.validation is None else -self._score(run)
        if loss > progress.best - self.tol:
            progress.epochs_without_gain += 1
        else:
            progress.epochs_without_gain = 0
        if loss < progress.best:
            progress.best = loss
            if self.validation is not None:
                self._best_state = ModelState.of(run.model.objective_function)
        if self.extra_metrics:
            run.history.add({"learning_rate": run.optimizer.last_learning_rate})
        if self.learning_rate == INVERSE_SCALING:
            part = (progress.n_examples + 1) ** self.power_t
            run.optimizer.learning_rate = self.learning_rate_init / part
        if progress.epochs_without_gain > self.n_iter_no_change:
            self._decay_or_stop(run)

    def _score(self, run: TrainingRun) -> float:
        name = COLUMN if COLUMN in run.history else "val_accuracy"
        score = run.history[name][-1]
        self.scores.append(score)
        return score

    def _decay_or_stop(self, run: TrainingRun) -> None:
        optimizer = run.optimizer
        if self.learning_rate == ADAPTIVE and optimizer.learning_rate > MIN_ADAPTIVE_RATE:
            optimizer.learning_rate /= ADAPTIVE_DIVISOR
            self.progress.epochs_without_gain = 0
            return
        has_not = "the training loss has not decreased"
        if self.validation is not None:
            has_not = "the score of the validation set has not increased"
        run.stop(f"{has_not} by tol={self.tol:g} in {self.n_iter_no_change + 1} epochs in a row")

    def on_train_end(self, run: TrainingRun) -> None:
        self.n_steps = run.optimizer.step_count - self._steps_before
        if self._best_state is not None:
            self._best_state.restore(run.model.objective_function)
            run.restored = f"epoch {int(np.argmax(self.scores)) + 1}, the best by its score"


def new_convergence(
    options: Mapping[str, Any], progress: Progress, validation: Examples | None
) -> Convergence:
    """Return the callback that the parameters of an estimator describe.

    Parameters
    ----------
    options : mapping of str to object
        The parameters by name, which are validated.
    progress : Progress
        That of the training that goes on, or a new one; not modified.
    validation : Examples, optional
        The validation set.

    Returns
    -------
    Convergence
        The callback.
    """
    n_iter_no_change = options["n_iter_no_change"]
    if validation is not None:
        progress = Progress(n_examples=progress.n_examples)  # another set has other scores
    elif needs_whole_set(options):
        n_iter_no_change = math.inf  # `tol` is the tolerance of the optimizer
    return Convergence(
        options["tol"],
        n_iter_no_change,
        replace(progress),
        adapted_learning_rate(options),
        options["learning_rate_init"],
        options["power_t"],
        validation,
    )


def warn_unless_converged(history: History, optimizer: Optimizer, epochs: int) -> None:
    """Issue a `ConvergenceWarning` if a training has ended for another reason than that it should.

    Parameters
    ----------
    history : History
        The training.
    optimizer : Optimizer
        Its optimizer.
    epochs : int
        The largest number of epochs.
    """
    if history.stopped is None:
        warn_user(
            f"the training has not converged in max_iter={epochs} epochs: pass a larger max_iter "
            "or tol, or another learning rate",
            ConvergenceWarning,
        )
    elif isinstance(optimizer, FullBatchOptimizer) and optimizer.has_converged is False:
        warn_user(
            f"the training has not converged, since {history.stopped}: scale the features, or "
            "pass a larger max_fun, tol or alpha",
            ConvergenceWarning,
        )
