"""A training goes on when it is told to."""

from types import SimpleNamespace

import pytest

from minidl.play import control as control_module
from minidl.play.control import CLOSED, Control


class Run:
    """A training at the end of an epoch of one batch."""

    batch = batches_per_epoch = 1
    stopped = None

    def stop(self, reason, *, now):
        assert now
        self.stopped = reason


class Clock:
    """Stands for the clock, and for the condition on which a training waits."""

    def __init__(self):
        self.now = 100.0
        self.waited = []

    def monotonic(self):
        return self.now

    def wait(self, seconds=None):
        assert seconds is not None, "the training waits, and nobody will wake it up"
        self.waited.append(seconds)
        self.now += seconds

    def notify_all(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(control_module, "time", SimpleNamespace(monotonic=made.monotonic))
    monkeypatch.setattr(
        control_module, "threading", SimpleNamespace(Condition=lambda: made), raising=True
    )
    return made


def test_it_waits_until_it_is_told_to_go_on(clock):
    control, run = Control(), Run()
    with pytest.raises(AssertionError, match="the training waits"):
        control.on_train_begin(run)
    control.start()
    control.on_train_begin(run)
    control.on_epoch_end(run)
    control.pause()
    with pytest.raises(AssertionError, match="the training waits"):
        control.on_epoch_end(run)


def test_the_last_batch_of_an_epoch_is_followed_by_the_end_of_the_epoch(clock):
    control, run = Control(), Run()
    control.on_batch_end(run)
    run.batches_per_epoch = 2
    with pytest.raises(AssertionError, match="the training waits"):
        control.on_batch_end(run)


def test_a_step_is_one_batch_and_pauses(clock):
    control, run = Control(), Run()
    control.start()
    control.step()
    control.on_train_begin(run)
    assert not control.is_running
    with pytest.raises(AssertionError, match="the training waits"):
        control.on_epoch_end(run)


def test_it_ends_when_it_is_closed_after_what_was_asked_for(clock):
    control, run = Control(), Run()
    control.step()
    control.close()
    control.on_train_begin(run)
    assert run.stopped is None
    control.on_epoch_end(run)
    assert run.stopped == CLOSED


def test_epochs_keep_the_speed(clock):
    control, run = Control(epochs_per_second=4), Run()
    control.start()
    for _ in range(3):
        control.on_epoch_end(run)
    assert clock.waited == [0.25, 0.25]
    control.set_speed(None)
    control.on_epoch_end(run)
    assert clock.waited == [0.25, 0.25]


def test_a_slow_epoch_is_not_caught_up(clock):
    control, run = Control(epochs_per_second=4), Run()
    control.start()
    control.on_epoch_end(run)
    clock.now += 10
    control.on_epoch_end(run)
    control.on_epoch_end(run)
    assert clock.waited == [0.25]
