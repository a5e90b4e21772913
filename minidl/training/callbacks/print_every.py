"""The cost of training as lines of text."""

from __future__ import annotations

import sys
from typing import TextIO

from ...errors import ArgumentError
from ...utils.output import LenientStream
from ...utils.validation import check_number, integer_at_least
from .base import Callback, TrainingRun
from .progress_bar import ProgressBar


class PrintEvery(Callback):
    """Print the cost every few epochs, as the DeepLearning.AI specialization does.

    The line "Cost after epoch 1000: 0.163300" has the cost of the parameters after 1,000 epochs,
    which is measured in the next one, before its first step. So the first line is about epoch 0,
    the initial parameters, and a training of 3,000 epochs ends with that about epoch 2,000. It is
    ``history.loss[1000]``; where an epoch has several steps, their mean.

    Parameters
    ----------
    every : int, default 100
        Number of epochs between two lines, >= 1.
    file : text stream, optional
        Where to print, by default ``sys.stdout``. A stream that fails, such as a pipe whose reader
        has left, does not end the training.

    Raises
    ------
    ArgumentError
        If an argument is invalid.

    See Also
    --------
    ProgressBar : Shows the last loss all the time.
    CSVLog : Writes all metrics of all epochs to a file.

    Examples
    --------
    >>> from minidl import GradientDescent, Linear, MeanSquaredError, PrintEvery, Sequential, Zeros
    >>> model = Sequential([Linear(1, 1, init=Zeros())], loss=MeanSquaredError())
    >>> settings = {"optimizer": GradientDescent(0.1), "epochs": 5, "progress": False}
    >>> _ = model.fit([[1.0], [2.0]], [2.0, 4.0], callbacks=[PrintEvery(2)], **settings)
    Cost after epoch 0: 10.000000
    Cost after epoch 2: 0.173200
    Cost after epoch 4: 0.072656
    """

    root_only = True

    def __init__(self, every: int = 100, *, file: TextIO | None = None) -> None:
        self.every = check_number(every, "every", integer_at_least(1), self)
        if not (file is None or hasattr(file, "write")):
            raise ArgumentError(
                f"file must be an open text stream, got {file!r} in PrintEvery: pass open(...), or "
                "CSVLog(path) for a file of all metrics"
            )
        self.file = file

    def on_epoch_end(self, run: TrainingRun) -> None:
        epochs_before = run.epoch - 1
        if epochs_before % self.every:
            return
        for callback in run.callbacks:
            if isinstance(callback, ProgressBar):
                callback.clear()
        stream = LenientStream(sys.stdout if self.file is None else self.file)
        stream.write(f"Cost after epoch {epochs_before}: {run.history.loss[-1]:f}\n")
        stream.flush()

    def __repr__(self) -> str:
        file = "" if self.file is None else f", file={self.file!r}"
        return f"PrintEvery({self.every}{file})"
