import time

import numpy as np
import pytest

pytest.importorskip("mpi4py.MPI")
from mpi_ranks import PROGRAM, run_mpi, run_tasks

from minidl.parallel.process_group import ProcessGroup, as_group


def test_a_process_alone():
    group = ProcessGroup()
    received, whole = np.empty(2), np.empty(2)
    group.exchange(np.array([1.0, 2.0]), [2], received, [2])
    group.collect(np.array([3.0, 4.0]), whole, [2])
    assert received.tolist() + whole.tolist() == [1, 2, 3, 4]
    assert (group.gather(5), group.of_root(6), group.largest(7)) == ([5], 6, 7)
    assert group.have_all_failed()
    assert group.is_root
    assert as_group(group) is group
    assert type(as_group(None)) is ProcessGroup


def test_mpi_with_three_ranks(tmp_path):
    path = str(tmp_path / "run.h5")
    tasks = ["messages"], ["trainings"], ["stop_by_signal", path], ["refusal"]
    of_ranks = run_tasks(3, *tasks)
    assert len(of_ranks) == 3
    for rank, output in enumerate(of_ranks):
        assert output["messages"] == {
            "gather": [0, 1, 2],
            "of_root": "from 0",
            "largest": [2, 0],
            "add_up": [6, 6, 6, 30],
            "exchange": [rank, *[10 + rank] * 2, *[20 + rank] * 3],
            "collect": [0, 1, 1, 2, 2, 2],
            "have_all_failed": True,
        }
        assert set(output["trainings"].values()) == {True}, output["trainings"]
        stopped, is_resumed = output["stop_by_signal"]
        assert stopped.startswith("SIGTERM in epoch 1, after batch 5 of 9; ")
        assert is_resumed
        assert "other epochs on ranks 1 and 2 than on rank 0: 3 instead of 2" in output["refusal"]


def test_an_error_of_one_rank_ends_the_others():
    start = time.monotonic()
    process = run_mpi(2, [PROGRAM, '[["fail"]]'])
    assert process.returncode != 0
    assert (
        "rank 1 of 2: OSError: the disk is full; the training ends on all ranks" in process.stderr
    )
    assert process.stderr.count("OSError: the disk is full") == 1
    assert time.monotonic() - start < 30  # else it waits until the timeout of the test
