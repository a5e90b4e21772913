"""Regularization: L2, dropout, both or none, on points in the plane and on the cats.

Trains networks that are far too large for their data: 2-100-50-1 on 60 noisy points of two moons,
and 12288-32-16-1 on the 209 cat images, by Adam, over a range of lambda and of keep_prob, several
times each. What it shows: without regularization the network memorizes its training examples and
draws a boundary around single points; more of it makes the boundary smoother and the weights
smaller, the training accuracy falls, the test accuracy rises a little, and too much of it spoils
both. Expect in the plane 1.00 on the training points and 0.82 on 1,000 test points without, and
0.94 / 0.86 with lambda 0.3 (majority class: 0.50); on the real cats about 0.98 / 0.71 without
(majority class: 0.656 / 0.660) and 0.98 / 0.76 with lambda 3. Dropout hardly helps there: it slows
down the training, and one of the 50 test images is 0.02. The DeepLearning.AI assignment
"Regularization" uses other points: docs/course/regularization.md has its figures.

The values of the table were fixed before these runs, after coarse trials. It takes two or three
minutes, prints a table, and writes results.json, plane.png and cats.png (accuracy and norm of the
weights against lambda and keep_prob) and boundaries.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from minidl import Adam, He, Linear, Sequential
from minidl.data import load_cats, planar

from . import study
from .figures import boundaries_figure, draw_error_bars, new_figure
from .networks import binary_network

Examples = tuple[np.ndarray, np.ndarray]
EXAMPLES = """examples:
  python -m experiments.regularization
  python -m experiments.regularization --data ~/course/datasets     with the real images
