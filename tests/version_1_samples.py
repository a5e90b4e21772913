"""The classes and the training of the sample files that minidl wrote in format version 1.

The files were written by this module and minidl as it was then: `write(folder)`.
"""

from pathlib import Path

import numpy as np
from helpers import Gain
from resuming import VALIDATION, Signal, X, Y

import minidl
from minidl import (
    L1,
    BinaryCrossEntropy,
    Checkpoint,
    Dropout,
    EarlyStopping,
    Layer,
    Linear,
    Loss,
    Nesterov,
    Sequential,
    Sigmoid,
    StepDecay,
)

SAMPLES = Path(__file__).parent / "serialization" / "samples"
WEIGHTS = np.random.default_rng(3).uniform(0.5, 2.0, 37)


class Residual(Layer):
    """A user's layer, from before minidl had one of this name: y = x + gain * x."""

    def __init__(self, features):
        self.features = features
        self.inner = Gain(features)

    def forward(self, x, *, training=False):
        return x + self.inner.forward(x)

    def backward(self, dy):
        return dy + self.inner.backward(dy)


class Huber(Loss):
    """A user's loss with the name and the argument of minidl's, but another formula."""

    def __init__(self, delta=1.0):
        self.delta = delta

    def forward(self, prediction, target):
        self.scaled = (prediction - target) / self.delta
        return self.delta**2 * (np.sqrt(1 + self.scaled**2) - 1).mean()

    def backward(self):
        return self.delta * self.scaled / np.sqrt(1 + self.scaled**2) / self.scaled.size


def custom_model():
    """Return a model with two of the user's classes."""
    return Sequential([Linear(3, 2), Residual(2)], loss=Huber(0.5), seed=1)


def elu_model():
    """Return a model with the two classes that minidl has got during version 1."""
    return Sequential([Linear(3, 2), minidl.ELU(0.5)], loss=minidl.Huber(0.5), seed=2)


def train(*callbacks, seed, resume=None):
    """Train a weighted model, interrupted or to the end; return it and the history."""
    model = Sequential(
        [Linear(3, 4), Residual(4), Dropout(0.8), Linear(4, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        penalties=[L1(0.01, layers=[0])],
        dtype=np.float64,
        seed=seed,
    )
    history = model.fit(
        X,
        Y,
        optimizer=Nesterov(StepDecay(0.05, 7)),
        epochs=6,
        batch_size=8,
        sample_weight=WEIGHTS,
        class_weight={0: 1.0, 1: 1.5},
        validation=VALIDATION,
        callbacks=[EarlyStopping(patience=6), *callbacks],
        progress=False,
        resume=resume,
    )
    return model, history


def write(folder):
    """Write the sample files."""
    custom_model().save(folder / "custom.h5")
    elu_model().save(folder / "elu.h5")
    train(Checkpoint(folder / "weighted.h5"), Signal(3, 2), seed=4)
