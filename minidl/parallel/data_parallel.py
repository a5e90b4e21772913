"""How several processes share the batches of a training."""

from __future__ import annotations

import sys
from typing import Any, Literal

from ..errors import ArgumentError, install_line
from ..utils.foreign_words import explain_arguments
from ..utils.validation import check_flag, check_number, integer_at_least
from .process_group import ProcessGroup

GLOBAL, RANK = "global", "rank"
LANES = 8


@explain_arguments("__init__")
class DataParallel:
    """How several processes share each batch of a training, for ``fit(..., comm=...)``.

    Each process (rank) computes the gradient of its part of a batch; their sum is that of the whole
    batch, and all ranks make the same step. Penalties count once, weights and metrics are those of
    all rows, and the order of the rows is that of one process.

    With `exact`, each batch is divided into `lanes` equal parts, of which a rank has one or
    several, and everything is added in one order of the lanes. So the parameters, the history and
    the checkpoints do not depend on the number of ranks, to the last bit, as long as all have the
    same kind of processor and the same number of threads of BLAS. ``DataParallel(None)`` gives one
    process the same result. Without `exact` each rank has one part, and MPI adds the gradients in
    an order of its choice: this is faster.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm, optional
        The communicator of the processes, such as ``MPI.COMM_WORLD``. By default this process
        trains alone.
    lanes : int, default 8
        Into how many parts a batch is divided with `exact`: at least the number of ranks, and at
        most the batch size. Another number gives another rounding.
    exact : bool, default True
        Whether the result is the same for any number of ranks.
    batch_statistics : {"global", "rank"}, default "global"
        Whether `BatchNorm` normalizes by the mean and variance of the whole batch, or of the rows
        of each rank, which saves two small sums for each such layer. "rank" needs
        ``exact=False``. A layer of your own whose examples depend on each other needs "rank", too.

    Raises
    ------
    ArgumentError
        If an argument is invalid, or `comm` is no communicator.

    Examples
    --------
    A program ``train.py`` that is run by ``mpiexec -n 4 python train.py`` passes
    ``comm=MPI.COMM_WORLD``, after ``from mpi4py import MPI``. One process gets the same bits:

    >>> from minidl import Adam, DataParallel, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> X, Y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> comm = DataParallel(None, lanes=2)
    >>> history = model.fit(X, Y, optimizer=Adam(0.1), epochs=9, progress=False, comm=comm)
    >>> history.epochs
    9
    """

    def __init__(
        self,
        comm: Any = None,
        *,
        lanes: int = LANES,
        exact: bool = True,
        batch_statistics: Literal["global", "rank"] = "global",
    ) -> None:
        self.comm = _check_communicator(comm)
        self.lanes = check_number(lanes, "lanes", integer_at_least(1), self)
        self.exact = check_flag(exact, "exact", self)
        if batch_statistics not in (GLOBAL, RANK):
            raise ArgumentError(
                f"batch_statistics must be 'global' or 'rank', got {batch_statistics!r} in "
                "DataParallel"
            )
        if exact and batch_statistics == RANK:
            raise ArgumentError(
                "batch_statistics='rank' needs exact=False, got exact=True: the result depends on "
                "the number of ranks then"
            )
        self.batch_statistics = batch_statistics

    @property
    def are_statistics_global(self) -> bool:
        """Whether coupled layers see the statistics of the whole batch."""
        return self.batch_statistics == GLOBAL

    def __repr__(self) -> str:
        kind = f"lanes={self.lanes}" if self.exact else "exact=False"
        statistics = "" if self.are_statistics_global else ", batch_statistics='rank'"
        return f"DataParallel({self.comm!r}, {kind}{statistics})"


def as_data_parallel(comm: Any) -> DataParallel:
    """Return the settings that `fit` was given, or those of a communicator."""
    return comm if isinstance(comm, DataParallel) else DataParallel(comm)


def _check_communicator(comm: Any) -> Any:
    """Return a communicator, or None; raise `ArgumentError` if it is something else."""
    mpi: Any = sys.modules.get("mpi4py.MPI")  # who has a communicator has imported it
    if comm is None or isinstance(comm, ProcessGroup):
        return comm
    if mpi is None or not isinstance(comm, mpi.Intracomm) or comm == mpi.COMM_NULL:
        raise ArgumentError(
            "comm must be a communicator of mpi4py, such as MPI.COMM_WORLD, or DataParallel(comm), "
            f"got {comm!r}: write from mpi4py import MPI "
            f"({install_line('mpi4py', 'mpi')})"
        )
    return comm
