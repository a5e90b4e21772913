import sys

import pytest

from minidl import MissingDependencyError
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
        (None, r"--mpi needs mpi4py, which is not installed: pip install minidl\[mpi\]"),
        (Broken(), r"--mpi needs an MPI library, .*\(cannot load MPI library\): .*minidl\[mpi\]"),
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
