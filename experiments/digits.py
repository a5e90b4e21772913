"""Digits: two small convolutions beside fully connected networks, on 1,797 real digits.

Trains a fully connected network 64-100-10 and a network of two convolutions (16 and 32 filters of
3 x 3, max-pooling, one linear layer) on the digits that scikit-learn contains, 8 x 8 pixels from
handwriting, and scikit-learn's MLPClassifier with its own settings, which is a 64-100-10 too. A
fixed quarter of the digits is the test set; each network is trained from five seeds. What it shows:
a network that knows which pixels are neighbours makes little more than half of the mistakes, with
fewer parameters; and the same network takes a fraction of scikit-learn's time. Expect a test
accuracy of 0.970 for both fully connected networks and 0.983 for the convolutions (majority class:
0.102), within 0.006 from seed to seed.

It needs scikit-learn (extra sklearn), takes about 15 seconds, prints a table, and writes
results.json, accuracy.png (each seed and the mean), filters.png (eight filters, and what they make
of one digit) and misclassified.png.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minidl import (
    Adam,
    CategoricalCrossEntropy,
    Conv2D,
    Flatten,
    Linear,
    MaxPool2D,
    ReLU,
    Sequential,
    Softmax,
    plots,
)
from minidl.data import train_validation_split
from minidl.errors import require_extra

from . import study
from .figures import new_figure

SEEDS, QUICK_SEEDS = 5, 2
TEST_FRACTION, SPLIT_SEED = 0.25, 0
SHOWN_FILTERS = 8
CLASSES = tuple("0123456789")
FULLY_CONNECTED, CONVOLUTIONS, SCIKIT_LEARN = "64-100-10", "two convolutions", "scikit-learn's MLP"
COLUMNS = ["network", "parameters", "test: mean", "deviation", "worst", "mistakes", "seconds"]
EXAMPLES = """examples:
  python -m experiments.digits
  python -m experiments.digits --quick --seed 10
"""

Examples = tuple[np.ndarray, np.ndarray]


class Trained(NamedTuple):
    """A trained network: its accuracy on the test digits, its size, and the seconds it took."""

    model: Any
    accuracy: float
    n_parameters: int
    seconds: float


def load_digits() -> tuple[Examples, Examples]:
    """Return training and test digits: images (m, 8, 8, 1) in [0, 1], and their numbers."""
    with require_extra("scikit-learn", "sklearn", "experiments.digits"):
        from sklearn.datasets import load_digits as load
    digits = load()
    images = (digits.images[..., np.newaxis] / 16).astype(np.float32)
    train, test = train_validation_split(
        images, digits.target, validation_fraction=TEST_FRACTION, seed=SPLIT_SEED
    )
    return train, test


def fully_connected(seed: int) -> Sequential:
    """Return the network 64-100-10."""
    layers = [Flatten(), Linear(64, 100), ReLU(), Linear(100, 10), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed)


def convolutions(seed: int) -> Sequential:
    """Return the network of two convolutions."""
    layers = [
        Conv2D(1, 16, 3, padding="same"),
        ReLU(),
        MaxPool2D(2),
        Conv2D(16, 32, 3, padding="same"),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Linear(2 * 2 * 32, 10),
        Softmax(),
    ]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed)


def train(
    make: Callable[[int], Sequential],
    learning_rate: float,
    epochs: int,
    seed: int,
    data: Examples,
    test: Examples,
) -> Trained:
    """Train a network of minidl."""
    model = make(seed)
    history = model.fit(
        *data, optimizer=Adam(learning_rate), epochs=epochs, batch_size=64, progress=False
    )
    accuracy = model.evaluate(*test)["accuracy"]
    return Trained(model, accuracy, model.parameters.size, history.seconds)


def train_scikit_learn(seed: int, data: Examples, test: Examples) -> Trained:
    """Train scikit-learn's network with its own settings."""
    from sklearn.neural_network import MLPClassifier

    (X, Y), (X_test, Y_test) = ((images.reshape(len(images), -1), y) for images, y in (data, test))
    model = MLPClassifier(random_state=seed)
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may reach its 200 iterations
        model.fit(X, Y)
    seconds = time.perf_counter() - begin
    n_parameters = sum(array.size for array in (*model.coefs_, *model.intercepts_))
    return Trained(model, float(model.score(X_test, Y_test)), n_parameters, seconds)


TRAININGS: dict[str, Callable[[int, Examples, Examples], Trained]] = {
    FULLY_CONNECTED: lambda seed, data, test: train(fully_connected, 0.003, 60, seed, data, test),
    CONVOLUTIONS: lambda seed, data, test: train(convolutions, 0.005, 25, seed, data, test),
    SCIKIT_LEARN: train_scikit_learn,
}


