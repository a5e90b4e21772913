"""Trainings stopped at random steps, by Ctrl-C or by kill -9, and resumed.

The resumed ones must be bit-for-bit identical to uninterrupted ones. Each draws its own optimizer,
dropout, dtype, batch size, early stopping, number of stops and their steps. A stop by kill -9 hits
a forked child that saves after every step, at a random moment; only its last checkpoint is left.
"""

from __future__ import annotations

import math
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

from .children import fork
from .report import Result

DEFAULT_COUNT = 100
OPTIMIZERS = {kind.__name__: kind for kind in (GradientDescent, Momentum, Adam)}
ROWS = 61
EPOCHS = 5


class Interrupt(Callback):
    """Presses Ctrl-C while a step is computed."""

    def __init__(self, epoch: int, batch: int) -> None:
        self.step = epoch, batch

    def on_gradient(self, run: TrainingRun) -> None:
        """Press Ctrl-C at that step."""
        if (run.epoch, run.batch) == self.step:
            os.kill(os.getpid(), signal.SIGINT)


def run(count: int, seed: int, scratch: Path) -> Result:
    """Stop `count` trainings, resume them and compare."""
    counts: Counter[tuple[str, str]] = Counter()
    violations: list[str] = []
    stops = 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        configuration: dict[str, Any] = {
            "optimizer": ("GradientDescent", "Momentum", "Adam")[number % 3],
            "dropout": bool(number // 3 % 2),
            "dtype": ("float32", "float64")[number // 6 % 2],
            "batch_size": int(rng.integers(3, ROWS)),
            "patience": int(rng.integers(1, EPOCHS + 1)),
        }
        method = "kill -9" if number % 4 == 3 else "Ctrl-C"
        path = scratch / f"{number}.h5"
        uninterrupted = train(configuration, seed=1)
        stop = _killed if method == "kill -9" else _interrupted
        stops += stop(configuration, path, rng)
        if path.exists():
            resumed = train(configuration, seed=2, resume=path)
        else:  # killed before the first save
            resumed = train(configuration, seed=1)
        equal = _bits(*resumed) == _bits(*uninterrupted)
        counts[method, "equal" if equal else "different"] += 1
        if not equal:
            violations.append(
                f"training {number}, stopped by {method}, resumed differently: {configuration}"
            )
    rows = [["stopped by", "trainings", "bitwise equal", "different"]]
    for method in ("Ctrl-C", "kill -9"):
        same, other = counts[method, "equal"], counts[method, "different"]
        rows.append([method, same + other, same, other])
    numbers = {
        "trainings": count,
        "stops": stops,
        "found": {" ".join(key): n for key, n in counts.items()},
    }
    return Result(rows, numbers, violations)


def train(
    configuration: dict[str, Any], seed: int, *callbacks: Callback, **arguments: Any
) -> tuple[Sequential, History]:
    """Train with a configuration, on rows that are always the same."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((ROWS, 4)), rng.integers(0, 2, ROWS)
    dropout = [Dropout(0.8)] if configuration["dropout"] else []
    layers = [Linear(4, 6), ReLU(), *dropout, Linear(6, 3), ReLU(), Linear(3, 1), Sigmoid()]
    model = Sequential(
        layers,
        loss=BinaryCrossEntropy(),
        penalties=[L2(0.1)],
        seed=seed,
        dtype=configuration["dtype"],
    )
    stopping = EarlyStopping("val_loss", patience=configuration["patience"])
    history = model.fit(
        X,
        Y,
        optimizer=OPTIMIZERS[configuration["optimizer"]](0.05),
        epochs=EPOCHS,
        batch_size=configuration["batch_size"],
        validation=(X[:20], Y[:20]),
        callbacks=[stopping, *callbacks],
        progress=False,
        **arguments,
    )
    return model, history


def _interrupted(configuration: dict[str, Any], path: Path, rng: np.random.Generator) -> int:
    """Interrupt a training one to three times, each in a new model; return the number."""
    n_batches = math.ceil(ROWS / configuration["batch_size"])
    stops = int(rng.integers(1, 4))
    for _ in range(stops):
        interrupt = Interrupt(int(rng.integers(1, EPOCHS + 1)), int(rng.integers(1, n_batches + 1)))
        resume = path if path.exists() else None
        train(configuration, 1 if resume is None else 3, interrupt, Checkpoint(path), resume=resume)
    return stops


def _killed(configuration: dict[str, Any], path: Path, rng: np.random.Generator) -> int:
    """Kill a child that trains and saves after every step; return 1."""
    checkpoint = Checkpoint(path, every_seconds=1e-9)
    child = fork(partial(train, configuration, 1, checkpoint))
    time.sleep(float(rng.uniform(0.005, 0.15)))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


def _bits(model: Sequential, history: History) -> tuple[Any, ...]:
    """Return everything that must be equal."""
    columns = {name: np.array(column).tobytes() for name, column in history.columns.items()}
    return (
        model.parameters.theta.tobytes(),
        columns,
        history.stopped,
        model.shuffle_rng.bit_generator.state,
    )
