import math
from types import SimpleNamespace

import pytest
from callback_training import fit
from helpers import classifier
from thread_ranks import results_of

from minidl import Callback, Checkpoint, CSVLog, EarlyStopping, ProgressBar, StopOnNonFinite
from minidl.training.callbacks.base import TrainingRun


def test_a_run_starts_at_zero_and_stops_with_a_reason():
    run = TrainingRun(None, None, 3, [None, None])
    assert (run.epoch, run.batch, run.stopped, run.history.epochs) == (0, 0, None, 0)
    assert math.isnan(run.loss)
    run.stop("because")
    assert run.stopped == "because"


def test_hooks_do_nothing_by_default():
    callback, run = Callback(), TrainingRun(None, None, 1, [None])
    assert [
        hook(run)
        for hook in (
            callback.on_train_begin,
            callback.on_gradient,
            callback.on_batch_end,
            callback.on_epoch_end,
            callback.on_save,
            callback.on_train_end,
        )
    ] == [None] * 6


@pytest.mark.parametrize(
    ("epoch", "epoch_ended", "stopped", "now", "ending"),
    [
        (1, False, None, False, False),
        (1, True, None, False, False),
        (1, True, "enough", False, True),
        (1, False, "enough", False, False),
        (1, False, "enough", True, True),
        (2, True, None, False, True),
        (2, False, None, False, False),
    ],
)
def test_a_run_knows_whether_a_step_follows(epoch, epoch_ended, stopped, now, ending):
    run = TrainingRun(None, None, 2, [None])
    run.epoch, run.epoch_ended = epoch, epoch_ended
    if stopped:
        run.stop(stopped, now=now)
    assert run.is_ending == ending
    run.start_epoch()
    assert not run.epoch_ended


def test_every_guard_of_a_run_checks_the_model():
    class Guard:
        checked = ()

        def check_model(self, run, *, at_end):
            self.checked = (*self.checked, at_end)

    run, guards = TrainingRun(None, None, 1, [None]), [Guard(), Guard()]
    run.check_finite()
    run.guards += guards
    run.check_finite()
    run.check_finite(at_end=True)
    assert [guard.checked for guard in guards] == [(False, True), (False, True)]


def test_epochs_are_counted_from_1_and_each_once():
    counted = []

    class Counts(Callback):
        def on_epoch_end(self, run):
            counted.append(run.epoch)
            assert len(counted) <= 3, "it would never end"

    fit(classifier(), Counts(), epochs=3)
    assert counted == [1, 2, 3]


class Own(Callback):
    def __init__(self, *names, path=None, limit=1, note=""):
        self.names, self.path, self.limit = names, path, limit


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (Callback(), "Callback()"),
        (EarlyStopping(), "EarlyStopping()"),
        (EarlyStopping("loss", patience=3), "EarlyStopping(monitor='loss', patience=3)"),
        (Checkpoint("runs/a.h5"), "Checkpoint(path='runs/a.h5')"),
        (Checkpoint("a.h5", keep="best"), "Checkpoint(path='a.h5', keep='best')"),
        (Checkpoint("a.h5", None, 60.0), "Checkpoint(path='a.h5', every_epochs=None, every_sec"),
        (CSVLog("a.csv"), "CSVLog(path='a.csv')"),
        (StopOnNonFinite(False), "StopOnNonFinite(enabled=False)"),
        (ProgressBar(), "ProgressBar()"),
        (Own("a", limit=2, note="no attribute"), "Own(names=('a',), limit=2)"),
        (Own(path="x" * 1000), f"Own(names=(), path='{'x' * 70}\N{HORIZONTAL ELLIPSIS})"),
    ],
)
def test_arguments_that_are_no_defaults_are_shown(callback, expected):
    assert repr(callback).startswith(expected)


def test_of_several_processes_rank_0_writes_and_decides():
    def work(group):
        run = TrainingRun(None, None, 1, [None], parallel=SimpleNamespace(group=group))
        return run.is_root, run.of_root(f"rank {group.rank}")

    assert results_of(2, work) == [(True, "rank 0"), (False, "rank 0")]
    alone = TrainingRun(None, None, 1, [None])
    assert (alone.is_root, alone.of_root(5)) == (True, 5)
