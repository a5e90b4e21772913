"""Initialization: why the first weights must be random, and why not too large.

Trains 2-10-5-1 (ReLU, sigmoid) by gradient descent on 300 points of two circles from first weights of five kinds. What it shows: zero
weights never move and leave the network at one half; weights that are all alike do move, but all units of a layer stay alike for
ever, and the network is no better than one with a single unit per layer; large random weights start with a cost over 1,000 and end
far from a good one; He's and Xavier's, scaled by the number of inputs, learn well. Expect the figures of the course's assignment
"Initialization": 0.50 / 0.83 / 0.993 on the training points and 0.50 / 0.86 / 0.96 on the 100 test points for zero, random x 10 and
He weights (majority: 0.50 and 0.50). Its points are those of scikit-learn's make_circles, and `--seed 3` draws its weights. The
course gives no figure for Xavier's and for equal weights.

It takes some seconds, prints a table, and writes results.json, cost.png (the cost of all five), boundaries.png (what each network
answers in the plane) and symmetry.png (the weights of the ten units of the first layer while they learn).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minidl import Callback, GradientDescent, He, History, Random, Sequential, Xavier, Zeros, plots
from minidl.data import planar

from . import study
from .networks import relu_network
from .pictures import boundaries_picture, chance_line, new_figure

WIDTHS = (2, 10, 5, 1)
EPOCHS, QUICK_EPOCHS, EVERY = 15_000, 300, 20
COURSE = {
    "zeros": (0.5, 0.5),
    "random x 10": (0.83, 0.86),
    "He": (298 / 300, 0.96),
}  # train, test; weights of seed 3
EXAMPLES = """examples:
  python -m experiments.initialization
  python -m experiments.initialization --seed 4 --out results/other-weights