def run(options: argparse.Namespace) -> None:
    """Train each network from each seed, report, write."""
    data, test = load_digits()
    n_seeds = QUICK_SEEDS if options.quick else SEEDS
    seeds = [options.seed + number for number in range(n_seeds)]
    majority = float(np.bincount(test[1]).max() / len(test[1]))
    print(f"{len(data[1]):,} training and {len(test[1])} test digits, {n_seeds} seeds")
    trained = {
        name: [train_one(seed, data, test) for seed in seeds]
        for name, train_one in TRAININGS.items()
    }
    print(study.table([COLUMNS, *table_rows(trained, majority, len(test[1]))]))
    content = {
        "settings": {**study.arguments(options), "seeds": seeds},
        "majority": majority,
        "runs": {
            name: {
                "parameters": runs[0].n_parameters,
                "accuracy": [run.accuracy for run in runs],
                "seconds": [run.seconds for run in runs],
            }
            for name, runs in trained.items()
        },
        "versions": study.versions(),
    }
    model = trained[CONVOLUTIONS][0].model
    figures = {
        "accuracy.png": lambda: accuracy_figure(trained),
        "filters.png": lambda: filters_figure(model, test[0][0]),
        "misclassified.png": lambda: mistakes_figure(model, test),
    }
    study.write(options.out, content, figures)


def table_rows(
    trained: Mapping[str, Sequence[Trained]], majority: float, n_test: int
) -> list[list[Any]]:
    """Return a row for each network."""
    rows: list[list[Any]] = [["majority class", None, majority, None, None, None, None]]
    for name, runs in trained.items():
        accuracies = np.array([run.accuracy for run in runs])
        rows.append(
            [
                name,
                f"{runs[0].n_parameters:,}",
                float(accuracies.mean()),
                float(accuracies.std()),
                float(accuracies.min()),
                f"{(1 - accuracies.mean()) * n_test:.1f} of {n_test}",
                f"{np.mean([run.seconds for run in runs]):.2f}",
            ]
        )
    return rows


def accuracy_figure(trained: Mapping[str, Sequence[Trained]]) -> Any:
    """Return a figure with a point for each seed, and the mean of each network."""
    figure = new_figure(7.5, 4.2, "Test accuracy on the digits, from several seeds")
    axes = figure.subplots()
    for number, runs in enumerate(trained.values()):
        accuracies = [run.accuracy for run in runs]
        colour = plots.COLOURS[number]
        axes.plot([number] * len(runs), accuracies, "o", color=colour, alpha=0.6)
        mean = float(np.mean(accuracies))
        axes.plot([number - 0.2, number + 0.2], [mean, mean], color=colour, linewidth=2.5)
        axes.annotate(f"{mean:.3f}", (number + 0.24, mean), va="center")
    axes.set_xticks(range(len(trained)), list(trained))
    axes.set(ylabel="test accuracy", xlim=(-0.5, len(trained) - 0.3))
    axes.grid(axis="y", alpha=0.3)
    return figure


def filters_figure(model: Sequential, image: np.ndarray) -> Any:
    """Return a figure of the first filters, above what they make of a digit."""
    title = "Eight filters of the first convolution, and what they make of a digit"
    figure = new_figure(14, 4.2, title)
    of_filters, of_outputs = figure.subplots(2, SHOWN_FILTERS + 1)
    of_filters[0].axis("off")  # above the digit
    shown = {"max_images": SHOWN_FILTERS, "axes": of_filters[1:]}
    plots.filters(model.layers[0], order="index", **shown)
    plots.feature_maps(model, image, 1, max_images=SHOWN_FILTERS, axes=of_outputs)
    return figure


def mistakes_figure(model: Sequential, test: Examples) -> Any:
    """Return a figure of the digits that the network takes for others."""
    images, numbers = test
    probabilities = model.predict(images)
    predicted = probabilities.argmax(axis=1)
    pixels = np.round(images * 255).astype(np.uint8)
    grid = plots.misclassified(
        pixels, numbers, predicted, CLASSES, probability=probabilities.max(axis=1)
    )
    return grid[0].figure


main = study.command(
    "digits",
    __doc__,
    run,
    EXAMPLES,
    seed=0,
    seed_help="the first of the seeds",
    quick_help=f"{QUICK_SEEDS} seeds instead of {SEEDS}",
)

if __name__ == "__main__":
    sys.exit(main())