"""


class Regularization(NamedTuple):
    """The coefficient of the L2 penalty, and the probability that dropout keeps a unit."""

    l2: float
    keep_prob: float


@dataclass(frozen=True)
class Problem:
    """A dataset, a network and its training, and the values of lambda and keep_prob to try."""

    name: str
    draw: Callable[[int], tuple[Examples, Examples]]  # seed -> training and test set
    widths: tuple[int, ...]
    learning_rate: float
    epochs: int
    batch_size: int | None
    n_seeds: int
    drawn: str  # what differs between the seeds
    lambdas: tuple[float, ...]
    keep_probs: tuple[float, ...]
    table_lambda: float
    table_keep_prob: float

    @property
    def randomness(self) -> str:
        """What the scores are averaged over."""
        return f"{self.n_seeds} draws of {self.drawn}"

    @property
    def table_rows(self) -> dict[str, Regularization]:
        """The four kinds of regularization in the table, by name."""
        l2, keep_prob = self.table_lambda, self.table_keep_prob
        return {
            "none": Regularization(0.0, 1.0),
            f"L2, lambda {l2:g}": Regularization(l2, 1.0),
            f"dropout, keep_prob {keep_prob:g}": Regularization(0.0, keep_prob),
            f"both, {l2:g} and {keep_prob:g}": Regularization(l2, keep_prob),
        }

    @property
    def regularizations(self) -> list[Regularization]:
        """All that are trained, each once."""
        all_kinds = [Regularization(l2, 1.0) for l2 in self.lambdas]
        all_kinds += [Regularization(0.0, keep_prob) for keep_prob in self.keep_probs]
        return list(dict.fromkeys([*all_kinds, *self.table_rows.values()]))


def draw_moons(seed: int) -> tuple[Examples, Examples]:
    """Draw few noisy points for training and many for testing."""
    rng = np.random.RandomState(seed + 100)
    return planar.moons(60, 0.35, rng), planar.moons(1000, 0.35, rng)


def make_problems(options: argparse.Namespace) -> tuple[Problem, Problem, str]:
    """Return the problem in the plane, that of the cats, and the source of the images."""
    dataset = load_cats(options.data)
    train, test = ((split.x.astype(np.float32), split.y) for split in (dataset.train, dataset.test))
    plane = Problem(
        name="plane",
        draw=draw_moons,
        widths=(2, 100, 50, 1),
        learning_rate=0.01,
        epochs=600,
        batch_size=None,
        n_seeds=5,
        drawn="points and weights",
        lambdas=(0.0, 0.03, 0.1, 0.3, 1.0, 3.0),
        keep_probs=(1.0, 0.9, 0.7, 0.5, 0.3),
        table_lambda=0.3,
        table_keep_prob=0.7,
    )
    cats = Problem(
        name="cats",
        draw=lambda seed: (train, test),
        widths=(dataset.train.x.shape[1], 32, 16, 1),
        learning_rate=1e-4,
        epochs=150,
        batch_size=64,
        n_seeds=3,
        drawn="weights",
        lambdas=(0.0, 0.3, 1.0, 3.0, 10.0, 30.0),
        keep_probs=(1.0, 0.9, 0.8, 0.7),
        table_lambda=3.0,
        table_keep_prob=0.8,
    )
    if options.quick:
        plane = replace(plane, epochs=200, n_seeds=2, lambdas=(0.0, 0.3), keep_probs=(1.0, 0.7))
        cats = replace(cats, epochs=3, n_seeds=2, lambdas=(0.0, 3.0), keep_probs=(1.0, 0.8))
    return plane, cats, dataset.source


class Score(NamedTuple):
    """Both accuracies of a network, and the norm of all its weights."""

    train_accuracy: float
    test_accuracy: float
    weight_norm: float


def train(problem: Problem, regularization: Regularization, seed: int) -> tuple[Sequential, Score]:
    """Train a network once."""
    (X, Y), (X_test, Y_test) = problem.draw(seed)
    model = binary_network(
        problem.widths,
        init=He(),
        seed=np.random.RandomState(seed),
        keep_prob=regularization.keep_prob,
        l2=regularization.l2,
        dtype=np.float32,
    )
    model.fit(
        X,
        Y,
        optimizer=Adam(problem.learning_rate),
        epochs=problem.epochs,
        batch_size=problem.batch_size,
        progress=False,
    )
    weights = [layer.weight.value for layer in model.layers if isinstance(layer, Linear)]
    norm = np.sqrt(sum(np.sum(weight**2) for weight in weights))
    train_accuracy = model.evaluate(X, Y)["accuracy"]
    return model, Score(train_accuracy, model.evaluate(X_test, Y_test)["accuracy"], float(norm))


Scores = dict[Regularization, np.ndarray]  # arrays of shape (seeds, 3), the columns of `Score`


def train_all(problem: Problem, first_seed: int) -> tuple[Scores, dict[Regularization, Sequential]]:
    """Train all networks of a problem; return their scores, and the models of the first seed."""
    runs = [
        (regularization, seed)
        for regularization in problem.regularizations
        for seed in range(first_seed, first_seed + problem.n_seeds)
    ]
    scores: dict[Regularization, list[Score]] = {kind: [] for kind in problem.regularizations}
    models: dict[Regularization, Sequential] = {}
    progress = tqdm(
        runs, desc=problem.name, unit="network", file=sys.stderr, dynamic_ncols=True, disable=None
    )
    for regularization, seed in progress:
        model, score = train(problem, regularization, seed)
        scores[regularization].append(score)
        models.setdefault(regularization, model)
    return {kind: np.array(values) for kind, values in scores.items()}, models


def run(options: argparse.Namespace) -> None:
    """Train all networks of both problems, report, write."""
    plane, cats, source = make_problems(options)
    print(f"source  {source}", flush=True)
    results: dict[str, Any] = {"source": source, "settings": study.arguments(options)}
    figures: dict[str, Callable[[], Any]] = {}
    for problem in (plane, cats):
        scores, models = train_all(problem, options.seed)
        splits = zip(("train", "test"), problem.draw(options.seed), strict=True)
        majority = {name: study.majority_share(Y) for name, (_, Y) in splits}
        print_table(problem, scores, majority)
        results[problem.name] = {
            "majority": majority,
            "epochs": problem.epochs,
            "kinds": problem.table_rows,
            "runs": scores_as_json(scores),
        }
        figures[f"{problem.name}.png"] = lambda problem=problem, scores=scores, majority=majority: (
            sweep_figure(problem, scores, majority)
        )
        if problem is plane:
            figures["boundaries.png"] = lambda scores=scores, models=models: moons_figure(
                plane, scores, models, options.seed
            )
    study.write(options.out, {**results, "versions": study.versions()}, figures)


def print_table(problem: Problem, scores: Scores, majority: dict[str, float]) -> None:
    """Print mean and standard deviation of the scores of four kinds of regularization."""
    print(
        f"{problem.name}: {study.network_name(problem.widths)}, {problem.epochs} epochs of Adam "
        f"{problem.learning_rate:g}; mean ± standard deviation over {problem.randomness}"
    )
    rows: list[list[Any]] = [
        ["regularization", "train", "test", "norm of weights"],
        ["majority class", *majority.values(), None],
    ]
    for name, regularization in problem.table_rows.items():
        values = scores[regularization]
        means, deviations = values.mean(axis=0), values.std(axis=0)
        cells = [f"{m:.3f} ± {d:.3f}" for m, d in zip(means, deviations, strict=True)]
        rows.append([name, *cells])
    print(study.table(rows), flush=True)


def scores_as_json(scores: Scores) -> list[dict[str, Any]]:
    """Return the scores of each regularization: mean, standard deviation and each seed."""
    return [
        {
            "lambda": regularization.l2,
            "keep_prob": regularization.keep_prob,
            "mean": values.mean(axis=0).tolist(),
            "std": values.std(axis=0).tolist(),
            "each": values.tolist(),
        }
        for regularization, values in scores.items()
    ]


def moons_figure(
    problem: Problem, scores: Scores, models: dict[Regularization, Sequential], seed: int
) -> Any:
    """Return a figure of the decision boundaries for the first seed."""
    (X, Y), _ = problem.draw(seed)
    notes = {}
    for name, regularization in problem.table_rows.items():
        train_accuracy, test_accuracy, _ = scores[regularization][0]
        notes[name] = f"accuracy: train {train_accuracy:.1%}, test {test_accuracy:.1%}"
    return boundaries_figure(
        "Regularization makes the boundary smoother (first draw of points)",
        {name: models[regularization] for name, regularization in problem.table_rows.items()},
        X,
        Y,
        notes,
    )


def sweep_figure(problem: Problem, scores: Scores, majority: dict[str, float]) -> Any:
    """Return a figure of accuracy and norm of the weights against lambda and keep_prob."""
    title = f"Regularization, {problem.name}: {study.network_name(problem.widths)}"
    bars = f"bars: ± standard deviation of {problem.randomness}"
    figure = new_figure(11, 7.5, f"{title}; {bars}")
    grid = figure.subplots(2, 2, sharey="row")
    sweeps = [
        (
            "L2 alone: lambda (0: no penalty)",
            problem.lambdas,
            [Regularization(l2, 1.0) for l2 in problem.lambdas],
        ),
        (
            "dropout alone: keep_prob (1: no dropout)",
            problem.keep_probs,
            [Regularization(0.0, keep_prob) for keep_prob in problem.keep_probs],
        ),
    ]
    for (label, x, regularizations), (upper, lower) in zip(sweeps, grid.T, strict=True):
        values = np.array([scores[regularization] for regularization in regularizations])
        accuracies = {"train": values[..., 0], "test": values[..., 1]}
        draw_error_bars(upper, x, accuracies, majority)
        draw_error_bars(lower, x, {"all weights together": values[..., 2]}, {})
        upper.set_xlabel(label)
        lower.set_xlabel(label)
    largest_norm = max(values[..., 2].max() for values in scores.values())
    grid[0, 0].set(ylabel="accuracy", ylim=(None, 1.02))
    grid[1, 0].set(ylabel="norm of the weights", ylim=(0, 1.1 * largest_norm))
    grid[0, 0].legend(fontsize=8)
    return figure


main = study.command(
    "regularization",
    __doc__,
    run,
    EXAMPLES,
    seed=1,
    seed_help="first of the seeds of points and weights",
    quick_help="few values and epochs",
    options=[study.add_data_option],
)

if __name__ == "__main__":
    sys.exit(main())
