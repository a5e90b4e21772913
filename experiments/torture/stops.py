"""Trainings stopped at random places, by Ctrl-C or by kill -9; the resumed ones must be the uninterrupted ones, bit for bit.

Each is drawn anew: optimizer, dropout, dtype, batch size, early stopping, the number of stops and their places. A stop by kill -9 hits a
forked child that saves after every step, at a random moment; nothing but its last checkpoint is left of it.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from minidl import (
    L2,
    Adam,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    Dropout,
    EarlyStopping,
    GradientDescent,
    History,
    Linear,
    Momentum,
    ReLU,
    Sequential,
    Sigmoid,
)
from minidl.training.callbacks.base import TrainingRun

from .kill import _forked
from .report import Result

USUAL = 100
OPTIMIZERS = {kind.__name__: kind for kind in (GradientDescent, Momentum, Adam)}
ROWS, EPOCHS = 61, 5


class Interrupt(Callback):
    """Press Ctrl-C while a step is computed."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.location = epoch, batch

    def on_gradient(self, run: TrainingRun) -> None:
        """Press it at that place."""
        if (run.epoch, run.batch) == self.location:
            os.kill(os.getpid(), signal.SIGINT)


def run(count: int, seed: int, scratch: Path) -> Result:
    """Stop `count` trainings and say whether the resumed ones were equal."""
    found: Counter[tuple[str, str]] = Counter()
    violations, stops = [], 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        drawn: dict[str, Any] = {
            "optimizer": ("GradientDescent", "Momentum", "Adam")[number % 3],
            "dropout": bool(number // 3 % 2),
            "dtype": ("float32", "float64")[number // 6 % 2],
            "batch_size": int(rng.integers(3, ROWS)),
            "patience": int(rng.integers(1, EPOCHS + 1)),
        }
        way = "kill -9" if number % 4 == 3 else "Ctrl-C"
        path = scratch / f"{number}.h5"
        whole = train(drawn, seed=1)
        stop = _killed if way == "kill -9" else _interrupted
        stops += stop(drawn, path, rng)
        rest = (
            train(drawn, seed=2, resume=path) if path.exists() else train(drawn, seed=1)
        )  # killed before the first save
        equal = _bits(*rest) == _bits(*whole)
        found[way, "equal" if equal else "different"] += 1
        if not equal:
            violations.append(f"training {number}, stopped by {way}, went on otherwise: {drawn}")
    rows = [["stopped by", "trainings", "bitwise equal", "different"]]
    for way in ("Ctrl-C", "kill -9"):
        same, other = found[way, "equal"], found[way, "different"]
        rows.append([way, same + other, same, other])
    numbers = {
        "trainings": count,
        "stops": stops,
        "found": {" ".join(key): n for key, n in found.items()},
    }
    return Result(rows, numbers, violations)


def train(
    drawn: dict[str, Any], seed: int, *callbacks: Callback, **settings: Any
) -> tuple[Sequential, History]:
    """Train as drawn, on rows that are always the same."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((ROWS, 4)), rng.integers(0, 2, ROWS)
    drops = [Dropout(0.8)] if drawn["dropout"] else []
    layers = [Linear(4, 6), ReLU(), *drops, Linear(6, 3), ReLU(), Linear(3, 1), Sigmoid()]
    model = Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1)], seed=seed, dtype=drawn["dtype"]
    )
    stopping = EarlyStopping("val_loss", patience=drawn["patience"])
    history = model.fit(
        X,
        Y,
        optimizer=OPTIMIZERS[drawn["optimizer"]](0.05),
        epochs=EPOCHS,
        batch_size=drawn["batch_size"],
        validation=(X[:20], Y[:20]),
        callbacks=[stopping, *callbacks],
        progress=False,
        **settings,
    )
    return model, history


def _interrupted(drawn: dict[str, Any], path: Path, rng: np.random.Generator) -> int:
    """Interrupt a training one to three times, each time in a new model; return how often."""
    batches, stops = -(-ROWS // drawn["batch_size"]), int(rng.integers(1, 4))
    for _ in range(stops):
        place = Interrupt(int(rng.integers(1, EPOCHS + 1)), int(rng.integers(1, batches + 1)))
        going = path if path.exists() else None
        train(drawn, 1 if going is None else 3, place, Checkpoint(path), resume=going)
    return stops


def _killed(drawn: dict[str, Any], path: Path, rng: np.random.Generator) -> int:
    """Kill a child that trains and saves after every step; return 1."""
    kept = Checkpoint(path, every_seconds=1e-9)
    child = _forked(partial(train, drawn, 1, kept))
    time.sleep(float(rng.uniform(0.005, 0.15)))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


def _bits(model: Sequential, history: History) -> tuple[Any, ...]:
    """Return all that must be equal."""
    columns = {name: np.array(column).tobytes() for name, column in history.columns.items()}
    return (
        model.parameters.theta.tobytes(),
        columns,
        history.stopped,
        model.shuffle_rng.bit_generator.state,
    )
