"""Initialization: why the first weights must be random, and not too large.

Trains 2-10-5-1 (ReLU, sigmoid) by gradient descent on 300 points of two circles, from five kinds of
initial weights. What it shows: zero weights never change and leave the output at one half; equal
weights do change, but the units of a layer stay equal for ever, and the network is no better than
one with a single unit per layer; large random weights start with a cost over 1,000 and end far from
a good one; He's and Xavier's, scaled by the number of inputs, learn well. Expect the figures of the
DeepLearning.AI assignment "Initialization": 0.50 / 0.83 / 0.993 on the training points and 0.50 /
0.86 / 0.96 on the 100 test points for zero, random x 10 and He weights (majority class: 0.50 and
0.50). Its points are those of scikit-learn's make_circles, and `--seed 3` draws its weights. It has
no figures for Xavier's and for equal weights.

It takes some seconds, prints a table, and writes results.json, cost.png (the cost of all five),
boundaries.png (the decision boundaries) and symmetry.png (the weights of the ten units of the first
layer during training).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minidl import Callback, GradientDescent, He, History, Random, Sequential, Xavier, Zeros, plots
from minidl.data import planar

from . import study
from .figures import boundaries_figure, draw_chance_level, new_figure
from .networks import binary_network

Examples = tuple[np.ndarray, np.ndarray]
WIDTHS = (2, 10, 5, 1)
LEARNING_RATE = 0.01
EPOCHS = 15_000
QUICK_DIVISOR = 10  # of the epochs, and factor of the learning rate: both reach as far
RECORD_EVERY = 20  # epochs
ASSIGNMENT_SEED = 3
# Accuracies on the training and on the test points in the assignment, for its seed.
ASSIGNMENT = {"zeros": (0.5, 0.5), "random x 10": (0.83, 0.86), "He": (298 / 300, 0.96)}
EXAMPLES = """examples:
  python -m experiments.initialization
  python -m experiments.initialization --seed 4 --out results/other-weights
