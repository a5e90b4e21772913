"""Steps of an optimizer after which a parameter is not finite, at random places of a training.

The training must end with an error; the model, and all files that were saved, must be finite; and
the model must have exactly the parameters that the error names: those of an earlier step, of the
best epoch beside `EarlyStopping`, or of the checkpoint right after a resume.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from minidl import (
    Adam,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    EarlyStopping,
    GradientDescent,
    Linear,
    NonFiniteError,
    Optimizer,
    ReLU,
    Sequential,
    Sigmoid,
)
from minidl.training.callbacks.base import TrainingRun
from minidl.utils.typing import Array

from .report import Result

DEFAULT_COUNT = 400
EPOCHS = 5
ROWS = 24
HELD = re.compile(
    r"The model has the parameters of (.+?), (?:when everything was|which are) finite\."
)


class BadStep(GradientDescent):
    """Gives three parameters a value that is not finite, in one step."""

    # No arguments: a resume compares them.
    at = 0
    value = np.nan
    places = (0, 0, 0)

    def update(self, theta: Array, grad: Array) -> None:
        """Make a step."""
        super().update(theta, grad)
        if self.step_count + 1 == self.at:
            theta[list(self.places)] = self.value


class Record(Callback):
    """Keeps the parameters of each place, under the words of the error."""

    def __init__(self) -> None:
        self.thetas: dict[str, Array] = {}

    def _keep(self, run: TrainingRun, place: str) -> None:
        self.thetas.setdefault(place, run.model.parameters.theta.copy())

    def on_train_begin(self, run: TrainingRun) -> None:
        """Keep those of the start."""
        self._keep(run, "the start")

    def on_gradient(self, run: TrainingRun) -> None:
        """Keep those before the step."""
        self._keep(run, "the checkpoint")  # if this is the first step after a resume
        self._keep(run, f"epoch {run.epoch}, batch {run.batch}")
        self._keep(run, f"epoch {run.epoch} before its step, the best by loss")

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Keep those of the epoch."""
        self._keep(run, f"epoch {run.epoch}, the best by loss")


def run(count: int, seed: int, scratch: Path) -> Result:
    """Train `count` times."""
    counts: Counter[str] = Counter()
    places: Counter[str] = Counter()
    violations = []
    for number in range(count):
        folder = scratch / str(number)
        folder.mkdir()
        kind, problem, place = _train(np.random.default_rng([seed, number]), folder)
        counts[kind] += 1
        places[f"{kind}: {re.sub(r'[0-9]+', 'N', place)}"] += 1
        if problem:
            violations.append(f"number {number}, {kind}: {problem}")
    rows: list[list[Any]] = [["training: parameters that the model has", "trainings"]]
    rows += [[name, n] for name, n in sorted(places.items())]
    rows.append(["all", count])
    return Result(rows, {"trainings": count, "kinds": counts}, violations)


def _model() -> Sequential:
    layers = [Linear(3, 4), ReLU(), Linear(4, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), seed=1)


def _train(rng: np.random.Generator, folder: Path) -> tuple[str, str, str]:
    """Return what was tried, what went wrong ("" if nothing), and the place in the error."""
    X, Y = rng.standard_normal((ROWS, 3)), rng.integers(0, 2, ROWS)
    batch_size = int(rng.choice([ROWS, 8, 4]))
    steps_per_epoch = ROWS // batch_size
    is_adam, is_resumed, stops_early, saves = (bool(flag) for flag in rng.integers(2, size=4))
    arguments: dict[str, Any] = {"batch_size": batch_size, "epochs": EPOCHS, "progress": False}
    first_step = 1
    record = Record()
    if is_resumed:
        n_epochs = int(rng.integers(1, EPOCHS))
        first_step = n_epochs * steps_per_epoch + 1
        before = {**arguments, "epochs": n_epochs}
        callbacks = [EarlyStopping("loss", patience=99)] if stops_early else []
        _model().fit(
            X,
            Y,
            optimizer=BadStep(0.1),
            callbacks=[record, *callbacks, Checkpoint(folder / "before.h5")],
            **before,
        )
        del record.thetas["the start"], record.thetas["the checkpoint"]
        arguments["resume"] = folder / "before.h5"
    is_adam = is_adam and not is_resumed
    bad_step = BadStep(0.1)
    bad_step.at = int(rng.integers(first_step, EPOCHS * steps_per_epoch + 1))
    bad_step.value = float(rng.choice([np.nan, np.inf, -np.inf]))
    bad_step.places = tuple(rng.integers(_model().parameters.size, size=3).tolist())
    optimizer: Optimizer = bad_step
    if is_adam:  # 0 / 0 in float32, where a gradient is 0; inf * 0
        optimizer = Adam(epsilon=1e-60) if rng.integers(2) else Adam(1e308, epsilon=1e308)
    model = _model()
    if is_adam:
        model.parameters["0.bias"].value = np.full(4, -100.0)
    arguments["callbacks"] = [record]
    arguments["callbacks"] += [EarlyStopping("loss", patience=99)] if stops_early else []
    if saves:
        arguments["callbacks"].append(Checkpoint(folder / "a.h5", 1, 1e-9, "both", "loss"))
    kind = "Adam's epsilon" if is_adam else "a bad step"
    kind += " after a resume" * is_resumed + ", EarlyStopping" * stops_early
    try:
        model.fit(X, Y, optimizer=optimizer, **arguments)
    except NonFiniteError as error:
        return kind, *_judge(model, record, error, folder)
    return kind, "no error", ""


def _judge(model: Sequential, record: Record, error: Exception, folder: Path) -> tuple[str, str]:
    """Return what is wrong with the model, the files or the error, and the place in the error."""
    match = HELD.search(str(error))
    if match is None:
        return f"no place: {error}", ""
    place = match[1]
    if not np.isfinite(model.parameters.theta).all():
        return "the model is not finite", place
    if place not in record.thetas:
        return f"an unknown place, {place}", place
    if not np.array_equal(record.thetas[place], model.parameters.theta):
        return f"the model does not have the parameters of {place}", place
    for path in folder.iterdir():
        if not np.isfinite(Sequential.load(path).parameters.theta).all():
            return f"{path.name} is not finite", place
    return "", place
