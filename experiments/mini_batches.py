"""Mini-batches: one step per epoch, one per 64 examples, or one per example.

Trains 2-16-8-1 (ReLU, sigmoid, He's weights) by gradient descent with one learning rate on 3,000 points of two moons: with the whole
set as one batch, in mini-batches of 64, and one example at a time (stochastic). What it shows: counted in epochs, the smaller the
batches the faster the cost falls, for there are more steps; counted in seconds, mini-batches win, for the arithmetic of 64 rows costs
hardly more than that of one, while a step over all 3,000 costs more and is hardly better; and the smaller the batch, the noisier a step.
Expect all three to end near a cost of 0.08 and 97 % called rightly (majority: 50 %), and to pass 0.15 after about 1,600, 36 and 2
epochs; the seconds depend on the machine. The course tells this of the three in words and gives no figures of its own.

The cost is that of all 3,000 points, taken after each epoch with the clock stopped. It takes about 20 seconds, prints a table, and
writes results.json, cost.png (against epochs and against seconds) and steps.png (the cost of each single batch).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minidl import Callback, GradientDescent, He, History, plots
from minidl.cli.argument_types import number_type
from minidl.data import planar

from . import study
from .networks import relu_network
from .pictures import chance_line, new_figure

WIDTHS, POINTS, LEARNING_RATE = (2, 16, 8, 1), 3000, 0.05
GOAL = 0.15
SIZES = {"whole set": None, "mini-batches of 64": 64, "stochastic (one example)": 1}
EPOCHS = {"whole set": 3000, "mini-batches of 64": 300, "stochastic (one example)": 20}
QUICK_SHARE = 20
EXAMPLES = """examples:
  python -m experiments.mini_batches
  python -m experiments.mini_batches --learning-rate 0.5      the whole set bears larger steps; single examples do not
