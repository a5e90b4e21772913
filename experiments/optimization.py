"""Optimization: gradient descent, momentum and Adam from the same weights, on the same batches.

Trains 2-5-2-1 (ReLU, sigmoid, He's weights) on 300 points of two moons in batches of 64. What it
shows: at the small learning rate 0.0007 momentum hardly differs from plain gradient descent, since
the gradients of successive batches point the same way; Adam, which divides by the size of each
parameter's own gradients, reaches their final cost after 300 epochs. Expect the figures of the
DeepLearning.AI assignment "Optimization methods": 79.7 / 79.7 / 94.0 % of the points classified
correctly (majority class: 50 %). The points are those of scikit-learn's make_moons, `--seed 3`
draws the assignment's weights, and epoch e shuffles by RandomState(10 + e).

The use of momentum shows in a long narrow valley, (x^2 + 100 y^2) / 2. Gradient descent jumps from
wall to wall, and diverges at a learning rate over 2 / 100; momentum at the same rate oscillates
instead and is no faster, but it allows a larger rate, and then is; Adam, whose steps have the same
size in x and in y, turns into the valley at once.

LBFGS and conjugate gradients see the whole set in an iteration, choose the size of each step
themselves, and end when they have converged: beside Adam, from the same weights, on the moons and
on the cat images. On small sets they need less time, and where the minimum is unique, as in
logistic regression, both find it, which Adam does not in 500 epochs. A network that is larger than
its data they train until it fits every image, and then it does worse than Adam's on new ones. From
some weights (`--seed 1`) their first step, along the gradient of all images, switches the units of
ReLU off for good: the network of the cat assignment then learns no more than the share of cats.

It takes some 30 seconds, prints three tables, and writes results.json, cost.png (the cost over the
epochs), boundaries.png (the decision boundaries) and valley.png (the path of each optimizer through
the valley).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from minidl import (
    LBFGS,
    Adam,
    Callback,
    ConjugateGradient,
    GradientDescent,
    He,
    History,
    Momentum,
    Optimizer,
    Sequential,
    Xavier,
    plots,
)
from minidl.data import load_cats, planar

from . import study
from .figures import boundaries_figure, draw_chance_level, new_figure
from .networks import binary_network

WIDTHS = (2, 5, 2, 1)
N_POINTS = 300
OPTIMIZERS: dict[str, Any] = {
    "gradient descent": GradientDescent,
    "momentum": Momentum,
    "Adam": Adam,
}
LEARNING_RATE = 0.0007
BATCH_SIZE = 64
EPOCHS = 10_000
QUICK_EPOCHS = 100
RECORD_EVERY = 1000  # epochs
ASSIGNMENT_SEED = 3
# Accuracies in the assignment, for its seed.
ASSIGNMENT = {"gradient descent": 239 / 300, "momentum": 239 / 300, "Adam": 0.94}
CURVATURE = np.array([1.0, 100.0])  # of the valley, in x and in y
START = (-10.0, 1.0)
VALLEY_STEPS = 100
FULL_BATCH_EPOCHS = 500  # at most
FULL_BATCH_QUICK_EPOCHS = 3
CATS_WIDTHS = (12288, 20, 7, 5, 1)
CATS_PENALTY = 10.0  # of logistic regression, which could separate the images without
EXAMPLES = """examples:
  python -m experiments.optimization
  python -m experiments.optimization --data ~/course/datasets
  python -m experiments.optimization --seed 4 --out results/other-weights
