"""The objective of a batch of which each process has a part, and its gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..batching.batch import Batch, BatchPart
from ..batching.own_lanes import OwnLanes
from ..objective import ForwardPass, Objective
from ..utils.typing import Array
from ..utils.workspace import Workspace, get_workspace
from .lane_randomness import LaneRandomness
from .process_group import ProcessGroup
from .reduction import Reduction


class LaneEvaluation:
    """Evaluates the objective, lane by lane: it stands for that of one process in a training.

    Parameters
    ----------
    objective : Objective
        The model.
    lanes : OwnLanes
        The lanes of this process.
    reduction : Reduction
        Adds what all lanes have computed.
    is_finite : callable
        Whether what a forward pass has computed is finite. Where it is not, the loss becomes NaN,
        which all processes see.
    followed : ProcessGroup, optional
        Where each process has statistics of its own: all keep the buffers of rank 0.
    """

    def __init__(
        self,
        objective: Objective,
        lanes: OwnLanes,
        reduction: Reduction,
        is_finite: Callable[[ForwardPass], bool],
        followed: ProcessGroup | None = None,
    ) -> None:
        self._followed = followed
        self._objective = objective
        self._lanes = lanes
        self._reduction = reduction
        self._is_finite = is_finite
        self._randomness = LaneRandomness(objective.stochastic_layers)
        self._outputs: Workspace = {}

    def value_and_gradient(
        self, data: BatchPart, *, training: bool = True
    ) -> tuple[Any, ForwardPass]:
        """Compute the objective of the whole batch, and its gradient into `parameters.grad`.

        Parameters
        ----------
        data : BatchPart
            The rows of this process.
        training : bool, default True
            It is always one of training.

        Returns
        -------
        total : scalar
            The data loss plus all penalties.
        forward_pass : ForwardPass
            The outputs and the data loss of the last lane, and the `output` of all rows of this
            process.
        """
        gradient = self._objective.parameters.grad
        self._randomness.draw()
        try:
            forward_pass = self._run_lanes(data)
        finally:
            self._randomness.restore()
        if self._followed is not None:
            for buffer in self._objective.buffers.values():
                buffer.value[...] = self._followed.of_root(buffer.value)
        value = self._reduction.finish(gradient)
        total = self._objective.add_penalties(value, data.n_examples)
        return total, forward_pass

    def _run_lanes(self, data: BatchPart) -> ForwardPass:
        """Add the share of each lane to the reduction; return the last forward pass."""
        objective, x = self._objective, data.x
        forward_pass = ForwardPass([], x[:0], 0.0)
        whole = None
        is_finite = True
        for lane, rows in enumerate(self._lanes.slices(len(x)), self._lanes.first):
            share = (rows.stop - rows.start) / data.n_examples
            if share == 0:
                self._reduction.add(lane, None, 0.0)
            elif not is_finite:  # what the layers hold now tells the cause
                self._reduction.add(lane, None, math.nan)
            else:
                self._randomness.give(lane)
                part = data if rows.stop - rows.start == len(x) else data.rows(rows)
                forward_pass = objective.data_loss(part, training=True)
                is_finite = self._is_finite(forward_pass)
                objective.backward(shared_weight(part, share))
                loss = forward_pass.value * share if is_finite else math.nan
                self._reduction.add(lane, objective.parameters.grad, loss)
                whole = self._keep(forward_pass.output, rows, len(x))
        return forward_pass if whole is None else forward_pass._replace(output=whole)

    def _keep(self, output: Array, rows: slice, n_rows: int) -> Array:
        """Return the outputs of all rows, of which those of a lane are known now."""
        shape = (n_rows, *output.shape[1:])
        whole = get_workspace(self._outputs, "whole", shape, output.dtype)
        whole[rows] = output
        return whole


def shared_weight(part: Batch, share: float) -> Array:
    """Return the weights with which a part of a batch has its share of the gradient.

    Parameters
    ----------
    part : Batch
        Some rows of the batch.
    share : float
        Their number divided by that of all rows: the loss of a part is the mean over its own.

    Returns
    -------
    ndarray of shape (m,) or (m, ...)
        The weights of its rows or positions times the share.
    """
    if part.sample_weight is None:
        return np.full(len(part.x), share, part.y.dtype)
    return np.asarray(part.sample_weight * share)
