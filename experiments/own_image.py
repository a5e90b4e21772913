"""Your own images, classified by a network that is trained on the cats.

Reads JPEG or PNG images of any size, scales them to 64 x 64, and classifies them with a network
that it first trains on the cat images, as `python -m experiments.cats` does. What it shows: the
whole way from a photo to a prediction, and that the prediction is not to be trusted: the network
has seen 209 small images and classifies about 8 in 10 new ones correctly, so expect surprises,
also very confident ones. This is the end of the DeepLearning.AI assignment "Deep neural network
for image classification: application". Trained on the drawn stand-ins, the network has never seen
a real cat, and the output says so.

Grey, palette, transparent (on white) and rotated images are read as they look. It prints a table
and writes results.json and answers.png: each image as the network sees it, with the prediction. It
needs Pillow: pip install -e ".[plot]" in the checkout. `minidl predict` does the same with a saved
network.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minidl import GradientDescent, History, Sequential, Xavier
from minidl.cli.argument_types import POSITIVE_INTEGER
from minidl.data import Dataset, load_cats, read_image

from . import study
from .figures import new_figure
from .networks import binary_network

WIDTHS = (12288, 20, 7, 5, 1)
LEARNING_RATE = 0.0075
EPOCHS = 2500
QUICK_EPOCHS = 30
MAX_IMAGES = 20  # in the figure
MAX_COLUMNS = 5
MAX_NAME = 24  # characters of a file's name above its image
EXAMPLES = """examples:
  python -m experiments.own_image my_cat.jpg
  python -m experiments.own_image holidays/*.jpg --data ~/course/datasets --out results/holidays
"""


def run(options: argparse.Namespace) -> None:
    """Read, train, predict, write."""
    # Reading the images first fails before the training rather than after it.
    images = np.stack([read_image(path) for path in options.pictures])
    dataset = load_cats(options.data)
    print(dataset)
    if dataset.source.startswith("stand-in"):
        print(
            "note: trained on drawn cats, the network knows nothing of real ones; "
            "see datasets/README.md for the real files"
        )
    epochs = min(options.epochs, QUICK_EPOCHS) if options.quick else options.epochs
    model, history = train(dataset, options.seed, epochs)
    test_scores = model.evaluate(dataset.test.x, dataset.test.y)
    majority_class, majority_share = dataset.majority_class["test"]
    print(
        f"accuracy on the {len(dataset.test)} test images: {test_scores['accuracy']:.3f} "
        f"(majority class {majority_class}: {majority_share:.3f}); {history.seconds:.1f} s"
    )
    probabilities = model.predict(images.reshape(len(images), -1) / 255)[:, 0].tolist()
    predictions = [dataset.classes[int(probability > 0.5)] for probability in probabilities]
    paths = [str(path) for path in options.pictures]
    rows = list(zip(paths, predictions, probabilities, strict=True))
    print(study.table([["image", "prediction", "probability of a cat"], *rows]))
    results = {
        "source": dataset.source,
        "verified": dataset.verified,
        "settings": {**study.arguments(options), "epochs": epochs, "pictures": paths},
        "test": test_scores,
        "answers": [
            {"picture": path, "called": prediction, "probability_of_cat": probability}
            for path, prediction, probability in rows
        ],
        "seconds": history.seconds,
        "versions": study.versions(),
    }
    figures = {
        "answers.png": lambda: predictions_figure(
            options.pictures, images, predictions, probabilities
        )
    }
    study.write(options.out, results, figures)


def train(dataset: Dataset, seed: int, epochs: int) -> tuple[Sequential, History]:
    """Train the network of the assignment on the cat images."""
    model = binary_network(
        WIDTHS, init=Xavier(), seed=np.random.RandomState(seed), dtype=np.float32
    )
    optimizer = GradientDescent(LEARNING_RATE)
    print(
        f"training first (minidl predict uses a saved network instead): "
        f"{study.network_name(WIDTHS)}, {optimizer}, {epochs:,} epochs",
        flush=True,
    )
    X, Y = dataset.train.x, dataset.train.y
    return model, model.fit(X, Y, optimizer=optimizer, epochs=epochs, batch_size=None)


def predictions_figure(
    paths: Sequence[Path],
    images: np.ndarray,
    predictions: Sequence[str],
    probabilities: Sequence[float],
) -> Any:
    """Return a figure of the first images as the network sees them, with the predictions."""
    n_images = min(len(images), MAX_IMAGES)
    columns = min(n_images, MAX_COLUMNS)
    rows = math.ceil(n_images / columns)
    figure = new_figure(
        max(2.1 * columns, 4.5),
        2.6 * rows + 0.5,
        "Your images, as the network sees them (64 x 64)",
    )
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, path, image, prediction, probability in zip(
        grid, paths, images, predictions, probabilities, strict=False
    ):
        axes.imshow(image)
        name = path.name if len(path.name) <= MAX_NAME else f"{path.name[: MAX_NAME - 4]}..."
        confidence = min(max(probability, 1 - probability), 0.99)  # no model is certain
        title = f"{name}\n{prediction} ({confidence:.0%})"
        axes.set_title(title, fontsize=9, parse_math=False)
    return figure


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the images and --epochs."""
    parser.usage = "%(prog)s IMAGE... [options]"
    text = "a JPEG or PNG file"
    parser.add_argument("pictures", nargs="+", type=Path, metavar="IMAGE", help=text)
    text = "epochs of training (default: %(default)s)"
    parser.add_argument("--epochs", type=POSITIVE_INTEGER, default=EPOCHS, metavar="N", help=text)


main = study.command(
    "own_image",
    __doc__,
    run,
    EXAMPLES,
    seed=1,
    seed_help="seed of the initial weights",
    quick_help=f"at most {QUICK_EPOCHS} epochs",
    options=[add_options, study.add_data_option],
)

if __name__ == "__main__":
    sys.exit(main())