"""


class RecordLastBatch(Callback):
    """Record the cost of the last batch of every thousandth epoch, as the assignment prints it."""

    def __init__(self) -> None:
        self.costs: list[float] = []

    def on_epoch_end(self, run: Any) -> None:
        """Record the cost."""
        if run.epoch % RECORD_EVERY == 1:
            self.costs.append(float(run.loss))


class Training(NamedTuple):
    """A trained network, its history, its scores, and the recorded costs of last batches."""

    model: Sequential
    history: History
    scores: dict[str, float]
    last_batch_costs: list[float]

    def as_json(self) -> dict[str, Any]:
        """Return the results as JSON-compatible values."""
        return {
            **self.scores,
            "last_batch_cost_every_1000": self.last_batch_costs,
            "seconds": self.history.seconds,
        }


def train(
    optimizer: Optimizer, X: np.ndarray, Y: np.ndarray, *, seed: int, epochs: int
) -> Training:
    """Train a network with one optimizer."""
    model = binary_network(WIDTHS, init=He(), seed=np.random.RandomState(seed))
    record = RecordLastBatch()
    history = model.fit(
        X,
        Y,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        shuffle=lambda epoch: np.random.RandomState(10 + epoch).permutation(N_POINTS),
        callbacks=[record],
        progress=False,
    )
    return Training(model, history, model.evaluate(X, Y), record.costs)


def run(options: argparse.Namespace) -> None:
    """Train with each optimizer, minimize in the valley, report, write."""
    X, Y = planar.moons(N_POINTS, 0.2, np.random.RandomState(3))
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    is_assignment = options.seed == ASSIGNMENT_SEED and not options.quick
    assignment = ASSIGNMENT if is_assignment else {}
    majority = study.majority_share(Y)
    network = study.network_name(WIDTHS)
    print(
        f"{network}, learning rate {LEARNING_RATE}, batches of {BATCH_SIZE}, {epochs:,} epochs "
        f"on {N_POINTS} points of two moons:",
        flush=True,
    )
    trainings = {
        name: train(optimizer_class(LEARNING_RATE), X, Y, seed=options.seed, epochs=epochs)
        for name, optimizer_class in OPTIMIZERS.items()
    }
    print_table(trainings, majority, assignment)
    paths = valley_paths()
    print_valley(paths)
    comparisons = full_batch_results(options)
    print_full_batch(comparisons)
    content = {
        "settings": {**study.arguments(options), "epochs": epochs},
        "majority": majority,
        "runs": {name: training.as_json() for name, training in trainings.items()},
        "course": assignment,
        "valley": {
            name: {"height": float(height(path[-1])), "path": path.tolist()}
            for name, path in paths.items()
        },
        "full_batch": comparisons,
        "versions": study.versions(),
    }
    models = {name: training.model for name, training in trainings.items()}
    histories = {name: training.history for name, training in trainings.items()}
    notes = {
        name: f"accuracy {training.scores['accuracy']:.1%}" for name, training in trainings.items()
    }
    title = f"Two moons after {epochs:,} epochs"
    figures = {
        "cost.png": lambda: cost_figure(histories, network),
        "boundaries.png": lambda: boundaries_figure(title, models, X, Y, notes, columns=3),
        "valley.png": lambda: valley_figure(paths),
    }
    study.write(options.out, content, figures)


def print_table(
    trainings: Mapping[str, Training], majority: float, assignment: Mapping[str, float]
) -> None:
    """Print accuracy, cost and time of each optimizer."""
    rows: list[list[Any]] = [
        ["optimizer", "accuracy", "assignment", "last cost", "seconds"],
        ["majority class", majority, None, None, None],
    ]
    for name, training in trainings.items():
        accuracy, cost = training.scores["accuracy"], training.scores["loss"]
        seconds = f"{training.history.seconds:.1f}"
        rows.append([name, accuracy, assignment.get(name), cost, seconds])
    print(study.table(rows))


def cost_figure(histories: Mapping[str, History], network: str) -> Any:
    """Return a figure of the cost over the epochs for each optimizer."""
    axes = plots.learning_curves(histories)
    draw_chance_level(axes)
    for line, line_style in zip(axes.get_lines(), ("-", "--", "-", ":"), strict=True):
        line.set_linestyle(line_style)
    axes.set(
        ylim=(0, 0.75),
        ylabel="cost (cross-entropy), mean of each epoch",
        title=f"Optimizers on two moons: {network}, learning rate {LEARNING_RATE}",
    )
    axes.legend()
    return axes


def height(point: np.ndarray) -> Any:
    """Return the height of the valley at points of shape (..., 2)."""
    return (CURVATURE * point**2).sum(axis=-1) / 2


def valley_paths() -> dict[str, np.ndarray]:
    """Return the path of each optimizer, of shape (VALLEY_STEPS + 1, 2)."""
    optimizers: list[Optimizer] = [
        GradientDescent(0.019),
        Momentum(0.019),
        Momentum(0.05),
        Adam(0.3),
    ]
    paths = {}
    for optimizer in optimizers:
        theta = np.array(START)
        path = [theta.copy()]
        for _ in range(VALLEY_STEPS):
            optimizer.step(theta, CURVATURE * theta)
            path.append(theta.copy())
        name = f"{type(optimizer).__name__}, learning rate {optimizer.learning_rate:g}"
        paths[name] = np.array(path)
    return paths


def print_valley(paths: Mapping[str, np.ndarray]) -> None:
    """Print the height at the end of each path."""
    print(
        f"the valley (x^2 + 100 y^2) / 2 from {START}, height {height(np.array(START)):.0f}, "
        f"after {VALLEY_STEPS} steps:"
    )
    heights = [[name, f"{height(path[-1]):.2g}"] for name, path in paths.items()]
    print(study.table([["optimizer", "height"], *heights]))


def valley_figure(paths: Mapping[str, np.ndarray]) -> Any:
    """Return a figure of the paths, each on a contour plot of the valley."""
    title = (
        f"{VALLEY_STEPS} steps from the cross through a long narrow valley to its minimum, the star"
    )
    figure = new_figure(9, 2.1 * len(paths) + 0.6, title)
    grid = figure.subplots(len(paths), 1, sharex=True)
    x, y = np.meshgrid(np.linspace(-11, 2, 300), np.linspace(-1.3, 1.3, 200))
    heights = height(np.stack([x, y], axis=-1))
    for (name, path), colour, axes in zip(paths.items(), plots.COLOURS, grid, strict=False):
        levels = [1, 5, 15, 30, 60, 100]
        lines = axes.contour(x, y, heights, levels=levels, colors=plots.GREY, linewidths=0.6)
        axes.clabel(lines, levels=lines.levels[:-1], fontsize=7)
        axes.plot(*path.T, color=colour, linewidth=1.2, marker="o", markersize=3)
        axes.plot(*START, "kx", markersize=9, markeredgewidth=2)
        axes.plot(0, 0, "k*", markersize=11)
        axes.set(ylabel="y", xlim=(-11, 2), ylim=(-1.3, 1.3))
        axes.set_title(f"{name}: height {height(path[-1]):.2g} at the end", fontsize=10)
    axes.set_xlabel("x (lines of equal height; the valley is 100 times as steep in y as in x)")
    return figure


class Problem(NamedTuple):
    """A network with its data, and how Adam trains it."""

    network: Callable[[], Sequential]
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    adam: Adam


def problems(options: argparse.Namespace) -> dict[str, Problem]:
    """Return the problems of the comparison with the whole set in a step."""
    seed = options.seed
    points = [planar.moons(N_POINTS, 0.2, np.random.RandomState(rng)) for rng in (3, 4)]
    cats = load_cats(options.data)
    print(f"cats: {cats.source}")
    images = (cats.train.x, cats.train.y), (cats.test.x, cats.test.y)

    def moons_network() -> Sequential:
        return binary_network(WIDTHS, init=He(), seed=np.random.RandomState(seed))

    def cats_network(widths: tuple[int, ...] = CATS_WIDTHS, l2: float = 0.0) -> Sequential:
        rng = np.random.RandomState(seed)
        return binary_network(widths, init=Xavier(), seed=rng, l2=l2, dtype=np.float32)

    logistic = CATS_WIDTHS[0], 1
    return {
        f"moons, {study.network_name(WIDTHS)}": Problem(moons_network, *points, Adam(0.01)),
        f"cats, {study.network_name(logistic)}, L2({CATS_PENALTY:g})": Problem(
            lambda: cats_network(logistic, CATS_PENALTY), *images, Adam(1e-4)
        ),
        f"cats, {study.network_name(CATS_WIDTHS)}": Problem(cats_network, *images, Adam(1e-4)),
    }


def full_batch_results(options: argparse.Namespace) -> dict[str, dict[str, dict[str, Any]]]:
    """Train each problem by Adam in mini-batches and by both full-batch optimizers."""
    import scipy.optimize  # noqa: F401  # its import is no part of the first training

    epochs = FULL_BATCH_QUICK_EPOCHS if options.quick else FULL_BATCH_EPOCHS
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for title, problem in problems(options).items():
        results[title] = {}
        optimizers: tuple[Optimizer, ...] = (problem.adam, ConjugateGradient(), LBFGS())
        for optimizer in optimizers:
            model = problem.network()
            history = model.fit(
                *problem.train,
                optimizer=optimizer,
                epochs=epochs,
                batch_size=BATCH_SIZE if optimizer is problem.adam else None,
                progress=False,
            )
            train, test = model.evaluate(*problem.train), model.evaluate(*problem.test)
            results[title][type(optimizer).__name__] = {
                "optimizer": str(optimizer),
                "epochs": history.epochs,
                "objective": model.objective(*problem.train)["total"],
                "train": train["accuracy"],
                "test": test["accuracy"],
                "seconds": history.seconds,
                "stopped": history.stopped,
            }
    return results


def print_full_batch(results: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print what each optimizer has reached on each problem."""
    rows: list[list[Any]] = [
        ["whole set beside Adam", "epochs", "objective", "train", "test", "seconds"]
    ]
    for title, by_optimizer in results.items():
        rows.append([title, *[None] * 5])
        for name, found in by_optimizer.items():
            numbers = found["train"], found["test"]
            cells = [f"{found['epochs']}", f"{found['objective']:.4f}", *numbers]
            rows.append([f"  {name}", *cells, f"{found['seconds']:.2f}"])
    print(study.table(rows))


main = study.command(
    "optimization",
    __doc__,
    run,
    EXAMPLES,
    seed=ASSIGNMENT_SEED,
    seed_help="seed of the initial weights; 3 is that of the assignment",
    quick_help=f"{QUICK_EPOCHS} epochs instead of {EPOCHS:,}",
    options=[study.add_data_option],
)

if __name__ == "__main__":
    sys.exit(main())
