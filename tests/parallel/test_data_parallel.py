import pytest

from minidl import ArgumentError, DataParallel
from minidl.parallel.data_parallel import as_data_parallel


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lanes": 0}, "lanes must be an integer >= 1, got 0 in DataParallel"),
        ({"exact": 1}, "exact must be True or False, got 1 in DataParallel"),
        ({"batch_statistics": "all"}, "must be 'global' or 'rank', got 'all'"),
        ({"batch_statistics": "rank"}, "batch_statistics='rank' needs exact=False"),
        ({"comm": 4}, r"comm must be a communicator of mpi4py, .*, got 4: .*pip install .mpi4py"),
    ],
)
def test_invalid_arguments(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        DataParallel(**arguments)


def test_a_communicator_becomes_the_settings():
    settings = DataParallel(None, exact=False, batch_statistics="rank")
    assert as_data_parallel(settings) is settings
    assert not settings.are_statistics_global
    assert str(settings) == "DataParallel(None, exact=False, batch_statistics='rank')"
    assert str(as_data_parallel(None)) == "DataParallel(None, lanes=8)"


def test_communicators_that_are_none():
    mpi = pytest.importorskip("mpi4py.MPI")
    with pytest.raises(ArgumentError, match="comm must be a communicator"):
        DataParallel(mpi.COMM_NULL)
    assert DataParallel(mpi.COMM_SELF).comm is mpi.COMM_SELF