"""


def equal(out: np.ndarray, *, fan_in: int | None, rng: Any) -> None:
    """Fill with 0.5: an initializer may be any function of these arguments."""
    out[...] = 0.5


KINDS: dict[str, Any] = {
    "zeros": Zeros(),
    "all 0.5": equal,
    "random x 10": Random(10.0),
    "He": He(),
    "Xavier": Xavier(),
}


class Weights(Callback):
    """Keeps the weights of the first layer from the first feature, before the training and after some epochs."""

    def __init__(self, model: Sequential) -> None:
        self.weight = model.layers[0].parameters()["weight"]
        self.epochs, self.seen = [0], [self.weight.value[:, 0].copy()]

    def on_epoch_end(self, run: Any) -> None:
        """Look at the weights."""
        if run.epoch % EVERY == 0:
            self.epochs.append(run.epoch)
            self.seen.append(self.weight.value[:, 0].copy())


def run(options: argparse.Namespace) -> None:
    """Train from each kind of first weights, report, write."""
    X, Y = planar.circles(300, 0.05, np.random.RandomState(1))
    test = planar.circles(100, 0.05, np.random.RandomState(2))
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    course = (
        COURSE if options.seed == 3 and not options.quick else {}
    )  # its figures belong to its weights
    models: dict[str, Sequential] = {}
    histories: dict[str, History] = {}
    watched: dict[str, Weights] = {}
    majority = {
        part: float(max(y.mean(), 1 - y.mean())) for part, y in (("train", Y), ("test", test[1]))
    }
    rows: list[list[Any]] = [
        [
            "first weights",
            "train",
            "test",
            "course: train",
            "test",
            "first cost",
            "last cost",
            "units that differ",
        ]
    ]
    rows.append(["always the same class", *majority.values(), *[None] * 5])
    results: dict[str, Any] = {}
    for name, init in KINDS.items():
        model = models[name] = relu_network(WIDTHS, init=init, seed=options.seed)
        watched[name] = Weights(model)
        callbacks = [watched[name]]
        history = histories[name] = model.fit(
            X,
            Y,
            optimizer=GradientDescent(0.01),
            epochs=epochs,
            batch_size=None,
            callbacks=callbacks,
            progress=False,
        )
        units = len(np.unique(model.layers[0].parameters()["weight"].value, axis=0))
        scores = {"train": model.evaluate(X, Y), "test": model.evaluate(*test)}
        rows.append(
            [
                name,
                *(score["accuracy"] for score in scores.values()),
                *course.get(name, (None, None)),
            ]
        )
        rows[-1] += [history.loss[0], history.loss[-1], f"{units} of {WIDTHS[1]}"]
        results[name] = scores | {
            "units_that_differ": units,
            "cost_every_100": history.loss[::100],
            "cost_last": history.loss[-1],
        }
        results[name]["seconds"] = history.seconds
    net = "-".join(map(str, WIDTHS))
    print(
        f"{net}, gradient descent 0.01, {epochs:,} epochs on 300 points of two circles, 100 test points; accuracy and cost:"
    )
    print(study.table(rows))
    content = {
        "settings": {**study.settings(options), "epochs": epochs},
        "majority": majority,
        "runs": results,
    }
    content |= {
        "course": {
            name: dict(zip(("train", "test"), both, strict=True)) for name, both in course.items()
        }
    }
    notes = {
        name: f"right: train {result['train']['accuracy']:.1%}, test {result['test']['accuracy']:.1%}"
        for name, result in results.items()
    }
    pictures = {
        "cost.png": lambda: cost_picture(
            histories, f"{net}, gradient descent 0.01 on all 300 points"
        ),
        "boundaries.png": lambda: boundaries_picture(
            "First weights and what is learned from them: answers in the plane",
            without_equal(models),
            X,
            Y,
            notes,
        ),
        "symmetry.png": lambda: symmetry_picture(
            {name: watched[name] for name in ("zeros", "all 0.5", "He")}
        ),
    }
    study.write(options.out, content | {"versions": study.versions()}, pictures)


def without_equal(models: Mapping[str, Sequential]) -> dict[str, Sequential]:
    """Return the four kinds that the course and its readers use."""
    return {name: model for name, model in models.items() if name != "all 0.5"}


def cost_picture(histories: Mapping[str, History], how: str) -> Any:
    """Return a figure of all costs: their beginning, which lies between 0.7 and thousands, and all of it below 1."""
    figure = new_figure(11, 4.8, f"First weights: how the cost falls from each ({how})")
    for axes, title in zip(
        figure.subplots(1, 2),
        ("the beginning, on a logarithmic axis", "all epochs, costs below 1"),
        strict=True,
    ):
        plots.learning_curves(histories, axes=axes)
        for line, style in zip(axes.get_lines(), ("-", "--", "-", "-", "-."), strict=True):
            line.set_linestyle(style)
        chance_line(axes)
        axes.set(ylabel="cost (cross-entropy)", title=title)
    begin, whole = figure.axes
    begin.legend()
    whole.get_legend().remove()  # the same lines
    begin.set(
        yscale="log", xlim=(-10, 600), ylim=(0.3, None), ylabel="cost (cross-entropy), logarithmic"
    )
    whole.set(ylim=(0, 1))
    return figure


def symmetry_picture(watched: Mapping[str, Weights]) -> Any:
    """Return a figure with one line per unit of the first layer: as many lines are seen as units differ."""
    figure = new_figure(
        12,
        4.3,
        "Symmetry: the weight from the first feature to each of the 10 units of the first layer, while they learn",
    )
    for (name, weights), axes in zip(
        watched.items(), figure.subplots(1, len(watched), squeeze=False)[0], strict=True
    ):
        lines = np.array(weights.seen)
        alike = len(np.unique(lines[-1])) == 1
        for unit, line in enumerate(lines.T):
            colour = plots.COLOURS[0 if alike else unit % len(plots.COLOURS)]
            axes.plot(
                weights.epochs,
                line,
                color=colour,
                linewidth=1.6,
                linestyle="-" if unit < len(plots.COLOURS) or alike else "--",
            )
        axes.set_title(
            f"{name}: "
            + (
                "10 equal lines, one on top of the other"
                if alike
                else "10 units, each on a way of its own"
            ),
            fontsize=10,
        )
        axes.set(xlabel="epoch", ylabel="weight")
        axes.locator_params(axis="x", nbins=4)
        axes.grid(alpha=0.3)
    return figure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    help_texts = {
        "seed_help": "draws the first weights; 3 is the course's",
        "quick_help": f"{QUICK_EPOCHS} epochs of {EPOCHS:,}",
    }
    return study.main(
        "initialization",
        run,
        study.parser("initialization", str(__doc__), EXAMPLES, seed=3, **help_texts).parse_args(
            argv
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
