"""Regularization: L2, dropout, both or none, on points in the plane and on the cats.

Trains networks that are far too large for their data: 2-100-50-1 on 60 points of two moons with much noise, and 12288-32-16-1 on the
209 cat pictures, by Adam, over a range of lambda and of keep_prob, several times each. What it shows: without regularization the
network learns its training examples by heart and draws a boundary around single points; more of it makes the boundary smoother and the
weights smaller, the training accuracy falls, the test accuracy rises a little, and too much of it spoils both. Expect on the plane
1.00 on the training and 0.82 on 1,000 test points without, and 0.94 / 0.86 with lambda 0.3 (majority: 0.50); on the real cats about
0.98 / 0.71 without (majority: 0.656 / 0.660) and 0.98 / 0.76 with lambda 3. Dropout hardly helps there: it slows the learning, and
one of the 50 test pictures is 0.02. The course tells this on points of its own, which minidl does not have: there is no figure of
the course to compare with.

The settings of the table were fixed before these runs, after coarse trials. It takes two or three minutes, prints a table, and writes
results.json, plane.png and cats.png (accuracy and size of the weights against lambda and keep_prob) and boundaries.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from minidl import Adam, He, Linear, Sequential
from minidl.data import load_cats, planar

from . import study
from .networks import relu_network
from .pictures import boundaries_picture, error_bars, new_figure

Pair = tuple[np.ndarray, np.ndarray]
Setting = tuple[float, float]  # lambda and keep_prob
EXAMPLES = """examples:
  python -m experiments.regularization
  python -m experiments.regularization --data ~/course/datasets     with the real pictures, wherever they lie
