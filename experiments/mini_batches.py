"""Mini-batches: one step per epoch, one per 64 examples, or one per example.

Trains 2-16-8-1 (ReLU, sigmoid, He's weights) by gradient descent with one learning rate on 3,000
points of two moons: with the whole training set as one batch, in mini-batches of 64, and one
example at a time (stochastic). What it shows: by epochs, the smaller the batches the faster the
cost falls, since there are more steps; by seconds, mini-batches win, since the arithmetic of 64
rows costs hardly more than that of one, while a step over all 3,000 costs more and is hardly
better; and the smaller the batch, the noisier a step. Expect all three to end near a cost of 0.08
and 97 % accuracy (majority class: 50 %), and to pass 0.15 after about 1,600, 36 and 2 epochs; the
seconds depend on the machine. The DeepLearning.AI specialization describes the three in words and
has no figures.

The cost is that of all 3,000 points, computed after each epoch with the clock stopped, as that of
1,000 test points is, which are dashed in cost.png. It takes about 20 seconds, prints a table, and
writes results.json, cost.png (against epochs and against seconds) and steps.png (the cost of each
single batch).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minidl import Callback, GradientDescent, He, History, plots
from minidl.cli.argument_types import POSITIVE_NUMBER
from minidl.data import planar

from . import study
from .figures import draw_chance_level, new_figure
from .networks import binary_network

WIDTHS = (2, 16, 8, 1)
N_POINTS = 3000
N_TEST = 1000
Examples = tuple[np.ndarray, np.ndarray]
LEARNING_RATE = 0.05
TARGET_COST = 0.15
BATCH_SIZES = {"whole set": None, "mini-batches of 64": 64, "stochastic (one example)": 1}
EPOCHS = {"whole set": 3000, "mini-batches of 64": 300, "stochastic (one example)": 20}
QUICK_DIVISOR = 20  # of the epochs
MAX_STEPS_SHOWN = 300
COLUMNS = [
    "batches",
    "epochs",
    "steps",
    "seconds",
    "accuracy",
    "last cost",
    f"to cost {TARGET_COST}: epochs",
    "seconds",
]
EXAMPLES = """examples:
  python -m experiments.mini_batches
  python -m experiments.mini_batches --learning-rate 0.5      too large for single examples
"""


class MeasureCost(Callback):
    """Add to the history the costs of all examples and of the test, and the seconds without."""

    extra_metrics = ("cost", "val_cost", "seconds")

    def __init__(self, data: Examples, test: Examples) -> None:
        self.data = data
        self.test = test
        self.seconds = 0.0
        self.step_costs: list[float] = []
        self.start = 0.0

    def on_train_begin(self, run: Any) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_gradient(self, run: Any) -> None:
        """Record the cost of the batch."""
        self.step_costs.append(float(run.loss))

    def on_epoch_end(self, run: Any) -> None:
        """Stop the clock, measure, start it again."""
        self.seconds += time.perf_counter() - self.start
        # A training that diverges is reported at its next step, not by warnings here.
        with np.errstate(over="ignore", invalid="ignore"):
            cost, test_cost = (
                run.model.evaluate(*examples)["loss"] for examples in (self.data, self.test)
            )
        run.history.add({"cost": cost, "val_cost": test_cost, "seconds": self.seconds})
        self.start = time.perf_counter()


class Training(NamedTuple):
    """The history of a training, its scores, and what was measured."""

    epochs: int
    history: History
    scores: dict[str, float]
    step_costs: list[float]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return the results as JSON-compatible values."""
        return {
            **self.scores,
            "epochs": self.epochs,
            "steps": len(self.step_costs),
            "seconds": self.seconds,
            f"to_cost_{TARGET_COST}": time_to_target(self.history),
            "cost": self.history["cost"],
            "seconds_at": self.history["seconds"],
        }