"""
COLUMNS = [
    "initial weights",
    "train",
    "test",
    "assignment: train",
    "test",
    "first cost",
    "last cost",
    "different units",
]


def fill_equal(out: np.ndarray, *, fan_in: int | None, rng: Any) -> None:
    """Fill with 0.5; an initializer may be any function with these arguments."""
    out[...] = 0.5


EQUAL = "all 0.5"
INITIALIZERS: dict[str, Any] = {
    "zeros": Zeros(),
    EQUAL: fill_equal,
    "random x 10": Random(10.0),
    "He": He(),
    "Xavier": Xavier(),
}


class RecordWeights(Callback):
    """Record the weights of the first layer from the first feature during training."""

    def __init__(self, model: Sequential) -> None:
        self.weight = model.layers[0].parameters()["weight"]
        self.epochs = [0]
        self.values = [self.weight.value[:, 0].copy()]

    def on_epoch_end(self, run: Any) -> None:
        """Record the weights of some epochs."""
        if run.epoch % RECORD_EVERY == 0:
            self.epochs.append(run.epoch)
            self.values.append(self.weight.value[:, 0].copy())


class Training(NamedTuple):
    """A trained network, its history, the record of its weights and its scores."""

    model: Sequential
    history: History
    record: RecordWeights
    train_scores: dict[str, float]
    test_scores: dict[str, float]

    @property
    def n_different_units(self) -> int:
        """The number of different units of the first layer."""
        return len(np.unique(self.model.layers[0].parameters()["weight"].value, axis=0))

    def as_json(self) -> dict[str, Any]:
        """Return the results as JSON-compatible values."""
        return {
            "train": self.train_scores,
            "test": self.test_scores,
            "units_that_differ": self.n_different_units,
            "cost_every_100": self.history.loss[::100],
            "cost_last": self.history.loss[-1],
            "seconds": self.history.seconds,
        }


def train(
    init: Any, seed: int, epochs: int, rate: float, data: Examples, test_data: Examples
) -> Training:
    """Train a network from one kind of initial weights."""
    model = binary_network(WIDTHS, init=init, seed=np.random.RandomState(seed))
    record = RecordWeights(model)
    history = model.fit(
        *data,
        optimizer=GradientDescent(rate),
        epochs=epochs,
        batch_size=None,
        callbacks=[record],
        validation=test_data,
        progress=False,
    )
    return Training(model, history, record, model.evaluate(*data), model.evaluate(*test_data))


def run(options: argparse.Namespace) -> None:
    """Train from each kind of initial weights, report, write."""
    data = planar.circles(300, 0.05, np.random.RandomState(1))
    test_data = planar.circles(100, 0.05, np.random.RandomState(2))
    divisor = QUICK_DIVISOR if options.quick else 1
    epochs, rate = EPOCHS // divisor, LEARNING_RATE * divisor
    is_assignment = options.seed == ASSIGNMENT_SEED and not options.quick
    assignment = ASSIGNMENT if is_assignment else {}
    majority = {
        "train": study.majority_share(data[1]),
        "test": study.majority_share(test_data[1]),
    }
    trainings = {
        name: train(init, options.seed, epochs, rate, data, test_data)
        for name, init in INITIALIZERS.items()
    }
    network = study.network_name(WIDTHS)
    print(
        f"{network}, gradient descent {rate}, {epochs:,} epochs on 300 points of two "
        "circles, 100 test points; accuracy and cost:"
    )
    print_table(trainings, majority, assignment)
    content = {
        "settings": {**study.arguments(options), "epochs": epochs, "learning_rate": rate},
        "majority": majority,
        "runs": {name: training.as_json() for name, training in trainings.items()},
        "course": {
            name: {"train": train_accuracy, "test": test_accuracy}
            for name, (train_accuracy, test_accuracy) in assignment.items()
        },
        "versions": study.versions(),
    }
    note = f"{network}, gradient descent {rate} on all 300 points"
    figures = {
        "cost.png": lambda: cost_figure(
            {name: training.history for name, training in trainings.items()}, note
        ),
        "boundaries.png": lambda: boundaries_figure(
            "Decision boundaries after training from different initial weights",
            {name: training.model for name, training in trainings.items() if name != EQUAL},
            *data,
            {name: accuracy_note(training) for name, training in trainings.items()},
        ),
        "symmetry.png": lambda: symmetry_figure(
            {name: trainings[name].record for name in ("zeros", EQUAL, "He")}
        ),
    }
    study.write(options.out, content, figures)


def print_table(
    trainings: Mapping[str, Training],
    majority: Mapping[str, float],
    assignment: Mapping[str, tuple[float, float]],
) -> None:
    """Print accuracies, costs and the number of different units."""
    rows: list[list[Any]] = [COLUMNS, ["majority class", *majority.values(), *[None] * 5]]
    for name, training in trainings.items():
        rows.append(
            [
                name,
                training.train_scores["accuracy"],
                training.test_scores["accuracy"],
                *assignment.get(name, (None, None)),
                training.history.loss[0],
                training.history.loss[-1],
                f"{training.n_different_units} of {WIDTHS[1]}",
            ]
        )
    print(study.table(rows))


def accuracy_note(training: Training) -> str:
    """Return both accuracies in words."""
    train, test = training.train_scores["accuracy"], training.test_scores["accuracy"]
    return f"accuracy: train {train:.1%}, test {test:.1%}"


def cost_figure(histories: Mapping[str, History], training: str) -> Any:
    """Return a figure of all costs: the first epochs, logarithmic; all epochs below 1; the test."""
    figure = new_figure(
        15, 4.8, f"Cost during training from different initial weights ({training})"
    )
    first_epochs, all_epochs, test = figure.subplots(1, 3)
    for axes, metric in ((first_epochs, "loss"), (all_epochs, "loss"), (test, "val_loss")):
        plots.learning_curves(histories, metric=metric, held_out=None, axes=axes)
        line_styles = ("-", "--", "-", "-", "-.")
        for line, line_style in zip(axes.get_lines(), line_styles, strict=True):
            line.set_linestyle(line_style)
        draw_chance_level(axes)
    first_epochs.set(
        title="first epochs, on a logarithmic axis",
        yscale="log",
        xlim=(-10, 600),
        ylim=(0.3, None),
        ylabel="cost (cross-entropy), logarithmic",
    )
    first_epochs.legend()
    all_epochs.set(title="all epochs, costs below 1")
    test.set(title="100 test points, costs below 1")
    for axes in (all_epochs, test):
        axes.set(ylim=(0, 1), ylabel="cost (cross-entropy)")
        axes.get_legend().remove()  # the lines are the same
    return figure


def symmetry_figure(records: Mapping[str, RecordWeights]) -> Any:
    """Return a figure with one line per unit of the first layer; equal units share a line."""
    title = "Symmetry: the weight from the first feature to each of the 10 units of the first layer"
    figure = new_figure(12, 4.3, f"{title}, during training")
    grid = figure.subplots(1, len(records), squeeze=False)[0]
    for (name, record), axes in zip(records.items(), grid, strict=True):
        values = np.array(record.values)
        all_equal = len(np.unique(values[-1])) == 1
        for unit, weights in enumerate(values.T):
            colour = plots.COLOURS[0 if all_equal else unit % len(plots.COLOURS)]
            line_style = "-" if unit < len(plots.COLOURS) or all_equal else "--"
            axes.plot(record.epochs, weights, color=colour, linewidth=1.6, linestyle=line_style)
        note = "10 equal units, one line" if all_equal else "10 different units"
        axes.set_title(f"{name}: {note}", fontsize=10)
        axes.set(xlabel="epoch", ylabel="weight")
        axes.locator_params(axis="x", nbins=4)
        axes.grid(alpha=0.3)
    return figure


main = study.command(
    "initialization",
    __doc__,
    run,
    EXAMPLES,
    seed=ASSIGNMENT_SEED,
    seed_help="seed of the initial weights; 3 is that of the assignment",
    quick_help=f"a {QUICK_DIVISOR}th of the epochs at {QUICK_DIVISOR} times the learning rate",
)

if __name__ == "__main__":
    sys.exit(main())
