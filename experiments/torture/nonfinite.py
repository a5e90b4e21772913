"""NaN and infinity planted at random places of a training, and the cost of `StopOnNonFinite`.

The training must stop before the update, and the error must name the place. The cost is measured on
the cat network, all images at a step: trainings with and without the callback take turns.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

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

DEFAULT_COUNT = 400
MAX_COST_RATIO = 1.03
PLACES = ("input", "activation", "gradient", "parameter")
VALUES = (np.nan, np.inf, -np.inf)
BATCHES = 4
EPOCHS = 3


class PlantValue(Callback):
    """Puts a value that is not finite somewhere at one step."""

    def __init__(
        self, place: str, epoch: int, batch: int, value: float, rng: np.random.Generator
    ) -> None:
        self.place = place
        self.step = (epoch, batch)
        self.value = value
        self.rng = rng
        self.layer = 0

    def on_train_begin(self, run: TrainingRun) -> None:
        """Wrap the forward and the backward pass of one layer."""
        if self.place == "parameter":
            self.layer = int(self.rng.choice([0, 2, 4]))
        layer = run.model.layers[self.layer]
        self.run = run
        self.forward = layer.forward
        self.backward = layer.backward
        self.backward_parameters = layer.backward_parameters
        layer.forward = self._forward  # type: ignore[method-assign]
        layer.backward = self._backward  # type: ignore[method-assign]
        # The training calls this method of its first layer with parameters.
        layer.backward_parameters = self._backward_parameters  # type: ignore[method-assign]

    def _is_now(self, place: str) -> bool:
        # While a batch is computed, `run.batch` is already its number.
        return self.place == place and (self.run.epoch, self.run.batch) == self.step

    def _forward(self, x: Array, *, training: bool = False) -> Array:
        if self._is_now("parameter"):
            layer: Any = self.run.model.layers[self.layer]
            self._plant(layer.weight.value)
        y = self.forward(self._planted(x) if self._is_now("input") else x, training=training)
        return self._planted(y) if self._is_now("activation") else y

    def _backward(self, dy: Array) -> Array | None:
        return self.backward(self._planted(dy) if self._is_now("gradient") else dy)

    def _backward_parameters(self, dy: Array) -> None:
        self.backward_parameters(self._planted(dy) if self._is_now("gradient") else dy)

    def _planted(self, array: Array) -> Array:
        return self._plant(array.copy())

    def _plant(self, array: Array) -> Array:
        array.flags.writeable = True  # parameters are read-only while a training runs
        array[tuple(int(self.rng.integers(n)) for n in array.shape)] = self.value
        return array


class LastUpdate(Callback):
    """Records the last step after which the parameters were updated."""

    step = (0, 0)

    def on_batch_end(self, run: TrainingRun) -> None:
        """Record the step."""
        self.step = run.epoch, run.batch


def run(count: int, seed: int, scratch: Path) -> Result:
    """Plant `count` values, then measure the cost of the callback."""
    counts: Counter[str] = Counter()
    violations = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        place, value = PLACES[number % 4], VALUES[number // 4 % 3]
        step = int(rng.integers(1, EPOCHS + 1)), int(rng.integers(1, BATCHES + 1))
        problem = _train_with_planted(place, value, step, rng)
        if problem:
            epoch, batch = step
            violations.append(f"{value} in the {place} at epoch {epoch}, batch {batch}: {problem}")
        else:
            counts[place] += 1
    ratio = _cost()
    rows = [["planted in", "planted", "stopped before the update, with its place"]]
    rows += [[place, len(range(PLACES.index(place), count, 4)), counts[place]] for place in PLACES]
    rows += [["time of a step on the cats, with / without the callback", "", f"{ratio:.3f}"]]
    if ratio > MAX_COST_RATIO:
        violations.append(
            f"the callback makes a step {ratio:.3f} times as long: "
            f"at most {MAX_COST_RATIO} are allowed"
        )
    return Result(rows, {"planted": count, "found": counts, "cost_ratio": ratio}, violations)


def _train_with_planted(
    place: str, value: float, step: tuple[int, int], rng: np.random.Generator
) -> str | None:
    """Train with one planted value; return what went wrong, None if nothing."""
    layers: list[Layer] = [Linear(5, 4), Tanh(), Linear(4, 4), ReLU(), Linear(4, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64)
    X, Y = np.random.default_rng(0).standard_normal((32, 5)), np.arange(32) % 2
    plant = PlantValue(place, *step, value, rng)
    last_update = LastUpdate()
    try:
        model.fit(
            X,
            Y,
            optimizer=GradientDescent(0.1),
            epochs=EPOCHS,
            batch_size=8,
            callbacks=[plant, last_update],
            progress=False,
        )
    except NonFiniteError as error:
        epoch, batch = step
        if not re.search(rf"at epoch {epoch}, batch {batch}, layer {plant.layer},", str(error)):
            return f"the error does not name the place: {error}"
        if last_update.step != _step_before(epoch, batch):
            return f"the parameters were updated at (epoch, batch) {last_update.step}"
        if not np.isfinite(model.parameters.theta).all():
            return "parameters that are not finite were left"
        return None
    return "training continued"


def _step_before(epoch: int, batch: int) -> tuple[int, int]:
    """Return the step before a step, (0, 0) before the first."""
    if batch > 1:
        return epoch, batch - 1
    return epoch - 1, BATCHES if epoch > 1 else 0


def _cost(rounds: int = 15, steps: int = 40) -> float:
    """Return the median, over rounds, of the time with the callback over that without."""
    from minidl.data import load_cats

    images = load_cats().train
    layers = [
        *(Linear(12288, 20), ReLU(), Linear(20, 7), ReLU()),
        *(Linear(7, 5), ReLU(), Linear(5, 1), Sigmoid()),
    ]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    X, Y = images.x.astype(np.float32), images.y
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds + 1):
        for enabled in (True, False) if number % 2 else (False, True):
            callback = StopOnNonFinite(enabled)
            start = time.perf_counter()
            model.fit(
                X,
                Y,
                optimizer=GradientDescent(1e-6),
                epochs=steps,
                batch_size=None,
                callbacks=[callback],
                progress=False,
            )
            seconds[enabled].append(time.perf_counter() - start)
    pairs = zip(seconds[True][1:], seconds[False][1:], strict=True)  # the first is a warm-up
    return float(np.median([enabled / disabled for enabled, disabled in pairs]))
