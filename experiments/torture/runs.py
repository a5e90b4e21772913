"""Checkpoints from which another training tries to resume: refused, with nothing changed.

Each trial draws a training, stops it at a random step, and resumes it with one change: one number
of the data, weights left out or reversed, another penalty, and so on. The same training in another
form (lists, another dtype, weights times a factor) must resume bit for bit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import minidl
from minidl import L2, Adam, BinaryCrossEntropy, Checkpoint, Dropout, Linear, ReLU, Sequential

from .report import Result
from .stops import Interrupt

DEFAULT_COUNT = 300
ROWS = 61
FILE_ROWS = 4000  # more than fit into the memory limit
EPOCHS = 4
Configuration = dict[str, Any]
Change = Callable[[Configuration, np.random.Generator], None]


def draw(rng: np.random.Generator, path: Path) -> Configuration:
    """Return a training: how its model is built, and the arguments of `fit`."""
    m = FILE_ROWS if rng.random() < 0.3 else ROWS
    X, Y = rng.standard_normal((m, 4)), rng.integers(0, 2, m)
    return {
        "dtype": ("float32", "float64")[rng.integers(2)],
        "width": int(rng.integers(3, 8)),
        "strength": 0.1,
        "rate": 0.05,
        "clip_norm": 1.0,
        "path": write(path, X) if m == FILE_ROWS else None,
        "X": X,
        "Y": Y,
        "sample_weight": rng.random(m) + 0.1,
        "class_weight": {0: 1.0, 1: 2.0},
        "validation": (X[:20] + 1, Y[:20]),
        "batch_size": int(rng.integers(5, 30)),
        "shuffle": True,
        "memory_limit": 60_000 if m == FILE_ROWS else 2**28,
    }


def write(path: Path, X: Any) -> Path:
    """Write rows into a data file."""
    with h5py.File(path, "w") as file:
        file["X"] = X
    return path


def _one_number(configuration: Configuration, rng: np.random.Generator) -> None:
    """Change one number of X, of a file only in rows that are not among the sampled ones."""
    X = configuration["X"].copy()
    X[rng.integers(len(X)), rng.integers(4)] += 0.5
    configuration["X"] = X
    if configuration["path"] is not None:
        write(configuration["path"], X)


def _rows_swapped(configuration: Configuration, rng: np.random.Generator) -> None:
    X = configuration["X"].copy()
    i, j = rng.choice(len(X), 2, replace=False)
    X[[i, j]] = X[[j, i]]
    configuration["X"] = X
    if configuration["path"] is not None:
        write(configuration["path"], X)


def _one_label(configuration: Configuration, rng: np.random.Generator) -> None:
    Y = configuration["Y"].copy()
    row = rng.integers(len(Y))
    Y[row] = 1 - Y[row]
    configuration["Y"] = Y


def _one_weight(configuration: Configuration, rng: np.random.Generator) -> None:
    weight = configuration["sample_weight"].copy()
    weight[rng.integers(len(weight))] *= 2
    configuration["sample_weight"] = weight


def _weights_reversed(configuration: Configuration, rng: np.random.Generator) -> None:
    configuration["sample_weight"] = configuration["sample_weight"][::-1]


def _validation_label(configuration: Configuration, rng: np.random.Generator) -> None:
    X, Y = configuration["validation"]
    configuration["validation"] = X, np.where(np.arange(20) == rng.integers(20), 1 - Y, Y)


def _setter(**values: Any) -> Change:
    return lambda configuration, rng: configuration.update(values)


def _other_form(configuration: Configuration, rng: np.random.Generator) -> None:
    """Pass the same data in another form: this must resume."""
    configuration["sample_weight"] = (8 * configuration["sample_weight"]).tolist()
    configuration["class_weight"] = {0: 4, 1: 8}
    if configuration["path"] is None:  # else the blocks that are read depend on the dtype of Y
        configuration["Y"] = configuration["Y"].astype(np.uint8).reshape(-1, 1)
        configuration["X"] = np.asfortranarray(configuration["X"])


SAME = {"nothing": _setter(), "the form of the data": _other_form}
CHANGES: dict[str, Change] = {
    "one number of X": _one_number,
    "two rows of X swapped": _rows_swapped,
    "one label": _one_label,
    "one weight": _one_weight,
    "weights reversed": _weights_reversed,
    "weights left out": _setter(sample_weight=None),
    "class_weight": _setter(class_weight={0: 1.0, 1: 3.0}),
    "no class_weight": _setter(class_weight=None),
    "one label of the validation set": _validation_label,
    "no validation set": _setter(validation=None),
    "clip_norm": _setter(clip_norm=2.0),
    "no clipping": _setter(clip_norm=None),
    "learning rate": _setter(rate=0.06),
    "penalty": _setter(strength=0.2),
    "width": _setter(width=9),
    "batch size": _setter(batch_size=4),
    "shuffle": _setter(shuffle=False),
    **SAME,
}


def run(count: int, seed: int, scratch: Path) -> Result:
    """Resume `count` trainings with a change."""
    counts: Counter[tuple[str, str]] = Counter()
    violations: list[str] = []
    for number in range(count):
        name = list(CHANGES)[number % len(CHANGES)]
        rng = np.random.default_rng([seed, number])
        found = _resumed(name, rng, scratch)
        counts[name, found] += 1
        if found != ("equal" if name in SAME else "refused"):
            violations.append(f"trial {number}, {name} changed: {found}")
    outcomes = ("refused", "equal", "changed", "taken")
    rows = [["changed", "trials", *outcomes]]
    for name in CHANGES:
        numbers = [counts[name, outcome] for outcome in outcomes]
        rows.append([name, sum(numbers), *numbers])
    found_in_all = {
        outcome: n for outcome in outcomes if (n := sum(counts[name, outcome] for name in CHANGES))
    }
    return Result(rows, {"trials": count, "found": found_in_all, "table": rows}, violations)


def _resumed(name: str, rng: np.random.Generator, scratch: Path) -> str:
    """Stop a training and resume it with a change; return what happened."""
    checkpoint = scratch / "run.h5"
    checkpoint.unlink(missing_ok=True)
    configuration = draw(rng, scratch / "data.h5")
    whole = train(configuration, 1)
    n_batches = -(-len(configuration["X"]) // configuration["batch_size"])
    step = int(rng.integers(1, EPOCHS + 1)), int(rng.integers(1, n_batches + 1))
    train(configuration, 1, Interrupt(*step), Checkpoint(checkpoint))
    CHANGES[name](configuration, rng)
    model = build(configuration, 2)
    before = model.parameters.theta.tobytes()
    try:
        theta = train(configuration, 2, model=model, resume=checkpoint)
    except minidl.ArgumentError:
        return "refused" if model.parameters.theta.tobytes() == before else "changed"
    return "equal" if theta == whole else "taken"


def build(configuration: Configuration, seed: int) -> Sequential:
    """Return the model of a configuration."""
    width = configuration["width"]
    return Sequential(
        [Linear(4, width), ReLU(), Dropout(0.8), Linear(width, 1), minidl.Sigmoid()],
        loss=BinaryCrossEntropy(),
        penalties=[L2(configuration["strength"])],
        seed=seed,
        dtype=configuration["dtype"],
    )


def train(
    configuration: Configuration,
    seed: int,
    *callbacks: minidl.Callback,
    model: Sequential | None = None,
    resume: Path | None = None,
) -> bytes:
    """Train a model and return the bytes of its parameters."""
    model = model or build(configuration, seed)
    names = ("sample_weight", "class_weight", "validation", "batch_size", "shuffle", "memory_limit")
    arguments = {name: configuration[name] for name in names}

    def fit(X: Any) -> bytes:
        model.fit(
            X,
            configuration["Y"],
            optimizer=Adam(configuration["rate"], clip_norm=configuration["clip_norm"]),
            epochs=EPOCHS,
            callbacks=callbacks,
            progress=False,
            resume=resume,
            **arguments,
        )
        return model.parameters.theta.tobytes()

    if configuration["path"] is None:
        return fit(configuration["X"])
    with h5py.File(configuration["path"]) as file:
        return fit(file["X"])
