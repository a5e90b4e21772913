"""A small training that can be stopped and resumed."""

import os
import signal

import numpy as np

from minidl import (
    L2,
    Adam,
    BinaryCrossEntropy,
    Callback,
    Dropout,
    Linear,
    Optimizer,
    ReLU,
    Sequential,
    Sigmoid,
)

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((37, 3)), RNG.integers(0, 2, 37)
VALIDATION = RNG.standard_normal((11, 3)), RNG.integers(0, 2, 11)


def network(dtype=np.float32, dropout=True, seed=0, width=5):
    hidden = [
        Linear(3, width),
        ReLU(),
        *([Dropout(0.7)] if dropout else []),
        Linear(width, 1),
        Sigmoid(),
    ]
    return Sequential(
        hidden, loss=BinaryCrossEntropy(), penalties=[L2(0.1)], seed=seed, dtype=dtype
    )


def fit(model, *callbacks, optimizer=None, epochs=6, **arguments):
    arguments = {"batch_size": 8, "validation": VALIDATION, "progress": False, **arguments}
    return model.fit(
        X, Y, optimizer=optimizer or Adam(0.05), epochs=epochs, callbacks=callbacks, **arguments
    )


class Signal(Callback):
    """Sends a signal to this process at one step, before the parameters move."""

    def __init__(self, epoch, batch, signal_number=signal.SIGINT):
        self.position = epoch, batch
        self.signal_number = signal_number

    def on_gradient(self, run):
        if (run.epoch, run.batch) == self.position:
            os.kill(os.getpid(), self.signal_number)


def assert_equal_trainings(model, other, history, whole):
    assert model.parameters.theta.tobytes() == other.parameters.theta.tobytes()
    assert list(history) == list(whole)
    assert history.columns == whole.columns
    assert history.stopped == whole.stopped
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    assert model.shuffle_rng.random() == other.shuffle_rng.random()


class CustomOptimizer(Optimizer):
    state_names = ("sum", "steps")

    def init_state(self, theta):
        self.sum, self.steps, self._spare = np.zeros_like(theta), 0, object()

    def update(self, theta, grad):
        self.steps += 1
        self.sum += grad
        theta -= self.learning_rate * np.sign(self.sum) / self.steps
