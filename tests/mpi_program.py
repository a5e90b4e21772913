"""A program that `mpiexec` starts: each task compares what MPI gives with one process."""

import json
import os
import signal
import sys

import numpy as np
from mpi4py import MPI
from parallel_cases import bits, train

from minidl import Callback, Checkpoint, DataParallel
from minidl.errors import MinidlError
from minidl.parallel.process_group import MPIGroup

COMM = MPI.COMM_WORLD


def messages():
    """Return what each method of a group gives, on all ranks."""
    group = MPIGroup(COMM)
    rank, size = group.rank, group.size
    total = np.full(3, rank + 1.0, np.float32)
    small = np.full(1, 10.0 * rank)
    group.add_up(total, small)
    received = np.empty(sum(i + 1 for i in range(size)))
    # rank r sends r + 1 numbers to each, and receives i + 1 of rank i
    sent = np.repeat(10.0 * rank + np.arange(size), rank + 1)
    group.exchange(sent, [rank + 1] * size, received, [i + 1 for i in range(size)])
    whole = np.empty(size * (size + 1) // 2)
    group.collect(np.full(rank + 1, float(rank)), whole, [i + 1 for i in range(size)])
    result = {
        "gather": group.gather(rank),
        "of_root": group.of_root(f"from {rank}"),
        "largest": group.largest(np.array([rank, -rank])).tolist(),
        "add_up": total.tolist() + small.tolist(),
        "exchange": received.tolist(),
        "collect": whole.tolist(),
        "have_all_failed": group.have_all_failed(),
    }
    group.close()
    return result


def trainings():
    """Return which trainings have the bits of one process, and which are the same on all ranks."""
    results = {}
    for variant in ("dropout", "batch normalization", "weights"):
        expected = bits(*train(DataParallel(None), variant=variant))
        results[variant] = bits(*train(DataParallel(COMM), variant=variant)) == expected
    fast = bits(*train(DataParallel(COMM, exact=False), variant="batch normalization"))
    results["exact=False"] = COMM.allgather(fast) == [fast] * COMM.size
    return results


class SignalOnOneRank(Callback):
    """Send SIGTERM to the last rank after a step."""

    def on_batch_end(self, run):
        if (run.epoch, run.batch) == (1, 5) and COMM.rank == COMM.size - 1:
            os.kill(os.getpid(), signal.SIGTERM)


def stop_by_signal(path):
    """Return where all ranks have ended, and whether they resume with the bits of one process."""
    expected = bits(*train(DataParallel(None)))
    callbacks = [SignalOnOneRank(), Checkpoint(path)]
    history = train(COMM, callbacks=callbacks)[1]
    return [history.stopped, bits(*train(COMM, resume=path)) == expected]


def refusal():
    """Return the error of ranks of which one has another number of epochs."""
    try:
        train(COMM, epochs=2 + COMM.rank)
    except MinidlError as error:
        return str(error)


class Fail(Callback):
    """Raise an error on one rank."""

    def on_batch_end(self, run):
        if COMM.rank == 1 and run.batch == 3:
            raise OSError("the disk is full")


def fail():
    """Train until a rank raises."""
    train(COMM, callbacks=[Fail()])


TASKS = {task.__name__: task for task in (messages, trainings, stop_by_signal, refusal, fail)}

if __name__ == "__main__":
    output = {name: TASKS[name](*arguments) for name, *arguments in json.loads(sys.argv[1])}
    of_ranks = COMM.gather(output)
    if COMM.rank == 0:
        print(json.dumps(of_ranks))
