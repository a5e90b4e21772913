"""The scores of a validation set, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ..batching.arguments import MEMORY_LIMIT
from ..batching.batch import Batch
from ..losses.base import Loss
from ..model.inputs import prepare_examples
from ..model.passes import inference_batches
from ..training.callbacks.base import Callback, TrainingRun
from ..utils.typing import Array
from .hold_out import Examples

COLUMN = "val_score"
Score: TypeAlias = Callable[[Loss, Array, Examples], float]


class ValidationScores(Callback):
    """Adds what `score` of an estimator gives for the held-out examples to the history.

    Parameters
    ----------
    score : callable
        Returns the score, of the loss, the outputs and the examples.
    examples : Examples
        The held-out examples, with the targets of the network.
    """

    extra_metrics = (COLUMN,)

    def __init__(self, score: Score, examples: Examples) -> None:
        self.score = score
        self.examples = examples

    def on_train_begin(self, run: TrainingRun) -> None:
        objective = run.model.objective_function
        rows, _ = prepare_examples(objective, self.examples.X, validate=False)
        self._batches = inference_batches(objective, Batch(rows, None), memory_limit=MEMORY_LIMIT)

    def on_epoch_end(self, run: TrainingRun) -> None:
        objective = run.model.objective_function
        with np.errstate(all="ignore"), objective.access:
            outputs = [objective.forward(batch.x).copy() for _, batch in self._batches]
        score = self.score(run.model.loss, np.concatenate(outputs), self.examples)
        run.history.add({COLUMN: score})


def r2(predictions: Array, y: Array, sample_weight: Array | None) -> float:
    """Return the mean over the outputs of 1 - (squared errors / squared deviations from the mean).

    Parameters
    ----------
    predictions, y : ndarray of shape (m, n_outputs)
        What is predicted, and the values. Where all values of an output are equal, its share is 1
        if they are predicted exactly, else 0, as in `sklearn.metrics.r2_score`.
    sample_weight : ndarray of shape (m,) or None
        The weights of the examples.

    Returns
    -------
    float
        The coefficient of determination.
    """
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    mean = weight @ y / weight.sum()
    errors = weight @ (y - predictions) ** 2
    deviations = weight @ (y - mean) ** 2
    is_constant = deviations == 0
    shares = 1 - errors / np.where(is_constant, 1, deviations)
    return float(np.where(is_constant, errors == 0, shares).mean())
