"""The communicator of all processes that `mpiexec` has started."""

from __future__ import annotations

import os
from typing import Any

from ..errors import ArgumentError, MissingDependencyError, install_line, require_extra

_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""In which environment variables Open MPI, and MPICH and its like, tell the number of processes."""


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
    ArgumentError
        If the processes do not see each other, since another MPI has started them.
    """
    try:
        with require_extra("mpi4py", "mpi", feature):
            from mpi4py import MPI
    except RuntimeError as error:  # mpi4py is there
        raise MissingDependencyError(
            f"{feature} needs an MPI library, which mpi4py has not found ({error}): "
            f"{install_line('mpich', 'mpi')} brings one"
        ) from error
    size = MPI.COMM_WORLD.Get_size()
    started = next((os.environ[name] for name in _SIZES if name in os.environ), str(size))
    if size == 1 and started != "1":
        raise ArgumentError(
            f"{feature} needs processes that see each other, but mpiexec has started {started}, "
            "and each is alone: its MPI is another one than that of mpi4py; run the mpiexec of the "
            "package mpich, beside the program python"
        )
    return MPI.COMM_WORLD
