"""The processes that train together, and what they can exchange."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..utils.typing import Array

if TYPE_CHECKING:
    from mpi4py import MPI

T = TypeVar("T")

WAITING_SECONDS = 2.0
"""How long a process whose training has failed waits for the others to fail, too."""


class ProcessGroup:
    """The processes that train together: this one alone.

    All processes must call the same methods in the same order, each with its own values.

    Attributes
    ----------
    rank : int
        The number of this process, from 0.
    size : int
        The number of processes.
    """

    rank = 0
    size = 1

    @property
    def is_root(self) -> bool:
        """Whether this is rank 0, which writes files and shows the progress."""
        return self.rank == 0

    def gather(self, value: T) -> list[T]:
        """Return the values of all ranks, in their order."""
        return [value]

    def of_root(self, value: T) -> T:
        """Return the value of rank 0."""
        return value

    def largest(self, values: Array) -> Array:
        """Return the largest of each number over all ranks; `values` may be changed."""
        return values

    def add_up(self, array: Array, *small: Array) -> None:
        """Replace each array by its sum over all ranks, in an order of the library's choice."""

    def exchange(
        self, sent: Array, n_sent: Sequence[int], received: Array, n_received: Sequence[int]
    ) -> None:
        """Send a part of an array to each rank, and receive one of each, in their order.

        Parameters
        ----------
        sent, received : ndarray of one axis
            What is sent, and where it is written.
        n_sent, n_received : sequence of int
            The elements for each rank, and of each.
        """
        received[:] = sent

    def collect(self, part: Array, whole: Array, n_elements: Sequence[int]) -> None:
        """Write the parts of all ranks, of so many elements, into `whole`, one after another."""
        whole[:] = part

    def have_all_failed(self) -> bool:
        """Return whether all ranks call this, within `WAITING_SECONDS`."""
        return True

    def abort(self) -> None:
        """End all processes at once."""

    def close(self) -> None:
        """Release what the group holds."""


class MPIGroup(ProcessGroup):
    """The processes of an MPI communicator.

    Its messages do not mix with those of the program: they have communicators of their own.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        The communicator.
    """

    def __init__(self, comm: MPI.Intracomm) -> None:
        from mpi4py import MPI

        self._mpi = MPI
        self._comm = comm.Dup()
        self._failures = comm.Dup()  # those that fail meet here, while the others wait there
        self.rank = comm.Get_rank()
        self.size = comm.Get_size()

    def gather(self, value: T) -> list[T]:
        return self._comm.allgather(value)

    def of_root(self, value: T) -> T:
        of_root: T = self._comm.bcast(value)
        return of_root

    def largest(self, values: Array) -> Array:
        self._comm.Allreduce(self._mpi.IN_PLACE, values, self._mpi.MAX)
        return values

    def add_up(self, array: Array, *small: Array) -> None:
        requests = [self._comm.Iallreduce(self._mpi.IN_PLACE, each) for each in small]
        self._comm.Allreduce(self._mpi.IN_PLACE, array)  # all of them wait for the ranks once
        self._mpi.Request.Waitall(requests)

    def exchange(
        self, sent: Array, n_sent: Sequence[int], received: Array, n_received: Sequence[int]
    ) -> None:
        self._comm.Alltoallv((sent, n_sent), (received, n_received))

    def collect(self, part: Array, whole: Array, n_elements: Sequence[int]) -> None:
        self._comm.Allgatherv(part, (whole, n_elements))

    def have_all_failed(self) -> bool:
        request = self._failures.Ibarrier()
        end = time.monotonic() + WAITING_SECONDS
        while not request.Test():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def abort(self) -> None:
        self._comm.Abort(1)

    def close(self) -> None:
        self._comm.Free()
        self._failures.Free()


def as_group(comm: Any) -> ProcessGroup:
    """Return the processes of a communicator; of None this one alone."""
    if comm is None:
        return ProcessGroup()
    return comm if isinstance(comm, ProcessGroup) else MPIGroup(comm)
