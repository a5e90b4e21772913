"""The objective of a batch whose examples depend on each other, as in batch normalization."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import partial

import numpy as np

from ..batching.batch import Batch, BatchPart
from ..batching.own_lanes import OwnLanes
from ..layers.batch_sums import ADD_UP
from ..objective import ForwardPass, Objective
from ..trained_parameters import TrainedParameters
from ..utils.typing import Array
from .baton import Meet, Task, run_together
from .evaluation import LaneEvaluation, shared_weight
from .reduction import Reduction


class CoupledEvaluation(LaneEvaluation):
    """Evaluates lanes side by side, since layers need sums over all of them on the way.

    A layer holds what its last `forward` has computed. So each lane but the first of a process has
    a copy of the layers, with the parameters of the model and gradients of its own. Where a layer
    needs a sum, a lane waits for all others (`run_together`), also those of other processes. A
    process without rows of a short last batch brings zeros.

    Parameters
    ----------
    objective, lanes, reduction, is_finite
        As for `LaneEvaluation`.
    trained : TrainedParameters
        What the training moves.
    """

    def __init__(
        self,
        objective: Objective,
        lanes: OwnLanes,
        reduction: Reduction,
        is_finite: Callable[[ForwardPass], bool],
        trained: TrainedParameters,
    ) -> None:
        super().__init__(objective, lanes, reduction, is_finite)
        n_copies = lanes.stop - lanes.first - 1
        self._replicas = [objective, *(_replica(objective, trained) for _ in range(n_copies))]

    def _run_lanes(self, data: BatchPart) -> ForwardPass:
        slices = self._lanes.slices(len(data.x))
        filled = [rows for rows in slices if rows.start < rows.stop]  # the first ones
        parts = [data.rows(rows) for rows in filled] or [_one_row(data)]
        shares = [(rows.stop - rows.start) / data.n_examples for rows in filled] or [0.0]
        passes: list[ForwardPass] = []
        tasks: list[Task] = [
            partial(self._run_lane, passes, k, part, share)
            for k, (part, share) in enumerate(zip(parts, shares, strict=True))
        ]
        run_together(tasks, partial(self._add_up, n_filled=len(filled)))
        whole = None
        for k in range(len(slices)):
            lane = self._lanes.first + k
            if k >= len(filled):
                self._reduction.add(lane, None, 0.0)
                continue
            loss = passes[k].value * shares[k] if self._is_finite(passes[k]) else math.nan
            self._reduction.add(lane, self._replicas[k].parameters.grad, loss)
            whole = self._keep(passes[k].output, filled[k], len(data.x))
        if whole is None:
            return passes[0]._replace(outputs=[], output=passes[0].output[:0])
        return passes[0]._replace(output=whole)

    def _run_lane(
        self, passes: list[ForwardPass], k: int, part: Batch, share: float, meet: Meet
    ) -> None:
        replica = self._replicas[k]
        self._randomness.give(self._lanes.first + k, replica.stochastic_layers)
        token = ADD_UP.set(meet)
        try:
            forward_pass = replica.data_loss(part, training=True)
            passes.append(forward_pass)
            replica.backward(shared_weight(part, share))
        finally:
            ADD_UP.reset(token)

    def _add_up(self, values: list[Array], n_filled: int) -> Array:
        """Return the sum over all lanes, of which those without rows add zeros."""
        rows = np.zeros((self._lanes.stop - self._lanes.first, len(values[0])), values[0].dtype)
        for row, value in zip(rows[:n_filled], values, strict=False):
            row[:] = value
        return self._reduction.add_up(rows)


def _replica(objective: Objective, trained: TrainedParameters) -> Objective:
    """Return a copy with the values of the model's parameters themselves."""
    replica = copy.deepcopy(objective)
    for (_, own), (_, parameter) in zip(replica.parameters, objective.parameters, strict=True):
        own.memory = parameter.value, own.grad
    if trained.first_layer is not None:
        replica.backpropagate_to(trained.first_layer)
    return replica


def _one_row(data: Batch) -> Batch:
    """Return a row of zeros."""
    x, y, sample_weight = data

    def row(values: Array) -> Array:
        return np.zeros((1, *values.shape[1:]), values.dtype)

    return Batch(row(x), row(y), None if sample_weight is None else row(sample_weight))
