"""Training allocates its arrays in the first steps; later steps reuse them."""

import tracemalloc

import numpy as np
import pytest

from minidl import (
    L2,
    Adam,
    BinaryCrossEntropy,
    Callback,
    CategoricalCrossEntropy,
    Dropout,
    GradientDescent,
    LeakyReLU,
    Linear,
    Momentum,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)

# Bytes: the working memory of one NumPy call (8192 elements), some numbers per example, and the
# history. A boolean per hidden unit and example would be 131 kB, a float32 524 kB. A compiled loop
# adds some kB when it is first called.
LIMIT = 60_000


class Peak(Callback):
    """Measures from the second epoch: the work arrays of both batch sizes exist by then."""

    def on_epoch_end(self, run):
        if run.epoch == 1:
            tracemalloc.start()
        self.peak = tracemalloc.get_traced_memory()[1]

    def on_train_end(self, run):
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("outputs", "head", "loss"),
    [(1, Sigmoid, BinaryCrossEntropy), (3, Softmax, CategoricalCrossEntropy)],
)
@pytest.mark.parametrize(
    "optimizer", [GradientDescent(0.01), Momentum(0.01), Adam()], ids=lambda o: type(o).__name__
)
def test_steps_after_the_first_epoch_allocate_no_arrays(outputs, head, loss, optimizer):
    X = np.random.default_rng(0).standard_normal((300, 20)).astype(np.float32)
    Y = np.arange(300) % 2
    hidden = [
        Linear(20, 512),
        ReLU(),
        Dropout(0.8),
        Linear(512, 512),
        LeakyReLU(),
        Linear(512, 512),
        Tanh(),
    ]
    model = Sequential([*hidden, Linear(512, outputs), head()], loss=loss(), penalties=[L2(0.1)])
    peak = Peak()
    optimizer.reset()  # each is used for several models
    model.fit(
        X, Y, optimizer=optimizer, epochs=26, batch_size=256, callbacks=[peak], progress=False
    )
    assert peak.peak < LIMIT
