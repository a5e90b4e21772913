"""NaN and infinity planted at random places of a training: it must stop before the update, and say where; and what watching costs.

The cost is measured on the cat network, the whole set at a step: trainings with and without the watch take turns.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import numpy as np

from minidl import (
    BinaryCrossEntropy,
    Callback,
    GradientDescent,
    Layer,
    Linear,
    NonFiniteError,
    ReLU,
    Sequential,
    Sigmoid,
    StopOnNonFinite,
    Tanh,
)
from minidl.training.callbacks.base import TrainingRun
from minidl.utils.typing import Array

from .report import Result

USUAL = 400
BAR = 1.03
PLACES = ("input", "activation", "gradient", "parameter")
BATCHES, EPOCHS = 4, 3


class Plant(Callback):
    """Puts a bad number somewhere at one step; keeps the parameters from before each step."""

    def __init__(
        self, place: str, epoch: int, batch: int, bad: float, rng: np.random.Generator
    ) -> None:
        self.location, self.due, self.bad, self.rng = place, (epoch, batch), bad, rng
        self.layer = 0

    def on_train_begin(self, run: TrainingRun) -> None:
        """Wrap the way forward and back of one layer."""
        if self.location == "parameter":
            self.layer = int(self.rng.choice([0, 2, 4]))
        layer = run.model.layers[self.layer]
        self.run, self.forward, self.backward = run, layer.forward, layer.backward
        layer.forward, layer.backward = self._forward, self._backward  # type: ignore[method-assign]
        # Training calls this one of its first layer.
        self.backward_parameters = layer.backward_parameters
        layer.backward_parameters = self._backward_parameters  # type: ignore[method-assign]

    def _now(self, place: str) -> bool:
        # While its batch is computed, `run.batch` is already that of the batch.
        return self.location == place and (self.run.epoch, self.run.batch) == self.due

    def _forward(self, x: Array, *, training: bool = False) -> Array:
        if self._now("parameter"):
            self._spoil(self.run.model.layers[self.layer].weight.value)  # type: ignore[attr-defined]
        y = self.forward(self._spoiled(x) if self._now("input") else x, training=training)
        return self._spoiled(y) if self._now("activation") else y

    def _backward(self, dy: Array) -> Array | None:
        return self.backward(self._spoiled(dy) if self._now("gradient") else dy)

    def _backward_parameters(self, dy: Array) -> None:
        self.backward_parameters(self._spoiled(dy) if self._now("gradient") else dy)

    def _spoiled(self, array: Array) -> Array:
        return self._spoil(array.copy())

    def _spoil(self, array: Array) -> Array:
        array[tuple(int(self.rng.integers(n)) for n in array.shape)] = self.bad
        return array


class Moves(Callback):
    """Notes the last step after which the parameters moved."""

    last = (0, 0)

    def on_batch_end(self, run: TrainingRun) -> None:
        """Note it."""
        self.last = run.epoch, run.batch


def run(count: int, seed: int, scratch: Path) -> Result:
    """Plant `count` bad numbers, then measure what watching costs."""
    found: Counter[str] = Counter()
    violations = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        place, bad = PLACES[number % 4], (np.nan, np.inf, -np.inf)[number // 4 % 3]
        due = int(rng.integers(1, EPOCHS + 1)), int(rng.integers(1, BATCHES + 1))
        if wrong := _planted(place, bad, due, rng):
            violations.append(f"{bad} in the {place} at epoch {due[0]}, batch {due[1]}: {wrong}")
        else:
            found[place] += 1
    ratio = _cost()
    rows = [["planted in", "planted", "stopped before the update, with its place"]]
    rows += [[place, len(range(PLACES.index(place), count, 4)), found[place]] for place in PLACES]
    rows += [["time of a step on the cats, watched / not watched", "", f"{ratio:.3f}"]]
    slow = [f"watching costs {ratio:.3f} times the step: the bar is {BAR}"] if ratio > BAR else []
    return Result(rows, {"planted": count, "found": found, "cost_ratio": ratio}, violations + slow)


def _planted(place: str, bad: float, due: tuple[int, int], rng: np.random.Generator) -> str:
    """Train with one bad number; return what is wrong with how that ended, or nothing."""
    layers: list[Layer] = [Linear(5, 4), Tanh(), Linear(4, 4), ReLU(), Linear(4, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64)
    X, Y = np.random.default_rng(0).standard_normal((32, 5)), np.arange(32) % 2
    plant, moves = Plant(place, *due, bad, rng), Moves()
    try:
        model.fit(
            X,
            Y,
            optimizer=GradientDescent(0.1),
            epochs=EPOCHS,
            batch_size=8,
            callbacks=[plant, moves],
            progress=False,
        )
    except NonFiniteError as error:
        before = (due[0], due[1] - 1) if due[1] > 1 else (due[0] - 1, BATCHES if due[0] > 1 else 0)
        if not re.search(rf"at epoch {due[0]}, batch {due[1]}, layer {plant.layer},", str(error)):
            return f"the error does not say where: {error}"
        if moves.last != before:
            return f"the parameters moved after epoch {moves.last[0]}, batch {moves.last[1]}"
        return (
            ""
            if np.isfinite(model.parameters.theta).all()
            else "parameters that are not finite were left"
        )
    return "training went on"


def _cost(rounds: int = 15, steps: int = 40) -> float:
    """Return the median, over rounds, of the time of a step with the watch over that without."""
    from minidl.data import load_cats

    part = load_cats().train
    model = Sequential(
        [
            Linear(12288, 20),
            ReLU(),
            Linear(20, 7),
            ReLU(),
            Linear(7, 5),
            ReLU(),
            Linear(5, 1),
            Sigmoid(),
        ],
        loss=BinaryCrossEntropy(),
    )
    x, y = part.x.astype(np.float32), part.y
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds + 1):
        for watched in (True, False) if number % 2 else (False, True):
            watch = StopOnNonFinite(watched)
            start = time.perf_counter()
            model.fit(
                x,
                y,
                optimizer=GradientDescent(1e-6),
                epochs=steps,
                batch_size=None,
                callbacks=[watch],
                progress=False,
            )
            seconds[watched].append(time.perf_counter() - start)
    return float(
        np.median([a / b for a, b in zip(seconds[True][1:], seconds[False][1:], strict=True)])
    )
