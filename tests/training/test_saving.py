"""All that saves sees one moment of the training, and one signal."""

import os
import signal
from types import SimpleNamespace

import pytest

from minidl import Callback
from minidl.training.callbacks.base import TrainingRun
from minidl.training.saving import Saving, is_saver


class Saver(Callback):
    def __init__(self, action=lambda run: None):
        self.action = action
        self.seen = []

    def on_save(self, run):
        self.seen.append(run.interruption and run.interruption.signal.name)
        if run.interruption:
            run.interruption.files.append("saved")
        self.action(run)


def new_run(callbacks):
    run = TrainingRun(SimpleNamespace(), None, 3, [None, None], callbacks=callbacks)
    run.start_epoch()
    run.batch = 1
    return run


def interrupt(run):
    os.kill(os.getpid(), signal.SIGINT)


def fail(run):
    raise RuntimeError("the disk is full")


def test_who_saves_is_who_overrides_the_hook():
    assert is_saver(Saver())
    assert not is_saver(Callback())
    saver = Saver()
    assert Saving([Callback(), saver]).savers == [saver]


def test_all_save_at_one_signal_which_ends_the_training():
    savers = [Saver(), Saver()]
    run = new_run(savers)
    with Saving(savers) as saving:
        saving.after_step(run)
        assert not run.stopped
        interrupt(run)
        saving.after_step(run)
    assert [saver.seen for saver in savers] == [[None, "SIGINT"]] * 2
    assert run.stop_immediately
    assert run.stopped == "SIGINT in epoch 1, after batch 1 of 2; saved; saved"


def test_a_signal_while_one_saves_is_for_the_next_step():
    savers = [Saver(interrupt), Saver()]
    run = new_run(savers)
    with Saving(savers) as saving:
        saving.after_step(run)
        assert not run.stopped
        savers[0].action = lambda run: None
        saving.after_step(run)
    assert [saver.seen for saver in savers] == [[None, "SIGINT"]] * 2


def test_a_second_signal_while_one_saves_interrupts_at_once():
    savers = [Saver(interrupt), Saver()]
    run = new_run(savers)
    with Saving(savers) as saving:
        interrupt(run)
        with pytest.raises(KeyboardInterrupt):
            saving.after_step(run)
    assert savers[1].seen == []


@pytest.mark.parametrize("interrupted", [False, True])
def test_one_that_fails_does_not_keep_the_others_from_saving(interrupted):
    savers = [Saver(fail), Saver(), Saver(fail), Saver()]
    run = new_run(savers)
    with Saving(savers) as saving:
        if interrupted:
            interrupt(run)
        with pytest.raises(RuntimeError, match="the disk is full"):
            saving.after_step(run)
    assert [len(saver.seen) for saver in savers] == [1] * 4


def test_a_training_that_ends_anyway_keeps_its_reason():
    run = new_run([Saver()])
    with Saving(run.callbacks) as saving:
        run.stop("enough", now=True)
        interrupt(run)
        saving.after_step(run)
    assert run.stopped == "enough"
    assert run.callbacks[0].seen == [None]


@pytest.mark.parametrize("at_the_end", [True, False])
def test_a_training_that_one_ends_is_saved_by_all(at_the_end):
    """`Checkpoint` saves the state after the last step, however few epochs it saves else."""
    savers = [Saver(), Saver(lambda run: run.stop("enough", now=not at_the_end)), Saver()]
    run = new_run(savers)
    run.epoch_ended = at_the_end
    with Saving(savers) as saving:
        saving.after_step(run)
        assert [len(saver.seen) for saver in savers] == [2] * 3
        saving.after_step(run)
        assert [len(saver.seen) for saver in savers] == [3] * 3


def test_nobody_notes_signals_where_nobody_saves():
    handler = signal.getsignal(signal.SIGINT)
    with Saving([Callback()]):
        assert signal.getsignal(signal.SIGINT) is handler
    with Saving([Saver()]):
        assert signal.getsignal(signal.SIGINT) is not handler
    assert signal.getsignal(signal.SIGINT) is handler