"""


class Watch(Callback):
    """Adds to the history, after each epoch, the cost of the whole set and the seconds without those of this measurement."""

    extra_metrics = ("cost", "seconds")

    def __init__(self, X: np.ndarray, Y: np.ndarray) -> None:
        self.X, self.Y, self.seconds = X, Y, 0.0
        self.steps: list[float] = []

    def on_train_begin(self, run: Any) -> None:
        """Start the clock."""
        self.begin = time.perf_counter()

    def on_gradient(self, run: Any) -> None:
        """Keep the cost of the batch."""
        self.steps.append(float(run.loss))

    def on_epoch_end(self, run: Any) -> None:
        """Stop the clock, measure, start it again."""
        self.seconds += time.perf_counter() - self.begin
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # a training that diverges is reported at its next step
            cost = run.model.evaluate(self.X, self.Y)["loss"]
        run.history.add({"cost": cost, "seconds": self.seconds})
        self.begin = time.perf_counter()


def run(options: argparse.Namespace) -> None:
    """Train with each size of batch, report, write."""
    X, Y = planar.moons(POINTS, 0.2, np.random.RandomState(options.seed))
    majority = float(max(Y.mean(), 1 - Y.mean()))
    net = "-".join(map(str, WIDTHS))
    print(
        f"{net}, gradient descent {options.learning_rate:g} on {POINTS:,} points of two moons:",
        flush=True,
    )
    rows: list[list[Any]] = [
        [
            "batches",
            "epochs",
            "steps",
            "seconds",
            "accuracy",
            "last cost",
            f"to cost {GOAL}: epochs",
            "seconds",
        ]
    ]
    rows.append(["always the same class", *[None] * 3, majority, *[None] * 3])
    histories: dict[str, History] = {}
    steps: dict[str, list[float]] = {}
    results: dict[str, Any] = {}
    for name, size in SIZES.items():
        epochs = max(1, EPOCHS[name] // QUICK_SHARE) if options.quick else EPOCHS[name]
        model, watch = relu_network(WIDTHS, init=He(), seed=options.seed), Watch(X, Y)
        optimizer = GradientDescent(options.learning_rate)
        history = histories[name] = model.fit(
            X,
            Y,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=size,
            callbacks=[watch],
            progress=False,
        )
        steps[name] = watch.steps
        score = model.evaluate(X, Y)
        there = next(
            (e for e, cost in enumerate(history["cost"]) if cost <= GOAL), None
        )  # the first epoch that ended below
        goal = (
            {"epochs": None, "seconds": None}
            if there is None
            else {"epochs": there + 1, "seconds": history["seconds"][there]}
        )
        seconds = [
            None if each is None else f"{each:.2f}" for each in (watch.seconds, goal["seconds"])
        ]
        rows.append(
            [
                name,
                f"{epochs:,}",
                f"{len(watch.steps):,}",
                seconds[0],
                score["accuracy"],
                score["loss"],
                goal["epochs"],
                seconds[1],
            ]
        )
        results[name] = score | {
            "epochs": epochs,
            "steps": len(watch.steps),
            "seconds": watch.seconds,
            f"to_cost_{GOAL}": goal,
        }
        results[name] |= {"cost": history["cost"], "seconds_at": history["seconds"]}
    print(study.table(rows))
    content = {
        "settings": study.settings(options),
        "majority": majority,
        "runs": results,
        "versions": study.versions(),
    }
    how = f"{net}, {POINTS:,} points of two moons, learning rate {options.learning_rate:g}"
    pictures = {
        "cost.png": lambda: cost_picture(histories, how),
        "steps.png": lambda: steps_picture(steps, how),
    }
    study.write(options.out, content, pictures)


def cost_picture(histories: Mapping[str, History], how: str) -> Any:
    """Return a figure of the cost against epochs and against seconds, both logarithmic."""
    figure = new_figure(11.5, 4.8, f"How the cost falls with batches of three sizes ({how})")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, against, label in (
        (left, None, "epoch (one pass over all points)"),
        (right, "seconds", "training time (seconds)"),
    ):
        plots.learning_curves(histories, metric="cost", against=against, axes=axes)
        for line, style in zip(axes.get_lines(), ("-", "--", "-"), strict=True):
            line.set(
                linestyle=style, marker="o" if len(line.get_xdata()) <= 20 else "", markersize=3
            )
        chance_line(axes)
        axes.set(
            xscale="log",
            xlabel=f"{label}, logarithmic",
            ylabel="cost of all points (cross-entropy)",
            ylim=(0, 0.75),
        )
        axes.set_title("against epochs" if against is None else "against seconds")
        axes.legend(fontsize=8)
    right.set_ylabel("")
    return figure


def steps_picture(steps: Mapping[str, Sequence[float]], how: str, most: int = 300) -> Any:
    """Return a figure of the cost of each single batch at the beginning: the smaller the batch, the noisier."""
    figure = new_figure(11.5, 4, f"The cost of each batch, first {most} steps ({how})")
    for (name, costs), colour, axes in zip(
        steps.items(), plots.COLOURS, figure.subplots(1, len(steps), sharey=True), strict=False
    ):
        axes.plot(range(1, len(costs[:most]) + 1), costs[:most], color=colour, linewidth=1)
        axes.set(title=name, xlabel="step (one update of the weights)", ylim=(0, 3))
        axes.set_ylabel("cost of the batch (cross-entropy)")
        axes.label_outer()
        axes.grid(alpha=0.3)
    return figure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    texts = {
        "seed_help": "draws the points, the weights and the order",
        "quick_help": f"1 epoch of {QUICK_SHARE}",
    }
    cli = study.parser("mini_batches", str(__doc__), EXAMPLES, seed=1, **texts)
    rate = number_type(float, "a number > 0", lambda n: n > 0)
    cli.add_argument(
        "--learning-rate",
        type=rate,
        default=LEARNING_RATE,
        metavar="R",
        help="size of a step (default: %(default)s)",
    )
    return study.main("mini_batches", run, cli.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
