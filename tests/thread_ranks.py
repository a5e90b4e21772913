"""Ranks that are threads of one process: what needs no MPI is tested with them."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from minidl.parallel.process_group import ProcessGroup


class World:
    """What the threads share."""

    def __init__(self, size):
        self.size = size
        self.barrier = threading.Barrier(size)
        self.values = [None] * size
        self.failures = threading.Barrier(size)


class ThreadGroup(ProcessGroup):
    """A rank; `calls` counts its messages."""

    def __init__(self, world, rank):
        self.world, self.rank, self.size, self.calls = world, rank, world.size, 0

    def gather(self, value):
        self.calls += 1
        self.world.values[self.rank] = copy.deepcopy(value)
        self.world.barrier.wait(10)
        values = copy.deepcopy(self.world.values)
        self.world.barrier.wait(10)
        return values

    def of_root(self, value):
        return self.gather(value)[0]

    def largest(self, values):
        return np.max(self.gather(values), axis=0)

    def add_up(self, *arrays):
        for array in arrays:
            array[...] = sum(self.gather(array))

    def exchange(self, sent, n_sent, received, n_received):
        of_ranks = self.gather(np.split(sent, np.cumsum(n_sent)[:-1]))
        received[:] = np.concatenate([parts[self.rank] for parts in of_ranks])

    def collect(self, part, whole, n_elements):
        whole[:] = np.concatenate(self.gather(part))

    def have_all_failed(self):
        try:
            self.world.failures.wait(0.5)
        except threading.BrokenBarrierError:
            return False
        return True

    def abort(self):
        self.world.barrier.abort()


def run_ranks(size, work):
    """Return what work(group) has returned in each thread, or the error that it has raised."""
    world = World(size)

    def run(rank):
        try:
            return work(ThreadGroup(world, rank))
        except Exception as error:
            return error

    with ThreadPoolExecutor(size) as executor:
        return list(executor.map(run, range(size)))


def results_of(size, work):
    """Return the results of all ranks, of which none may raise an error."""
    results = run_ranks(size, work)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results
