"""Training on the whole set by an optimizer that evaluates the objective at several points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..batching.batch import Batch
from ..objective import ForwardPass, Objective
from ..optimizers.full_batch import FullBatchOptimizer
from ..trained_parameters import TrainedParameters
from ..utils.interrupts import finish
from ..utils.typing import Array
from ..utils.validation import all_finite
from .callbacks.base import TrainingRun

_ENDED = object()


class ObjectiveAtPoints:
    """The objective of the whole set as a function of the parameters, which SciPy calls.

    The model has the parameters that the last iteration has led to, except while the objective is
    evaluated elsewhere: an interruption finds it there. Where the objective is not finite, SciPy
    sees a parabola instead, which leads the line search back.

    Parameters
    ----------
    objective : Objective
        The objective.
    trained : TrainedParameters
        What is minimized over.
    outputs_change : bool
        Whether the outputs of the layers may change between two iterations, since a validation set
        is evaluated.
    """

    def __init__(
        self, objective: Objective, trained: TrainedParameters, *, outputs_change: bool
    ) -> None:
        self._objective = objective
        self._trained = trained
        self._reached = trained.theta.copy()
        self._outputs_change = outputs_change
        self._point = b""  # where it was evaluated last, which compares faster than an array
        self._is_reached = False  # whether that is what the last iteration has led to

    def evaluate(self, data: Batch) -> tuple[Any, ForwardPass]:
        """Return the objective of the model, and leave its gradient in `parameters.grad`.

        A line search has mostly evaluated it there already.

        Parameters
        ----------
        data : Batch
            The whole set.

        Returns
        -------
        total : scalar
            The data loss plus all penalties.
        forward_pass : ForwardPass
            The outputs of the layers, and the data loss.
        """
        self._data = data
        if not self._is_reached:
            self._evaluate(self._trained.theta.astype(np.float64))
            self._is_reached = True
        elif self._outputs_change:
            self._forward_pass = self._objective.data_loss(data, training=True)
        self._reached_value, self._reached_gradient = float(self._value), self._gradient
        return self._value, self._forward_pass

    def __call__(self, point: Array) -> tuple[float, Array]:
        if point.tobytes() != self._point:
            self._is_reached = False
            try:
                self._assign(point)
                self._evaluate(point)
            finally:
                finish(lambda: self._assign(self._reached))
        if math.isfinite(self._value) and all_finite(self._gradient):
            return float(self._value), self._gradient
        way = point - self._reached
        drop = abs(self._reached_gradient @ way)  # that the slope at the start promises
        return self._reached_value + drop, 3 * drop / (way @ way) * way  # minimum: a quarter of it

    def _evaluate(self, point: Array) -> None:
        evaluation = self._objective.value_and_gradient(self._data, training=True)
        self._value, self._forward_pass = evaluation
        self._trained.clear_frozen_gradient()
        self._trained.read_gradient()
        self._gradient = self._trained.grad.astype(np.float64)  # SciPy keeps it
        self._point = point.tobytes()

    def _assign(self, point: Array) -> None:
        np.copyto(self._trained.theta, point, casting="same_kind")
        self._trained.write_values()

    def move_to(self, point: Array) -> None:
        """Give the model the parameters of a point, at the end of an iteration.

        Parameters
        ----------
        point : ndarray of shape (P,), float64
            The point.
        """
        self._assign(point)
        np.copyto(self._reached, self._trained.theta)
        self._is_reached = point.tobytes() == self._point


def run_iterations(
    run: TrainingRun,
    optimizer: FullBatchOptimizer,
    theta: Array,
    function: ObjectiveAtPoints,
    steps: Iterator[None],
) -> None:
    """Let an optimizer make the steps of a training: one in each of its iterations.

    Parameters
    ----------
    run : TrainingRun
        The training.
    optimizer : FullBatchOptimizer
        Makes the steps.
    theta : ndarray of shape (P,), float
        The parameter vector.
    function : ObjectiveAtPoints
        The objective, which `steps` evaluates, too.
    steps : iterator
        Yields where a step is to be made; it runs callbacks, and ends with the last epoch.
    """

    def end_iteration(point: Array) -> bool:
        function.move_to(point)
        return next(steps, _ENDED) is not _ENDED

    if next(steps, _ENDED) is _ENDED:
        return
    reason = optimizer.minimize(function, theta, end_iteration)
    if reason:
        run.stop(reason)
        for _ in steps:  # the epoch that has begun ends without a step
            pass
