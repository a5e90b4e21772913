"""Optimization: gradient descent, momentum and Adam from the same weights, on the same batches.

Trains 2-5-2-1 (ReLU, sigmoid, He's weights) on 300 points of two moons in batches of 64. What it shows: at the small learning rate
0.0007 momentum hardly differs from plain gradient descent, for the gradient of one batch after the other points the same way; Adam,
which divides by the size of each parameter's own gradients, passes their last cost after 300 epochs. Expect the figures of the course's
assignment "Optimization methods": 79.7 / 79.7 / 94.0 % of the points called rightly (majority: 50 %). The points are those of
scikit-learn's make_moons, `--seed 3` draws the course's weights, and epoch e shuffles by RandomState(10 + e).

What momentum is good for is seen in a long narrow valley, (x^2 + 100 y^2) / 2. Gradient descent leaps from wall to wall, and at a rate
over 2 / 100 it would fly out; momentum at the same rate swings instead of leaping and is no faster, but it bears a larger rate, and
then is; Adam, whose steps are of one size in x and in y, turns into the valley at once.

It takes some 20 seconds, prints two tables, and writes results.json, cost.png (the cost over the epochs), boundaries.png (what each
network answers in the plane) and valley.png (the path of each optimizer through the valley).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from minidl import Adam, Callback, GradientDescent, He, Momentum, Optimizer, Sequential, plots
from minidl.data import planar

from . import study
from .networks import relu_network
from .pictures import boundaries_picture, chance_line, new_figure

WIDTHS = (2, 5, 2, 1)
OPTIMIZERS: dict[str, Any] = {
    "gradient descent": GradientDescent,
    "momentum": Momentum,
    "Adam": Adam,
}
LEARNING_RATE, BATCH = 0.0007, 64
EPOCHS, QUICK_EPOCHS, EVERY = 10_000, 100, 1000
COURSE = {"gradient descent": 239 / 300, "momentum": 239 / 300, "Adam": 0.94}  # of seed 3
STEEPNESS, START, STEPS = np.array([1.0, 100.0]), (-10.0, 1.0), 100
EXAMPLES = """examples:
  python -m experiments.optimization
  python -m experiments.optimization --seed 4 --out results/other-weights