"""


@dataclass(frozen=True)
class Problem:
    """What is learned and how, the range of settings, and the two that the table takes."""

    name: str
    draw: Callable[[int], tuple[Pair, Pair]]
    widths: tuple[int, ...]
    learning_rate: float
    epochs: int
    batch_size: int | None
    repeats: int
    varied: str
    lambdas: tuple[float, ...]
    keep_probs: tuple[float, ...]
    strength: float
    keep_prob: float

    @property
    def kinds(self) -> dict[str, Setting]:
        """Return the four settings of the table."""
        l2, keep = self.strength, self.keep_prob
        named = {
            "none": (0.0, 1.0),
            f"L2, lambda {l2:g}": (l2, 1.0),
            f"dropout, keep_prob {keep:g}": (0.0, keep),
        }
        return {**named, f"both, {l2:g} and {keep:g}": (l2, keep)}

    @property
    def settings(self) -> list[Setting]:
        """Return each setting that is wanted, once."""
        wanted = [(l2, 1.0) for l2 in self.lambdas] + [(0.0, keep) for keep in self.keep_probs]
        return list(dict.fromkeys([*wanted, *self.kinds.values()]))


def moons(seed: int) -> tuple[Pair, Pair]:
    """Draw few noisy points to learn and many to test."""
    rng = np.random.RandomState(seed + 100)
    return planar.moons(60, 0.35, rng), planar.moons(1000, 0.35, rng)


def problems(options: argparse.Namespace) -> tuple[list[Problem], str]:
    """Return the two problems, and where the pictures come from."""
    cats = load_cats(options.data)
    pictures = tuple((part.x.astype(np.float32), part.y) for part in (cats.train, cats.test))
    plane = Problem(
        *("plane", moons, (2, 100, 50, 1), 0.01, 600, None, 5, "5 draws of points and weights"),
        *((0.0, 0.03, 0.1, 0.3, 1.0, 3.0), (1.0, 0.9, 0.7, 0.5, 0.3), 0.3, 0.7),
    )
    cat = Problem(
        *(
            "cats",
            lambda seed: pictures,
            (cats.train.x.shape[1], 32, 16, 1),
            1e-4,
            150,
            64,
            3,
            "3 draws of weights",
        ),
        *((0.0, 0.3, 1.0, 3.0, 10.0, 30.0), (1.0, 0.9, 0.8, 0.7), 3.0, 0.8),
    )
    if options.quick:
        plane = replace(
            plane,
            epochs=200,
            repeats=2,
            varied="2 draws of points and weights",
            lambdas=(0.0, 0.3),
            keep_probs=(1.0, 0.7),
        )
        cat = replace(
            cat,
            epochs=3,
            repeats=2,
            varied="2 draws of weights",
            lambdas=(0.0, 3.0),
            keep_probs=(1.0, 0.8),
        )
    return [plane, cat], cats.source


def train(
    problem: Problem, setting: Setting, seed: int
) -> tuple[Sequential, tuple[float, float, float]]:
    """Train once; return the model, its training and test accuracy, and the size of its weights."""
    (X, Y), test = problem.draw(seed)
    l2, keep = setting
    model = relu_network(
        problem.widths, init=He(), seed=seed, keep_prob=keep, l2=l2, dtype=np.float32
    )
    how = {
        "optimizer": Adam(problem.learning_rate),
        "epochs": problem.epochs,
        "batch_size": problem.batch_size,
    }
    model.fit(X, Y, **how, progress=False)
    size = np.sqrt(
        sum(np.sum(layer.weight.value**2) for layer in model.layers if isinstance(layer, Linear))
    )
    return model, (model.evaluate(X, Y)["accuracy"], model.evaluate(*test)["accuracy"], float(size))


def run(options: argparse.Namespace) -> None:
    """Train all settings of both problems, report, write."""
    both, source = problems(options)
    print(f"source  {source}", flush=True)
    results: dict[str, Any] = {}
    pictures: dict[str, Callable[[], Any]] = {}
    models: dict[Setting, Sequential] = {}  # of the plane's first draw
    for problem in both:
        runs = [
            (setting, seed)
            for setting in problem.settings
            for seed in range(options.seed, options.seed + problem.repeats)
        ]
        found: dict[Setting, Any] = {setting: [] for setting in problem.settings}
        for setting, seed in tqdm(
            runs, desc=problem.name, unit="network", file=sys.stderr, dynamic_ncols=True
        ):
            model, numbers = train(problem, setting, seed)
            found[setting].append(numbers)
            if problem is both[0]:
                models.setdefault(setting, model)
        values = {setting: np.array(numbers) for setting, numbers in found.items()}
        majority = {
            part: float(max(y.mean(), 1 - y.mean()))
            for part, (_, y) in zip(("train", "test"), problem.draw(options.seed), strict=True)
        }
        how = f"{'-'.join(map(str, problem.widths))}, {problem.epochs} epochs of Adam {problem.learning_rate:g}"
        print(f"{problem.name}: {how}; mean ± standard deviation over {problem.varied}")
        rows: list[list[Any]] = [
            ["regularization", "train", "test", "size of weights"],
            ["always the same class", *majority.values(), None],
        ]
        for name, setting in problem.kinds.items():
            shown = [
                f"{mean:.3f} ± {spread:.3f}"
                for mean, spread in zip(
                    values[setting].mean(axis=0), values[setting].std(axis=0), strict=True
                )
            ]
            rows.append([name, *shown])
        print(study.table(rows), flush=True)
        results[problem.name] = {
            "majority": majority,
            "epochs": problem.epochs,
            "kinds": problem.kinds,
            "runs": as_json(values),
        }
        pictures[f"{problem.name}.png"] = lambda problem=problem, values=values, majority=majority: (
            sweep_picture(problem, values, majority)
        )
    plane = both[0]
    (X, Y), _ = plane.draw(options.seed)
    first = {
        name: found[0]
        for name, setting in plane.kinds.items()
        for found in [results["plane"]["runs"][plane.settings.index(setting)]["each"]]
    }
    notes = {
        name: f"right: train {train:.1%}, test {test:.1%}"
        for name, (train, test, _) in first.items()
    }
    chosen = {name: models[setting] for name, setting in plane.kinds.items()}
    title = "Regularization makes the boundary smoother (first draw of points)"
    pictures["boundaries.png"] = lambda: boundaries_picture(title, chosen, X, Y, notes)
    study.write(
        options.out,
        {
            "source": source,
            "settings": study.settings(options),
            **results,
            "versions": study.versions(),
        },
        pictures,
    )


def as_json(values: dict[Setting, np.ndarray]) -> list[dict[str, Any]]:
    """Return the numbers of each setting: train accuracy, test accuracy and size of the weights, mean, deviation and each run."""
    return [
        {
            "lambda": l2,
            "keep_prob": keep,
            "mean": found.mean(axis=0).tolist(),
            "std": found.std(axis=0).tolist(),
            "each": found.tolist(),
        }
        for (l2, keep), found in values.items()
    ]


def sweep_picture(
    problem: Problem, values: dict[Setting, np.ndarray], majority: dict[str, float]
) -> Any:
    """Return a figure of accuracy (above) and size of the weights (below) against lambda (left) and keep_prob (right)."""
    figure = new_figure(
        11,
        7.5,
        f"Regularization, {problem.name}: {'-'.join(map(str, problem.widths))}; bars: ± standard deviation of {problem.varied}",
    )
    grid = figure.subplots(2, 2, sharey="row")
    sides = [
        (
            "L2 alone: lambda (0: no penalty)",
            problem.lambdas,
            [(l2, 1.0) for l2 in problem.lambdas],
        ),
        (
            "dropout alone: keep_prob (1: no dropout)",
            problem.keep_probs,
            [(0.0, keep) for keep in problem.keep_probs],
        ),
    ]
    for (name, x, settings), (above, below) in zip(sides, grid.T, strict=True):
        found = np.array([values[setting] for setting in settings])
        error_bars(above, x, {"train": found[..., 0], "test": found[..., 1]}, majority)
        error_bars(below, x, {"all weights together": found[..., 2]}, {})
        above.set_xlabel(name)
        below.set_xlabel(name)
    grid[0, 0].set(ylabel="accuracy (share called rightly)", ylim=(None, 1.02))
    grid[1, 0].set(
        ylabel="root of the sum of squared weights",
        ylim=(0, 1.1 * max(found[..., 2].max() for found in values.values())),
    )
    grid[0, 0].legend(fontsize=8)
    return figure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    texts = {
        "seed_help": "the first of the seeds that draw points and weights",
        "quick_help": "few settings and epochs",
    }
    cli = study.parser("regularization", str(__doc__), EXAMPLES, seed=1, **texts)
    cli.add_argument(
        "--data",
        metavar="FOLDER",
        help="where the .h5 files lie (default: $MINIDL_DATA, then datasets/, then stand-ins)",
    )
    return study.main("regularization", run, cli.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
