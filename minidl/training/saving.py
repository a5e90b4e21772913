"""Saving the state of a training when all callbacks have seen a step, and stopping by signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from ..errors import NonFiniteError
from ..utils.stop_signals import StopSignals
from .callbacks.base import Callback, Interruption, TrainingRun


def is_saver(callback: Callback) -> bool:
    """Return whether a callback saves the state of the training."""
    return type(callback).on_save is not Callback.on_save


class Saving:
    """Calls `on_save` of the callbacks that have it, and lets a signal end the training after that.

    All of them are called after every other hook of the same step, so that what they save is of
    one moment; and all of them see the same signal, also if it comes while one of them is saving.

    Parameters
    ----------
    callbacks : sequence of Callback
        All callbacks, in the order in which they are called.

    Attributes
    ----------
    savers : list of Callback
        Those that save.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.savers = [callback for callback in callbacks if is_saver(callback)]
        self._signals = StopSignals()

    def __enter__(self) -> Self:
        if self.savers:  # else nobody would be stopped well
            self._signals.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._signals.__exit__(*exception)

    def after_step(self, run: TrainingRun) -> None:
        """Save where it is time to, and end the training if a signal has come.

        Parameters
        ----------
        run : TrainingRun
            The training, between two steps.
        """
        received = self._signals.received
        if run.parallel is not None:
            received = run.parallel.agree_on_stop(run, received)
        if received and not run.is_ending:
            run.interruption = Interruption(received)
        was_ending = run.is_ending
        _save_each(self.savers, run)
        if run.interruption:
            place = f"epoch {run.epoch}, after batch {run.batch} of {run.batches_per_epoch}"
            reason = f"{run.interruption.signal.name} in {place}"
            run.stop("; ".join([reason, *run.interruption.files]), now=True)
        elif run.is_ending and not was_ending:  # one that saves has ended the training
            _save_each(self.savers, run)


def _save_each(savers: Sequence[Callback], run: TrainingRun) -> None:
    """Call `on_save` of each, also if that of another fails, but not after a second Ctrl-C."""
    n_called = 0
    try:
        for saver in savers:
            n_called += 1
            saver.on_save(run)
    except NonFiniteError:
        raise  # the model has earlier parameters now, which the others must not save
    except Exception:
        _save_each(savers[n_called:], run)
        raise