"""


class LastBatch(Callback):
    """Keeps the cost of the last batch of every thousandth epoch, which is what the course prints."""

    def __init__(self) -> None:
        self.costs: list[float] = []

    def on_epoch_end(self, run: Any) -> None:
        """Look at the cost."""
        if run.epoch % EVERY == 1:
            self.costs.append(float(run.loss))


def run(options: argparse.Namespace) -> None:
    """Train with each optimizer, walk through the valley, report, write."""
    X, Y = planar.moons(300, 0.2, np.random.RandomState(3))
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    course = (
        COURSE if options.seed == 3 and not options.quick else {}
    )  # its figures belong to its weights
    majority = float(max(Y.mean(), 1 - Y.mean()))
    net = "-".join(map(str, WIDTHS))
    print(
        f"{net}, learning rate {LEARNING_RATE}, batches of {BATCH}, {epochs:,} epochs on 300 points of two moons:",
        flush=True,
    )
    models: dict[str, Sequential] = {}
    histories = {}
    rows: list[list[Any]] = [
        ["optimizer", "accuracy", "course", "last cost", "seconds"],
        ["always the same class", majority, None, None, None],
    ]
    results: dict[str, Any] = {}
    for name, make in OPTIMIZERS.items():
        model, last = relu_network(WIDTHS, init=He(), seed=options.seed), LastBatch()
        history = model.fit(
            X,
            Y,
            optimizer=make(LEARNING_RATE),
            epochs=epochs,
            batch_size=BATCH,
            shuffle=lambda epoch: np.random.RandomState(10 + epoch).permutation(300),
            callbacks=[last],
            progress=False,
        )
        models[name], histories[name] = model, history
        score = model.evaluate(X, Y)
        rows.append(
            [name, score["accuracy"], course.get(name), score["loss"], f"{history.seconds:.1f}"]
        )
        results[name] = score | {
            "last_batch_cost_every_1000": last.costs,
            "seconds": history.seconds,
        }
    print(study.table(rows))
    walks = valley_walks()
    print(
        f"the valley (x^2 + 100 y^2) / 2 from {START}, height {height(np.array(START)):.0f}, after {STEPS} steps:"
    )
    print(
        study.table(
            [
                ["optimizer", "height"],
                *([name, f"{height(path[-1]):.2g}"] for name, path in walks.items()),
            ]
        )
    )
    content = {
        "settings": {**study.settings(options), "epochs": epochs},
        "majority": majority,
        "runs": results,
        "course": course,
    }
    content |= {
        "valley": {
            name: {"height": float(height(path[-1])), "path": path.tolist()}
            for name, path in walks.items()
        }
    }
    notes = {
        name: f"{result['accuracy']:.1%} of the points called rightly"
        for name, result in results.items()
    }

    def cost_picture() -> Any:
        axes = plots.learning_curves(histories)
        chance_line(axes)
        for line, style in zip(axes.get_lines(), ("-", "--", "-", ":"), strict=True):
            line.set_linestyle(style)
        axes.set(
            ylim=(0, 0.75),
            ylabel="cost (cross-entropy), mean of each epoch",
            title=f"Optimizers on two moons: {net}, learning rate {LEARNING_RATE}",
        )
        axes.legend()
        return axes

    pictures = {
        "cost.png": cost_picture,
        "boundaries.png": lambda: boundaries_picture(
            f"Two moons after {epochs:,} epochs", models, X, Y, notes, columns=3
        ),
        "valley.png": lambda: valley_picture(walks),
    }
    study.write(options.out, content | {"versions": study.versions()}, pictures)


def height(point: np.ndarray) -> Any:
    """Return the height of the valley at a point (..., 2): a hundred times as steep in y as in x."""
    return (STEEPNESS * point**2).sum(axis=-1) / 2


def valley_walks() -> dict[str, np.ndarray]:
    """Return where each optimizer comes by, step by step, as (STEPS + 1, 2)."""
    walkers: list[Optimizer] = [GradientDescent(0.019), Momentum(0.019), Momentum(0.05), Adam(0.3)]
    walks = {}
    for optimizer in walkers:
        theta = np.array(START)
        path = [theta.copy()]
        for _ in range(STEPS):
            optimizer.step(theta, STEEPNESS * theta)
            path.append(theta.copy())
        walks[f"{type(optimizer).__name__}, learning rate {optimizer.learning_rate:g}"] = np.array(
            path
        )
    return walks


def valley_picture(walks: dict[str, np.ndarray]) -> Any:
    """Return a figure of the paths, each on a map of the valley with lines of equal height."""
    figure = new_figure(
        9,
        2.1 * len(walks) + 0.6,
        f"{STEPS} steps from the cross through a long narrow valley to its lowest point, the star",
    )
    x, y = np.meshgrid(np.linspace(-11, 2, 300), np.linspace(-1.3, 1.3, 200))
    for (name, path), colour, axes in zip(
        walks.items(), plots.COLOURS, figure.subplots(len(walks), 1, sharex=True), strict=False
    ):
        lines = axes.contour(
            x,
            y,
            height(np.stack([x, y], axis=-1)),
            levels=[1, 5, 15, 30, 60, 100],
            colors=plots.GREY,
            linewidths=0.6,
        )
        axes.clabel(lines, levels=lines.levels[:-1], fontsize=7)
        axes.plot(*path.T, color=colour, linewidth=1.2, marker="o", markersize=3)
        axes.plot(*START, "kx", markersize=9, markeredgewidth=2)
        axes.plot(0, 0, "k*", markersize=11)
        axes.set(ylabel="y", xlim=(-11, 2), ylim=(-1.3, 1.3))
        axes.set_title(f"{name}: height {height(path[-1]):.2g} at the end", fontsize=10)
    axes.set_xlabel("x (lines of equal height; the valley is 100 times as steep in y as in x)")
    return figure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    help_texts = {
        "seed_help": "draws the first weights; 3 is the course's",
        "quick_help": f"{QUICK_EPOCHS} epochs of {EPOCHS:,}",
    }
    return study.main(
        "optimization",
        run,
        study.parser("optimization", str(__doc__), EXAMPLES, seed=3, **help_texts).parse_args(argv),
    )


if __name__ == "__main__":
    sys.exit(main())
