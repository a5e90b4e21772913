"""A training by several processes, from its arguments to its end."""

from __future__ import annotations

import signal
import sys
from itertools import pairwise
from traceback import format_tb
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..batching.batch import Batch
from ..batching.own_lanes import OwnLanes
from ..batching.row_exchange import RowExchange
from ..errors import ArgumentError
from ..escaping import escaped, escaped_lines
from ..metrics.measurement import Measurement
from ..objective import ForwardPass, Objective
from ..utils.output import LenientStream
from .agreement import agreeing, check_equal
from .coupled_evaluation import CoupledEvaluation
from .data_parallel import as_data_parallel
from .evaluation import LaneEvaluation
from .lane_tree import LaneTree
from .layer_checks import check_layers
from .loss_check import check_loss
from .measurement import LaneMeasurement
from .process_group import as_group
from .reduction import OrderedSum, PlainSum, Reduction
from .run_description import describe_arguments, describe_state

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..training.callbacks.base import TrainingRun


class ParallelTraining:
    """What `fit` needs of `minidl.parallel`; a context that no rank leaves alone by an error.

    A rank whose training fails waits shortly for the others to fail in the same way. Where they do
    not, it tells its error and ends all of them: they would wait for it forever.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm or DataParallel
        What `fit` was given.

    Attributes
    ----------
    settings : DataParallel
        How the batches are shared.
    group : ProcessGroup
        All processes.
    lanes : OwnLanes
        Those of this process.

    Raises
    ------
    ArgumentError
        If `comm` is neither, or there are more ranks than lanes.
    """

    def __init__(self, comm: Any) -> None:
        self.settings = settings = as_data_parallel(comm)
        self.group = group = as_group(settings.comm)
        n_lanes = settings.lanes if settings.exact else group.size
        if group.size > n_lanes:
            raise ArgumentError(
                f"lanes must be at least the number of ranks, got lanes={n_lanes} for {group.size} "
                "ranks, of which some would have no rows: pass DataParallel(comm, lanes=...), or "
                "exact=False"
            )
        bounds = [n_lanes * rank // group.size for rank in range(group.size + 1)]
        self._runs = list(pairwise(bounds))
        description = n_lanes if settings.exact else f"exact=False, {settings.batch_statistics}"
        n_parts = 1 if settings.are_statistics_global else group.size
        of_ranks = [OwnLanes(n_lanes, *run, description, n_parts) for run in self._runs]
        self.lanes = of_ranks[group.rank]
        if group.size > 1:
            self.lanes.exchange = RowExchange(of_ranks, group.rank, group.exchange)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and not self.group.have_all_failed():
            place = f"rank {self.group.rank} of {self.group.size}"
            words = ": ".join(filter(None, [place, type(error).__name__, str(error)]))
            stream = LenientStream(sys.stderr)
            stream.write(escaped_lines("".join(format_tb(error.__traceback__))))
            stream.write(f"{escaped(words)}; the training ends on all ranks\n")
            sys.stderr.flush()
            self.group.abort()
        self.group.close()

    def agreeing(self) -> AbstractContextManager[None]:
        """Return a context at whose end an error of one rank is raised on all."""
        return agreeing(self.group)

    def check(self, objective: Objective, data: Batch, batch_size: int | None) -> None:
        """Raise `ArgumentError` if a model or batches cannot be divided into the lanes.

        Parameters
        ----------
        objective : Objective
            The model.
        data : Batch
            The examples, of which the first may be tried, and their targets.
        batch_size : int or None
            The rows of a batch; None: all.
        """
        n_lanes, size = self.lanes.n_lanes, min(batch_size or len(data.x), len(data.x))
        if size < n_lanes:
            parts = "lanes" if self.settings.exact else "ranks"
            raise ArgumentError(
                f"batches must have an example for each of the {n_lanes} {parts} or more, got "
                f"{size}: choose a larger batch_size, or fewer {parts}"
            )
        check_loss(objective, data)
        if self.settings.are_statistics_global:
            check_layers(objective, data.x)

    def check_arguments(self, run: TrainingRun) -> None:
        """Raise `ArgumentError` on all ranks if they do not train the same."""
        check_equal(self.group, describe_arguments(run, exact=self.settings.exact))
        self.check_state(run)

    def check_state(self, run: TrainingRun) -> None:
        """Raise `ArgumentError` on all ranks if they do not go on from the same state."""
        check_equal(self.group, describe_state(run))

    def agree_on_stop(
        self, run: TrainingRun, received: signal.Signals | None
    ) -> signal.Signals | None:
        """End the training on all ranks if it is to end on one, and return the signal of any."""
        asked = 2 if run.stop_immediately else int(run.stopped is not None)
        number, asked = map(int, self.group.largest(np.array([received or 0, asked])))
        if asked:
            reasons = self.group.gather(run.stopped)
            reason = next(reason for reason in reasons if reason is not None)
            run.stop(reason, now=asked == 2)
        return signal.Signals(number) if number else None

    def measurement(self, measurement: Measurement) -> LaneMeasurement:
        """Return the measurement of all lanes."""
        return LaneMeasurement(measurement, self.lanes, self.group)

    def evaluation(self, run: TrainingRun) -> LaneEvaluation:
        """Return what computes the objective and its gradient in a training."""
        objective = run.model.objective_function
        guards = run.guards

        def is_finite(forward_pass: ForwardPass) -> bool:
            return all(guard.is_finite(forward_pass) for guard in guards)

        reduction: Reduction
        if self.settings.exact:
            tree = LaneTree(self.lanes.n_lanes)
            size = objective.parameters.size
            reduction = OrderedSum(self.group, tree, self._runs, size, objective.dtype)
        else:
            reduction = PlainSum(self.group)
        if self._are_coupled(objective):
            return CoupledEvaluation(objective, self.lanes, reduction, is_finite, run.trained)
        followed = None if self.settings.are_statistics_global else self.group
        return LaneEvaluation(objective, self.lanes, reduction, is_finite, followed)

    def _are_coupled(self, objective: Objective) -> bool:
        """Return whether layers need sums over the whole batch."""
        if not self.settings.are_statistics_global:
            return False
        return any(module.couples_examples and not module.is_frozen for module in objective.modules)
