"""Hand signs: six classes, a softmax, Adam and mini-batches.

Trains 12288-25-12-6 (ReLU, softmax) by Adam at 1e-4 in batches of 32, on images of hands that show
0 to 5 fingers. What it shows: the same kind of network as for cats, with six outputs instead of
one, and how it overfits. This is the DeepLearning.AI assignment "TensorFlow tutorial" without
TensorFlow; there, 1,500 epochs on 1,080 images give 0.999 on the training and 0.717 on the 120
test images (majority class: 0.167). Expect about these where you have both files. If there are
only the 120 test images, 96 of them are for training and 24 for testing: all 96 are memorized, and
16 of the 24 are classified correctly (9 and 12 with the seeds 2 and 3: so few images say little).
Without files minidl draws stand-ins, which say nothing about real hands.

It takes from half a minute to some minutes, prints the results, and writes results.json, cost.png,
confusion.png and misclassified.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minidl import plots
from minidl.cli.dataset_options import DEFAULTS
from minidl.data import Dataset, load_signs

from . import image_classification, study
from .figures import draw_chance_level, short_source
from .image_classification import TrainedNetwork

QUICK = DEFAULTS["signs"]._replace(epochs=150, adaptive_learning_rate=1e-3)
EXAMPLES = """examples:
  python -m experiments.signs
  python -m experiments.signs --data ~/course/datasets --epochs 300
  python -m experiments.signs --keep-prob 0.8 --l2 0.5 --out results/signs-regularized
  python -m experiments.signs --layers none               softmax regression, for comparison
"""


def run(options: argparse.Namespace) -> None:
    """Load, train, report, write."""
    dataset, defaults = load_signs(options.data), DEFAULTS["signs"]
    if options.quick:
        dataset, defaults = image_classification.halved(dataset), QUICK
    trained = image_classification.train(options, dataset, defaults)
    probability = trained.model.predict(dataset.test.x)
    predicted = probability.argmax(axis=1)
    results = image_classification.report(options, dataset, trained, predicted)
    results["network"] = trained.name
    rate = f" at {options.learning_rate:g}" if options.learning_rate else ""
    batches = f"batches of {options.batch_size}" if options.batch_size else "full batch"
    training = f"{trained.name}, {options.optimizer}{rate}, {batches}"
    figures: dict[str, Callable[[], Any]] = {
        "cost.png": lambda: cost_figure(trained, dataset, training),
        "confusion.png": lambda: confusion_figure(dataset, predicted),
    }
    if (predicted != dataset.test.labels).any():
        figures["misclassified.png"] = lambda: misclassified_figure(dataset, predicted, probability)
    study.write(options.out, results, figures)


def cost_figure(trained: TrainedNetwork, dataset: Dataset, training: str) -> Any:
    """Return a figure of the cost over the epochs."""
    axes = plots.learning_curves(trained.history, held_out="test")
    draw_chance_level(axes, n_classes=len(dataset.classes))
    axes.set(
        ylim=(0, None),
        ylabel="cost (cross-entropy)",
        xlabel=f"epoch (one pass over the {len(dataset.train)} training images)",
    )
    axes.figure.suptitle("Hand signs: cost during training")
    axes.set_title(f"{training}\n{short_source(dataset)}", fontsize=9, color=plots.GREY)
    axes.legend()
    return axes


def confusion_figure(dataset: Dataset, predicted: np.ndarray) -> Any:
    """Return a figure of the confusion matrix of the test images."""
    axes = plots.confusion_matrix(dataset.test.labels, predicted, dataset.classes)
    axes.set(xlabel="predicted sign", ylabel="true sign")
    axes.figure.suptitle(f"Hand signs: the {len(dataset.test)} test images")
    return axes


def misclassified_figure(dataset: Dataset, predicted: np.ndarray, probability: np.ndarray) -> Any:
    """Return a figure of the misclassified test images, the most confident mistakes first."""
    test = dataset.test
    confidence = probability.max(axis=1)
    grid = plots.misclassified(
        test.images, test.labels, predicted, dataset.classes, probability=confidence
    )
    return grid[0]


main = image_classification.command("signs", __doc__, run, EXAMPLES, DEFAULTS["signs"], QUICK)

if __name__ == "__main__":
    sys.exit(main())
