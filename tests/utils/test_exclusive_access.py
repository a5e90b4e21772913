"""One thread at a time, re-entrant; a training leaves it to who waits; one training at a time."""

import threading

import pytest

from minidl import ArgumentError
from minidl.utils.exclusive_access import ExclusiveAccess


def in_thread(function):
    """Return the error of a function in a thread of its own, which has ended, or None."""
    results = []

    def run():
        try:
            results.append(function())
        except ArgumentError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    return results[0]


def can_enter(access):
    """Return whether another thread can enter."""

    def enter():
        with access:
            return True

    return in_thread(enter)


def can_try(access):
    """Return whether another thread would get the lock at once."""

    def try_to_lock():
        locked = access.lock.acquire(blocking=False)
        if locked:
            access.lock.release()
        return locked

    return in_thread(try_to_lock)


def test_a_thread_may_enter_it_again():
    access = ExclusiveAccess()
    with access, access:
        pass
    assert can_enter(access)


def test_one_thread_at_a_time():
    access, inside, most = ExclusiveAccess(), [], []
    barrier = threading.Barrier(8)

    def enter():
        barrier.wait(60)
        for _ in range(200):
            with access:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 1600
    assert set(most) == {1}


def test_who_waits_enters_where_a_loop_lets_others():
    access, entered, left = ExclusiveAccess(), threading.Event(), []

    def enter_once():
        with access:
            entered.set()
            left.append(1)

    thread = threading.Thread(target=enter_once)
    with access:
        thread.start()
        while not access.is_wanted:
            pass
        access.let_others()
        assert left == [1]
        assert not can_try(access)
    thread.join(60)
    assert not access.is_wanted


def test_letting_others_without_others_does_nothing():
    access = ExclusiveAccess()
    with access:
        access.let_others()
        assert not access.is_wanted
        assert not can_try(access)
    assert can_enter(access)


def test_one_training_at_a_time():
    access = ExclusiveAccess()
    assert not access.is_training
    with access.claim_training():
        assert access.is_training
        with pytest.raises(ArgumentError, match="one training at a time"):
            access.claim_training()
        assert isinstance(in_thread(access.claim_training), ArgumentError)
    assert not access.is_training
    assert in_thread(access.claim_training) is access.training


def test_an_interrupted_wait_leaves_no_lock_behind():
    class Interrupted:
        """Raises in place of waiting, as Ctrl-C does."""

        def acquire(self, blocking=True):
            if blocking:
                raise KeyboardInterrupt
            return False

        def release(self):
            raise RuntimeError("cannot release un-acquired lock")

    access = ExclusiveAccess()
    lock, access.lock = access.lock, Interrupted()
    with pytest.raises(KeyboardInterrupt):
        access.__enter__()
    access.lock = lock
    assert not access.is_wanted
    assert can_enter(access)
