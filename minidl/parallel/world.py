"""The communicator of all processes that `mpiexec` has started."""

from __future__ import annotations

from typing import Any

from ..errors import MissingDependencyError, require_extra


def world(feature: str) -> Any:
    """Return ``MPI.COMM_WORLD`` of mpi4py.

    Parameters
    ----------
    feature : str
        What needs it, for the error.

    Returns
    -------
    mpi4py.MPI.Intracomm
        The communicator.

    Raises
    ------
    MissingDependencyError
        If mpi4py or an MPI library is not installed.
    """
    try:
        with require_extra("mpi4py", "mpi", feature):
            from mpi4py import MPI
    except RuntimeError as error:  # mpi4py is there
        raise MissingDependencyError(
            f"{feature} needs an MPI library, which mpi4py has not found ({error}): pip install "
            "minidl[mpi] brings one"
        ) from error
    return MPI.COMM_WORLD
