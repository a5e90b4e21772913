import sys

import pytest

from minidl import ArgumentError, MissingDependencyError
from minidl.parallel.world import world


class Broken:
    """Stands for a package whose import of MPI fails."""

    __path__ = ()

    def __getattr__(self, name):
        if name != "MPI":
            raise AttributeError(name)
        raise RuntimeError("cannot load MPI library")


@pytest.mark.parametrize(
    ("package", "words"),
    [
        (None, r'--mpi needs mpi4py, which is not installed: pip install "mpi4py'),
        (Broken(), r"--mpi needs an MPI library, .*\(cannot load MPI library\): .*mpich"),
    ],
)
def test_without_mpi4py_or_a_library(package, words, monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", package)
    monkeypatch.delitem(sys.modules, "mpi4py.MPI", raising=False)
    with pytest.raises(MissingDependencyError, match=words):
        world("--mpi")


def test_the_world_of_a_process_that_was_not_started_by_mpiexec():
    mpi = pytest.importorskip("mpi4py.MPI")
    assert world("--mpi") is mpi.COMM_WORLD
    assert world("--mpi").Get_size() == 1


@pytest.mark.parametrize("name", ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"])
def test_processes_that_another_mpi_has_started_are_told_so(name, monkeypatch):
    pytest.importorskip("mpi4py.MPI")
    monkeypatch.setenv(name, "4")
    with pytest.raises(ArgumentError, match="mpiexec has started 4, and each is alone"):
        world("--mpi")
