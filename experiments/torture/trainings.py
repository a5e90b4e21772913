"""A training on disk as a kind of file to corrupt.

What is compared is everything that the training ends with.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from minidl import (
    Adam,
    BinaryCrossEntropy,
    Callback,
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


class Remembers(Callback):
    """Remembers values of each kind that a state may have."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {
            "list": [i / 3 for i in range(1000)],
            "array": np.arange(3, dtype=np.int16),
            1: (True, None, np.array([True, False])),
            2.0: np.float16(0.5),
        }

    def state(self) -> dict[str, Any]:
        """Return them."""
        return {"values": self.values}

    def restore(self, state: dict[str, Any]) -> None:
        """Take them back."""
        self.values = state["values"]


def train(resume: Path | None = None, save_to: Path | None = None) -> str:
    """Train to the end, from the start or a checkpoint; return the final state as a string."""
    model = Sequential(
        [Linear(3, 4), ReLU(), Dropout(0.8), Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy()
    )
    remembers = Remembers()
    callbacks = [EarlyStopping("loss", patience=3), remembers]
    callbacks += [Checkpoint(save_to)] if save_to else []
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
    theta, values = model.parameters.theta.tobytes().hex(), repr(remembers.values)
    return json.dumps([theta, history.columns, history.stopped, values])


def checkpoint() -> bytes:
    """Return the file of a training that was stopped after two of three epochs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.h5")
        train(save_to=path)
        return path.read_bytes()
