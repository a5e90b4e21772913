"""Trainings stopped at random steps, by Ctrl-C, SIGTERM or kill -9, and resumed.

The resumed ones must be bit-for-bit identical to uninterrupted ones. Each draws its own optimizer,
dropout, dtype, batch size, early stopping, number of stops and their steps. Each has a layer with a
buffer, two checkpoints, and a callback that remembers values of many kinds and comes after them; it
resumes from either checkpoint. A stop by kill -9 hits a forked child that saves after every step,
at a random moment; only its last files are left.
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
    Buffer,
    Callback,
    Checkpoint,
    Dropout,
    EarlyStopping,
    GradientDescent,
    History,
    Layer,
    Linear,
    Momentum,
    ReLU,
    Sequential,
    Sigmoid,
    Zeros,
)
from minidl.training.callbacks.base import TrainingRun

from .children import fork
from .report import Result

DEFAULT_COUNT = 300
OPTIMIZERS = {kind.__name__: kind for kind in (GradientDescent, Momentum, Adam)}
METHODS = ("Ctrl-C", "SIGTERM", "Ctrl-C", "kill -9")
SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}
ROWS = 61
EPOCHS = 5


class RunningMean(Layer):
    """Subtracts a running mean of its inputs, a buffer."""

    def __init__(self, features: int) -> None:
        self.features = features
        self.mean = Buffer((features,), init=Zeros())

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the output."""
        return shape

    def forward(self, x: Any, *, training: bool = False) -> Any:
        """Subtract the mean; move it if the model is being trained."""
        output = x - self.mean.value
        if training:
            self.mean.value += 0.1 * (x.mean(axis=0) - self.mean.value)
        return output

    def backward(self, dy: Any) -> Any:
        """Return the gradient of the input: the mean is a constant."""
        return dy


class Interrupt(Callback):
    """Sends a signal while a step is computed, as Ctrl-C does."""

    def __init__(self, epoch: int, batch: int, number: signal.Signals = signal.SIGINT) -> None:
        self.step = epoch, batch
        self.number = number

    def on_gradient(self, run: TrainingRun) -> None:
        """Send the signal at that step."""
        if (run.epoch, run.batch) == self.step:
            os.kill(os.getpid(), self.number)


class Memory(Callback):
    """Remembers what it has seen as values of many kinds; comes after the checkpoints."""

    run_last = True

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.steps: dict[int, tuple[int, np.float32]] = {}
        self.counts = np.zeros(EPOCHS, np.int16)
        self.seen = np.zeros((2, ROWS), np.bool_)
        self.half = np.float16(1.0)

    def on_batch_end(self, run: TrainingRun) -> None:
        """Remember the loss of the batch; change the learning rate as a schedule would."""
        self.losses.append(float(run.loss))
        self.steps[run.epoch] = run.batch, np.float32(run.loss)
        self.counts[run.epoch - 1] += 1
        self.seen[run.epoch % 2, run.batch - 1] ^= True
        self.half *= np.float16(0.99)
        run.optimizer.learning_rate = 0.05 * float(self.half)

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Remember the epoch."""
        self.losses.append(-float(run.epoch))

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        return vars(self)

    def restore(self, state: dict[str, Any]) -> None:
        """Take it back."""
        vars(self).update(state)


def run(count: int, seed: int, scratch: Path) -> Result:
    """Stop `count` trainings, resume them and compare."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored
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
            "best first": bool(rng.integers(2)),
        }
        method = METHODS[number % len(METHODS)]
        folder, whole = scratch / f"{number}", scratch / f"{number} whole"
        uninterrupted = train(configuration, 1, whole)
        if method == "kill -9":
            stops += _killed(configuration, folder, rng)
            problems = []
        else:
            made, problems = _interrupted(configuration, folder, rng, SIGNALS[method])
            stops += made
        last = _one_of(folder, rng)
        resumed = train(configuration, 1 if last is None else 2, folder, resume=last)
        if resumed != uninterrupted:
            names = [name for name in resumed if resumed[name] != uninterrupted[name]]
            problems.append(f"{', '.join(names)} differ")
        counts[method, "different" if problems else "equal"] += 1
        text = f"training {number}, stopped by {method}"
        violations += [f"{text}: {problem}, {configuration}" for problem in problems]
    signal.signal(signal.SIGINT, handler)
    rows = [["stopped by", "trainings", "bitwise equal", "different"]]
    for method in dict.fromkeys(METHODS):
        same, other = counts[method, "equal"], counts[method, "different"]
        rows.append([method, same + other, same, other])
    numbers = {
        "trainings": count,
        "stops": stops,
        "found": {" ".join(key): n for key, n in counts.items()},
    }
    return Result(rows, numbers, violations)


