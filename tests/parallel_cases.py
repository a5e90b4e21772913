"""Trainings that must give the same bits on any number of ranks."""

import numpy as np

from minidl import (
    L2,
    Adam,
    BatchNorm,
    BinaryCrossEntropy,
    Dropout,
    GradientDescent,
    Linear,
    Momentum,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
)

OPTIMIZERS = {
    "GD": lambda **options: GradientDescent(0.1, **options),
    "Momentum": lambda **options: Momentum(0.1, **options),
    "Adam": lambda **options: Adam(0.02, **options),
}
VARIANTS = ("none", "L2", "dropout", "weights", "batch normalization", "clipping")
BATCH_SIZE = 32
RNG = np.random.default_rng(0)
X = RNG.standard_normal((8 * BATCH_SIZE + 3, 6)).astype(np.float32)  # 3 rows in the last batch
Y = (X[:, :1] * X[:, 1:2] > 0).astype(np.float32)
WEIGHTS = RNG.uniform(0.2, 3, len(X))


def build(variant):
    """Return the model of a variant."""
    hidden = [Linear(6, 10), ReLU()]
    if variant == "dropout":
        hidden.append(Dropout(0.8))
    if variant == "batch normalization":
        hidden += [BatchNorm(10), Residual(Linear(10, 10), BatchNorm(10), ReLU())]
    penalties = [L2(2.0)] if variant == "L2" else []
    layers = [*hidden, Linear(10, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), penalties=penalties, seed=1)


def train(comm, optimizer="Adam", variant="none", *, X=X, Y=Y, epochs=2, **options):
    """Return a model that was trained, and its history."""
    model = build(variant)
    clipping = {"clip_norm": 0.3} if variant == "clipping" else {}
    if variant == "weights":
        options = {"sample_weight": WEIGHTS, "class_weight": {1: 2.0}, **options}
    options = {"batch_size": BATCH_SIZE, "progress": False, **options}
    optimizer = OPTIMIZERS[optimizer](**clipping)
    history = model.fit(X, Y, optimizer=optimizer, epochs=epochs, comm=comm, **options)
    return model, history


def bits(model, history=None):
    """Return all that a training has made, for a comparison to the last bit."""
    parts = [model.parameters.theta, *model.buffers.copy_values().values()]
    columns = [] if history is None else [np.array(history[name]) for name in history]
    return [part.tobytes() for part in (*parts, *columns)]
