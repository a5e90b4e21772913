"""A training on disk as a kind of file to corrupt.

What is compared is everything that the training ends with.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import numpy as np

from minidl import (
    Adam,
    BinaryCrossEntropy,
    Checkpoint,
    Dropout,
    EarlyStopping,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
)
from minidl.errors import EnvironmentWarning, NonFiniteError

X, Y = np.random.default_rng(0).standard_normal((12, 3)), np.arange(12) % 2


def train(resume: Path | None = None, save_to: Path | None = None) -> str:
    """Train to the end, from the start or a checkpoint; return the final state as a string."""
    model = Sequential(
        [Linear(3, 4), ReLU(), Dropout(0.8), Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy()
    )
    callbacks = [EarlyStopping("loss", patience=3), *([Checkpoint(save_to)] if save_to else [])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EnvironmentWarning)
        try:
            history = model.fit(
                X,
                Y,
                optimizer=Adam(0.05),
                epochs=2 if save_to else 3,
                batch_size=5,
                callbacks=callbacks,
                resume=resume,
                progress=False,
            )
        except NonFiniteError as error:  # a forged learning rate may be too large
            return str(error)
    return json.dumps([model.parameters.theta.tobytes().hex(), history.columns, history.stopped])


def checkpoint() -> bytes:
    """Return the file of a training that was stopped after two of three epochs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.h5")
        train(save_to=path)
        return path.read_bytes()