def train(
    configuration: dict[str, Any],
    seed: int,
    folder: Path,
    *callbacks: Callback,
    resume: Path | None = None,
    every_seconds: float | None = None,
) -> dict[str, Any]:
    """Train with a configuration, on rows that are always the same; return all that must be equal.

    The checkpoints are in a folder.
    """
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((ROWS, 4)), rng.integers(0, 2, ROWS)
    dropout = [Dropout(0.8)] if configuration["dropout"] else []
    layers = [Linear(4, 6), RunningMean(6), ReLU(), *dropout, Linear(6, 3), ReLU(), Linear(3, 1)]
    model = Sequential(
        [*layers, Sigmoid()],
        loss=BinaryCrossEntropy(),
        penalties=[L2(0.1)],
        seed=seed,
        dtype=configuration["dtype"],
    )
    checkpoints = [
        Checkpoint(folder / "a.h5", every_seconds=every_seconds),
        Checkpoint(folder / "b.h5", every_seconds=every_seconds, every_epochs=2, keep="both"),
    ]
    if configuration["best first"]:
        checkpoints.reverse()
    stopping = EarlyStopping("val_loss", patience=configuration["patience"])
    memory = Memory()
    history = model.fit(
        X,
        Y,
        optimizer=OPTIMIZERS[configuration["optimizer"]](0.05),
        epochs=EPOCHS,
        batch_size=configuration["batch_size"],
        validation=(X[:20], Y[:20]),
        callbacks=[checkpoints[0], stopping, memory, *callbacks, checkpoints[1]],
        progress=False,
        resume=resume,
    )
    return {"stopped": history.stopped, **_bits(model, history, memory, folder)}


def _interrupted(
    configuration: dict[str, Any], folder: Path, rng: np.random.Generator, number: signal.Signals
) -> tuple[int, list[str]]:
    """Interrupt a training one to three times, each in a new model.

    Returns the number of stops, and what was wrong after them.
    """
    n_batches = math.ceil(ROWS / configuration["batch_size"])
    handlers = [signal.getsignal(each) for each in SIGNALS.values()]
    stops = int(rng.integers(1, 4))
    problems = []
    for _ in range(stops):
        step = int(rng.integers(1, EPOCHS + 1)), int(rng.integers(1, n_batches + 1))
        last = _one_of(folder, rng)
        seed = 1 if last is None else 3
        stopped = train(configuration, seed, folder, Interrupt(*step, number), resume=last)[
            "stopped"
        ]
        if stopped and stopped.startswith(number.name):
            paths = folder / "a.h5", folder / "b.h5"
            problems += [f"{path} was not saved" for path in paths if not path.exists()]
            problems += [f"{path} is not named" for path in paths if f"{path} holds" not in stopped]
        if [signal.getsignal(each) for each in SIGNALS.values()] != handlers:
            problems.append("the handlers were not restored")
    return stops, problems


def _killed(configuration: dict[str, Any], folder: Path, rng: np.random.Generator) -> int:
    """Kill a child that trains and saves after every step; return 1."""
    child = fork(partial(train, configuration, 1, folder, every_seconds=1e-9))
    try:
        time.sleep(float(rng.uniform(0.005, 0.3)))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return 1


def _one_of(folder: Path, rng: np.random.Generator) -> Path | None:
    """Return a checkpoint to resume from, None before the first save."""
    paths = [path for path in (folder / "a.h5", folder / "b.h5") if path.exists()]
    return paths[rng.integers(len(paths))] if paths else None


def _bits(model: Sequential, history: History, memory: Memory, folder: Path) -> dict[str, Any]:
    """Return everything else that must be equal, in the files, too."""
    files = {
        path.name: _parameters(Sequential.load(path, custom=[RunningMean]))
        for path in sorted(folder.glob("*.h5"))
    }
    return {
        "model": _parameters(model),
        "history": {name: np.array(column).tobytes() for name, column in history.columns.items()},
        "order": model.shuffle_rng.bit_generator.state,
        "memory": {name: (type(value), repr(value)) for name, value in memory.state().items()},
        "files": files,
    }


def _parameters(model: Sequential) -> tuple[bytes, ...]:
    buffers = [buffer.value.tobytes() for buffer in model.buffers.values()]
    return model.parameters.theta.tobytes(), *buffers
