"""Cat or not: a four-layer network on 64 x 64 images.

Trains 12288-20-7-5-1 (ReLU, sigmoid) by gradient descent on all 209 images at once. What it shows:
a network far larger than its data almost memorizes the training images, yet does better than the
majority class on new ones, though not by much. With the real images expect about 0.986 on the 209
training and 0.80 on the 50 test images (majority class: 0.656 and 0.66). These are the figures of
the DeepLearning.AI assignment "Deep neural network for image classification: application", whose
initial weights `--seed 1` draws and which computes in float64: `--dtype float64` repeats them. In
float32, the default and twice as fast, the same run rounds differently, and a test image or two
may be classified differently (0.78). Without the real files minidl draws stand-ins, which are
easier: their accuracies say nothing about real cats.

It takes some seconds, prints the results, and writes results.json, cost.png and misclassified.png.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from minidl import plots
from minidl.cli.dataset_options import DEFAULTS
from minidl.data import Dataset, load_cats

from . import image_classification, study
from .figures import draw_chance_level, new_figure, short_source
from .image_classification import TrainedNetwork

QUICK = DEFAULTS["cats"]._replace(
    epochs=150, optimizer="adam", adaptive_learning_rate=5e-4, batch_size=16
)
EXAMPLES = """examples:
  python -m experiments.cats                                    the run of the assignment
  python -m experiments.cats --data ~/course/datasets           with the real images in a folder
  python -m experiments.cats --layers none                      logistic regression, for comparison
  python -m experiments.cats --optimizer adam --batch-size 64 --epochs 300
  python -m experiments.cats --init he --keep-prob 0.8 --l2 0.7 --out results/regularized
"""


def run(options: argparse.Namespace) -> None:
    """Load, train, report, write."""
    dataset, defaults = load_cats(options.data), DEFAULTS["cats"]
    if options.quick:
        dataset, defaults = image_classification.halved(dataset), QUICK
    trained = image_classification.train(options, dataset, defaults)
    probability = trained.model.predict(dataset.test.x)[:, 0]
    predicted = trained.model.predict_classes(dataset.test.x)
    results = image_classification.report(options, dataset, trained, predicted)
    figures = {
        "cost.png": lambda: cost_figure(trained, dataset),
        "misclassified.png": lambda: misclassified_figure(dataset, predicted, probability),
    }
    study.write(options.out, results, figures)


def cost_figure(trained: TrainedNetwork, dataset: Dataset) -> Any:
    """Return a figure of the cost over the epochs."""
    figure = new_figure(7, 4.5, "Cat or not: cost during training")
    axes = plots.learning_curves(trained.history, held_out="test", axes=figure.add_subplot())
    draw_chance_level(axes)
    penalty = " + L2 penalty" if trained.model.penalties else ""
    axes.set(
        xlabel=f"epoch (one pass over the {len(dataset.train)} training images)",
        ylabel=f"cost (cross-entropy{penalty})",
        ylim=(0, None),
        xlim=(0, trained.history.epochs + 1),
    )
    title = f"{trained.name}, {trained.optimizer}\n{short_source(dataset)}"
    axes.set_title(title, fontsize=9, color=plots.GREY)
    axes.legend()
    return figure


def misclassified_figure(dataset: Dataset, predicted: np.ndarray, probability: np.ndarray) -> Any:
    """Return a figure of the misclassified test images, the most confident mistakes first."""
    confidence = np.where(predicted == 1, probability, 1 - probability)
    test = dataset.test
    grid = plots.misclassified(
        test.images, test.labels, predicted, dataset.classes, probability=confidence
    )
    if len(grid):
        figure = grid[0].figure
    else:
        figure = new_figure(7, 1.2, f"None of {len(test)} test images was misclassified")
    figure.suptitle(f"{figure.get_suptitle()}\n{short_source(dataset)}", fontsize=11)
    return figure


main = image_classification.command("cats", __doc__, run, EXAMPLES, DEFAULTS["cats"], QUICK)

if __name__ == "__main__":
    sys.exit(main())
