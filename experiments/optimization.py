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
epochs, in training and on 100 other points), boundaries.png (the decision boundaries) and
valley.png (the path of each optimizer through the valley).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minidl import (
    Adam,
    Callback,
    GradientDescent,
    He,
    History,
    Momentum,
    Optimizer,
    Sequential,
    plots,
)
from minidl.data import load_cats, planar

from . import study
from .figures import boundaries_figure, draw_chance_level, new_figure
from .full_batch import BATCH_SIZE, N_POINTS, WIDTHS, compare, comparison_table
from .networks import binary_network
from .valley import height, heights_table, optimizer_paths, paths_figure

OPTIMIZERS: dict[str, Any] = {
    "gradient descent": GradientDescent,
    "momentum": Momentum,
    "Adam": Adam,
}
LEARNING_RATE = 0.0007
N_TEST = 100
Examples = tuple[np.ndarray, np.ndarray]
EPOCHS = 10_000
QUICK_EPOCHS = 100
RECORD_EVERY = 1000  # epochs
ASSIGNMENT_SEED = 3
# Accuracies in the assignment, for its seed.
ASSIGNMENT = {"gradient descent": 239 / 300, "momentum": 239 / 300, "Adam": 0.94}
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
    optimizer: Optimizer, X: np.ndarray, Y: np.ndarray, *, seed: int, epochs: int, test: Examples
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
        validation=test,
        progress=False,
    )
    return Training(model, history, model.evaluate(X, Y), record.costs)


def run(options: argparse.Namespace) -> None:
    """Train with each optimizer, minimize in the valley, report, write."""
    X, Y = planar.moons(N_POINTS, 0.2, np.random.RandomState(3))
    test = planar.moons(N_TEST, 0.2, np.random.RandomState(4))  # the assignment has none
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
        name: train(
            optimizer_class(LEARNING_RATE), X, Y, seed=options.seed, epochs=epochs, test=test
        )
        for name, optimizer_class in OPTIMIZERS.items()
    }
    print_table(trainings, majority, assignment)
    paths = optimizer_paths()
    print(heights_table(paths))
    cats = load_cats(options.data)
    print(f"cats: {cats.source}")
    comparisons = compare(cats, options.seed, quick=options.quick)
    print(comparison_table(comparisons))
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
        "valley.png": lambda: paths_figure(paths),
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
    """Return a figure of the cost over the epochs for each optimizer, in training and test."""
    title = f"Optimizers on two moons: {network}, learning rate {LEARNING_RATE}"
    figure = new_figure(11.5, 4.8, title)
    training, test = figure.subplots(1, 2, sharey=True)
    for axes, metric in ((training, "loss"), (test, "val_loss")):
        plots.learning_curves(histories, metric=metric, held_out=None, axes=axes)
        draw_chance_level(axes)
        for line, line_style in zip(axes.get_lines(), ("-", "--", "-", ":"), strict=True):
            line.set_linestyle(line_style)
        axes.legend()
    training.set(
        ylim=(0, 0.75), ylabel="cost (cross-entropy)", title="training: mean of each epoch"
    )
    test.set(ylabel="", title=f"{N_TEST} other points, after each epoch")
    return figure


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
