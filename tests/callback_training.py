"""Short trainings with callbacks, for the tests of the callbacks."""

import os
import signal

from helpers import classifier, rows

from minidl import Callback, Cosine, GradientDescent, WarmUp

X, Y = rows(10)
X20, Y20 = rows(20)
SCHEDULE = WarmUp(3, Cosine(0.1, 30, 0.01))


def fit(model, *callbacks, epochs=5, rate=0.1, **arguments):
    """Train on 10 rows without validation."""
    return model.fit(
        X,
        Y,
        **{
            "optimizer": GradientDescent(rate),
            "epochs": epochs,
            "callbacks": callbacks,
            "progress": False,
            **arguments,
        },
    )


def log_training(*callbacks, epochs=5, optimizer=None, model=None, **arguments):
    """Train on 20 rows in batches of 8, with validation."""
    model = model or classifier()
    arguments = {
        "validation": (X20[:7], Y20[:7]),
        "batch_size": 8,
        "progress": False,
        **arguments,
    }
    return model.fit(
        X20,
        Y20,
        optimizer=optimizer or GradientDescent(0.1),
        epochs=epochs,
        callbacks=callbacks,
        **arguments,
    )


class InterruptAt(Callback):
    """Sends SIGINT in one batch."""

    def __init__(self, epoch, batch):
        self.epoch, self.batch = epoch, batch

    def on_gradient(self, run):
        if (run.epoch, run.batch) == (self.epoch, self.batch):
            os.kill(os.getpid(), signal.SIGINT)


class SquaredEpoch(Callback):
    """Adds a metric, whose name has a comma."""

    extra_metrics = ("squared, by epoch",)

    def on_epoch_end(self, run):
        run.history.columns.setdefault("squared, by epoch", []).append(run.epoch**2)