def train(name: str, options: argparse.Namespace, data: Examples, test: Examples) -> Training:
    """Train a network with one batch size."""
    epochs = max(1, EPOCHS[name] // QUICK_DIVISOR) if options.quick else EPOCHS[name]
    model = binary_network(WIDTHS, init=He(), seed=np.random.RandomState(options.seed))
    measure = MeasureCost(data, test)
    history = model.fit(
        *data,
        optimizer=GradientDescent(options.learning_rate),
        epochs=epochs,
        batch_size=BATCH_SIZES[name],
        callbacks=[measure],
        progress=False,
    )
    scores = model.evaluate(*data)
    return Training(epochs, history, scores, measure.step_costs, measure.seconds)


def run(options: argparse.Namespace) -> None:
    """Train with each batch size, report, write."""
    data = planar.moons(N_POINTS, 0.2, np.random.RandomState(options.seed))
    test = planar.moons(N_TEST, 0.2, np.random.RandomState(options.seed + 1))
    majority = study.majority_share(data[1])
    network = study.network_name(WIDTHS)
    rate = f"{options.learning_rate:g}"
    print(f"{network}, gradient descent {rate} on {N_POINTS:,} points of two moons:", flush=True)
    trainings = {name: train(name, options, data, test) for name in BATCH_SIZES}
    print_table(trainings, majority)
    content = {
        "settings": study.arguments(options),
        "majority": majority,
        "runs": {name: training.as_json() for name, training in trainings.items()},
        "versions": study.versions(),
    }
    note = f"{network}, {N_POINTS:,} points of two moons, learning rate {rate}"
    histories = {name: training.history for name, training in trainings.items()}
    step_costs = {name: training.step_costs for name, training in trainings.items()}
    figures = {
        "cost.png": lambda: cost_figure(histories, note),
        "steps.png": lambda: steps_figure(step_costs, note),
    }
    study.write(options.out, content, figures)


def print_table(trainings: Mapping[str, Training], majority: float) -> None:
    """Print epochs, steps, time, accuracy and cost for each batch size."""
    rows: list[list[Any]] = [COLUMNS, ["majority class", *[None] * 3, majority, *[None] * 3]]
    for name, training in trainings.items():
        target = time_to_target(training.history)
        rows.append(
            [
                name,
                f"{training.epochs:,}",
                f"{len(training.step_costs):,}",
                f"{training.seconds:.2f}",
                training.scores["accuracy"],
                training.scores["loss"],
                target["epochs"],
                None if target["seconds"] is None else f"{target['seconds']:.2f}",
            ]
        )
    print(study.table(rows))


def time_to_target(history: History) -> dict[str, Any]:
    """Return the epochs and seconds until the first epoch that ended at or below the target."""
    for number, (cost, seconds) in enumerate(
        zip(history["cost"], history["seconds"], strict=True), start=1
    ):
        if cost <= TARGET_COST:
            return {"epochs": number, "seconds": seconds}
    return {"epochs": None, "seconds": None}


def cost_figure(histories: Mapping[str, History], training: str) -> Any:
    """Return a figure of the cost against epochs and against seconds, both logarithmic."""
    figure = new_figure(11.5, 4.8, f"Cost during training with three batch sizes ({training})")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, against, label in (
        (left, None, "epoch (one pass over all points)"),
        (right, "seconds", "training time (seconds)"),
    ):
        plots.learning_curves(histories, metric="cost", against=against, held_out="test", axes=axes)
        for line in axes.get_lines():
            line.set(marker="o" if len(line.get_xdata()) <= 20 else "", markersize=3)
        draw_chance_level(axes)
        axes.set(
            xscale="log",
            xlabel=f"{label}, logarithmic",
            ylabel="cost of all points (cross-entropy)",
            ylim=(0, 0.75),
        )
        axes.set_title("against epochs" if against is None else "against seconds")
        axes.get_legend().remove()
    right.set_ylabel("")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def steps_figure(step_costs: Mapping[str, Sequence[float]], training: str) -> Any:
    """Return a figure of the cost of each of the first batches."""
    title = f"Cost of each batch, first {MAX_STEPS_SHOWN} steps ({training})"
    figure = new_figure(11.5, 4, title)
    grid = figure.subplots(1, len(step_costs), sharey=True)
    for (name, costs), colour, axes in zip(step_costs.items(), plots.COLOURS, grid, strict=False):
        shown = costs[:MAX_STEPS_SHOWN]
        axes.plot(range(1, len(shown) + 1), shown, color=colour, linewidth=1)
        axes.set(title=name, xlabel="step (one update of the weights)", ylim=(0, 3))
        axes.set_ylabel("cost of the batch (cross-entropy)")
        axes.label_outer()
        axes.grid(alpha=0.3)
    return figure


def add_learning_rate(parser: argparse.ArgumentParser) -> None:
    """Add --learning-rate."""
    text = "learning rate (default: %(default)s)"
    rate, default = POSITIVE_NUMBER, LEARNING_RATE
    parser.add_argument("--learning-rate", type=rate, default=default, metavar="R", help=text)


main = study.command(
    "mini_batches",
    __doc__,
    run,
    EXAMPLES,
    seed=1,
    seed_help="seed of the points, the weights and the order",
    quick_help=f"a {QUICK_DIVISOR}th of the epochs",
    options=[add_learning_rate],
)

if __name__ == "__main__":
    sys.exit(main())
