"""The adding problem: recurrent networks that keep two numbers of a sequence until its end."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from minidl import GRU, LSTM, RNN, Adam, History, Linear, MeanSquaredError, Sequential, plots

from . import study
from .figures import new_figure

LAYERS = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU}
LINE_STYLES = ("-", "--", "-.")
GUESS = 1 / 6  # the variance of the sum of two numbers from [0, 1)
LEARNED = 0.02  # a test error under which the task counts as learned
N_TEST, TEST_SEED, N_GRADIENTS = 500, 12345, 64
SMALLEST = 1e-16  # where the axis of the gradients ends
COLUMNS = ["network", "parameters", "test error", "best seed", "worst seed", "learned", "seconds"]

Examples = tuple[np.ndarray, np.ndarray]


class Problem(NamedTuple):
    """An adding problem: the length of the sequences, the network and its training."""

    length: int
    units: int
    n_sequences: int
    batch_size: int
    epochs: int
    learning_rate: float
    n_seeds: int


class Trained(NamedTuple):
    """A training: its history, and the relative norm of the gradient at each step."""

    history: History
    n_parameters: int
    gradient_before: np.ndarray
    gradient_after: np.ndarray


FULL = (Problem(50, 32, 2000, 50, 16, 0.01, 3), Problem(200, 32, 2000, 50, 20, 0.01, 3))
QUICK = (Problem(24, 16, 800, 20, 8, 0.02, 1),)


def draw(m: int, length: int, rng: np.random.Generator) -> Examples:
    """Return m sequences (m, length, 2) of numbers and marks, and the sums (m, 1)."""
    X = np.zeros((m, length, 2), np.float32)
    X[..., 0] = rng.random((m, length))
    rows = np.arange(m)
    first, second = rng.integers(0, length // 2, m), rng.integers(length // 2, length, m)
    X[rows, first, 1] = X[rows, second, 1] = 1
    return X, (X[rows, first, 0] + X[rows, second, 0])[:, np.newaxis]


def gradient_norms(model: Sequential, X: np.ndarray) -> np.ndarray:
    """Return the norm of the answer's gradient at each step, divided by that at the last.

    It is computed in float64, in which the smallest norms do not vanish.
    """
    model = model.astype(np.float64)
    y = X.astype(np.float64)
    for layer in model.layers:
        y = layer.forward(y)
    gradient = np.ones_like(y)
    for layer in reversed(model.layers):
        gradient = layer.backward(gradient)
    norms = np.sqrt((gradient**2).sum(axis=(0, 2)))
    return norms / norms[-1]


def train(problem: Problem, name: str, seed: int) -> Trained:
    """Train a network once."""
    layers = [LAYERS[name](2, problem.units, return_sequences=False), Linear(problem.units, 1)]
    model = Sequential(layers, loss=MeanSquaredError(), seed=seed)
    test = draw(N_TEST, problem.length, np.random.default_rng(TEST_SEED))
    before = gradient_norms(model, test[0][:N_GRADIENTS])
    history = model.fit(
        *draw(problem.n_sequences, problem.length, np.random.default_rng(seed)),
        optimizer=Adam(problem.learning_rate, clip_norm=1.0),
        epochs=problem.epochs,
        batch_size=problem.batch_size,
        validation=test,
        progress=False,
    )
    after = gradient_norms(model, test[0][:N_GRADIENTS])
    return Trained(history, model.parameters.size, before, after)


Runs = dict[str, list[Trained]]


def train_all(problem: Problem, first_seed: int) -> Runs:
    """Train each network from each seed."""
    runs: Runs = {name: [] for name in LAYERS}
    jobs = [(name, first_seed + number) for number in range(problem.n_seeds) for name in LAYERS]
    label = f"length {problem.length}"
    for name, seed in tqdm(
        jobs, desc=label, unit="network", file=sys.stderr, dynamic_ncols=True, disable=None
    ):
        runs[name].append(train(problem, name, seed))
    return runs


def test_errors(runs: Sequence[Trained]) -> np.ndarray:
    """Return the test error after the last epoch of each run."""
    return np.array([one.history["val_loss"][-1] for one in runs])


def print_table(problem: Problem, runs: Runs) -> None:
    """Print the test error of each network."""
    print(
        f"adding problem, length {problem.length}: {problem.n_sequences:,} sequences, "
        f"{problem.units} units, {problem.epochs} epochs, seeds: {problem.n_seeds}; "
        f"learned: test error under {LEARNED:g}"
    )
    rows: list[list[Any]] = [COLUMNS, ["always 1", None, GUESS, None, None, None, None]]
    for name, trained in runs.items():
        errors = test_errors(trained)
        cells = [float(value) for value in (errors.mean(), errors.min(), errors.max())]
        seconds = float(np.mean([one.history.seconds for one in trained]))
        learned = f"{(errors < LEARNED).sum()} of {len(errors)}"
        rows.append(
            [name, f"{trained[0].n_parameters:,}", *map("{:.4f}".format, cells), learned, seconds]
        )
    print(study.table(rows), flush=True)


def as_json(problem: Problem, runs: Runs) -> dict[str, Any]:
    """Return what is known of an adding problem."""
    return {
        **problem._asdict(),
        "runs": {
            name: {
                "test_error": [one.history["val_loss"] for one in trained],
                "gradient_before": [one.gradient_before.tolist() for one in trained],
                "gradient_after": [one.gradient_after.tolist() for one in trained],
                "seconds": [one.history.seconds for one in trained],
            }
            for name, trained in runs.items()
        },
    }


def errors_figure(problems: Mapping[Problem, Runs]) -> Any:
    """Return a figure of the test error against epochs, a line for each seed."""
    figure = new_figure(
        max(6.5, 5.2 * len(problems)), 4.2, "Adding problem: error on 500 other sequences"
    )
    grid = figure.subplots(1, len(problems), squeeze=False, sharey=True)[0]
    for (problem, runs), axes in zip(problems.items(), grid, strict=True):
        for number, (name, trained) in enumerate(runs.items()):
            for i, one in enumerate(trained):
                values = one.history["val_loss"]
                axes.plot(
                    range(1, len(values) + 1),
                    values,
                    color=plots.COLOURS[number],
                    linestyle=LINE_STYLES[number],
                    label=None if i else name,
                )
        axes.axhline(GUESS, color=plots.GREY, linestyle=":", label="always 1: 1/6")
        seeds = f", {problem.n_seeds} seeds" if problem.n_seeds > 1 else ""
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="epoch", yscale="log", title=f"length {problem.length}{seeds}")
        axes.grid(alpha=0.3)
    grid[0].set_ylabel("mean squared error")
    grid[0].legend(fontsize=9, loc="lower left")
    return figure


def gradient_figure(problems: Mapping[Problem, Runs]) -> Any:
    """Return a figure of the norm of the gradient at each step, before and after training."""
    figure = new_figure(
        11,
        3.6 * len(problems) + 0.6,
        "Norm of the answer's gradient at each step (last step: 1), first seed",
    )
    rows = figure.subplots(len(problems), 2, squeeze=False, sharey="row")
    for (problem, runs), row in zip(problems.items(), rows, strict=True):
        smallest = 1.0
        for axes, when in zip(row, ("before", "after"), strict=True):
            for number, (name, trained) in enumerate(runs.items()):
                norms = getattr(trained[0], f"gradient_{when}")
                axes.plot(
                    range(1, problem.length + 1),
                    norms,
                    color=plots.COLOURS[number],
                    linestyle=LINE_STYLES[number],
                    label=name,
                )
                smallest = min(smallest, float(norms.min()))
            axes.set(yscale="log", title=f"length {problem.length}, {when} training")
            axes.set_xlabel("step")
            axes.grid(alpha=0.3)
        row[0].set_ylim(bottom=max(SMALLEST, smallest / 3))
        row[0].set_ylabel("norm")
    rows[0, 0].legend(fontsize=9, loc="lower right")
    return figure
