import math

from minidl import Callback
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
            callback.on_epoch_end,
            callback.on_train_end,
        )
    ] == [None] * 4
