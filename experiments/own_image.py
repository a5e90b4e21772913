"""A picture of your own, and whether the network sees a cat in it.

Reads JPEG or PNG pictures of any size, scales them to 64 x 64, and asks a network that it has just trained on the cat pictures, as
`python -m experiments.cats` does (trained models cannot be saved yet, and training takes seconds). What it shows: the whole way from
a photo to an answer, and that the answer is not to be trusted: the network has seen 209 small pictures and calls about 8 in 10 new
ones rightly, so expect surprises, also very sure ones. This is the end of the course's assignment "Deep neural network for image
classification: application". Trained on the drawn stand-ins, it has never seen a real cat, and says so.

Grey, palette, transparent (on white) and rotated pictures are read as they look. It prints a table and writes results.json and
answers.png: each picture as the network sees it, with the answer. It needs Pillow: pip install -e ".[plot]" in the checkout.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minidl import GradientDescent, Xavier
from minidl.cli.argument_types import number_type
from minidl.data import load_cats, read_image

from . import study
from .networks import relu_network
from .pictures import new_figure

WIDTHS, LEARNING_RATE = (12288, 20, 7, 5, 1), 0.0075
EPOCHS, QUICK_EPOCHS = 2500, 30
EXAMPLES = """examples:
  python -m experiments.own_image my_cat.jpg
  python -m experiments.own_image holidays/*.jpg --data ~/course/datasets --out results/holidays
"""


def run(options: argparse.Namespace) -> None:
    """Read, train, answer, write."""
    images = np.stack(
        [read_image(path) for path in options.pictures]
    )  # fails before the training rather than after it
    data = load_cats(options.data)
    print(data)
    if data.source.startswith("stand-in"):
        print(
            "note: trained on drawn cats, the network knows nothing of real ones; with the course's files it does (see datasets/README.md)"
        )
    model = relu_network(WIDTHS, init=Xavier(), seed=options.seed, dtype=np.float32)
    epochs = min(options.epochs, QUICK_EPOCHS) if options.quick else options.epochs
    optimizer = GradientDescent(LEARNING_RATE)
    print(
        f"training first (minidl predict asks a saved network instead): {'-'.join(map(str, WIDTHS))}, {optimizer}, {epochs:,} epochs",
        flush=True,
    )
    history = model.fit(
        data.train.x, data.train.y, optimizer=optimizer, epochs=epochs, batch_size=None
    )
    test = model.evaluate(data.test.x, data.test.y)
    print(
        f"accuracy on the {len(data.test)} test pictures: {test['accuracy']:.3f} (always {data.majority_class['test'][0]}: ",
        end="",
    )
    print(f"{data.majority_class['test'][1]:.3f}); {history.seconds:.1f} s")

    probability = model.predict(images.reshape(len(images), -1) / 255)[:, 0]
    answers = [data.classes[int(p > 0.5)] for p in probability]
    rows = [
        [str(path), answer, float(p)]
        for path, answer, p in zip(options.pictures, answers, probability, strict=True)
    ]
    print(study.table([["picture", "called", "probability of a cat"], *rows]))
    results = {
        "source": data.source,
        "verified": data.verified,
        "settings": {
            **study.settings(options),
            "epochs": epochs,
            "pictures": [str(path) for path in options.pictures],
        },
        "test": test,
        "answers": [
            {"picture": path, "called": answer, "probability_of_cat": p} for path, answer, p in rows
        ],
        "seconds": history.seconds,
        "versions": study.versions(),
    }
    study.write(
        options.out,
        results,
        {"answers.png": lambda: answers_picture(options.pictures, images, answers, probability)},
    )


def answers_picture(
    paths: Sequence[Path], images: np.ndarray, answers: Sequence[str], probability: np.ndarray
) -> Any:
    """Return a figure of the pictures as the network sees them, at most 20, with the answers."""
    shown = min(len(images), 20)
    columns = min(shown, 5)
    rows = -(-shown // columns)
    figure = new_figure(
        max(2.1 * columns, 4.5),
        2.6 * rows + 0.5,
        "Your pictures, as the network sees them (64 x 64)",
    )
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, path, image, answer, p in zip(
        grid, paths, images, answers, probability, strict=False
    ):
        axes.imshow(image)
        name = path.name if len(path.name) <= 24 else f"{path.name[:20]}..."
        sure = min(float(max(p, 1 - p)), 0.99)  # never "100 %": no model is certain
        axes.set_title(f"{name}\ncalled: {answer} ({sure:.0%} sure)", fontsize=9, parse_math=False)
    return figure


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    quick = f"at most {QUICK_EPOCHS} epochs"
    cli = study.parser(
        "own_image",
        str(__doc__),
        EXAMPLES,
        seed=1,
        seed_help="where the first weights come from",
        quick_help=quick,
    )
    cli.usage = "%(prog)s PICTURE... [options]"
    cli.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="a JPEG or PNG file")
    whole = number_type(int, "an integer >= 1", lambda n: n >= 1)
    cli.add_argument(
        "--epochs",
        type=whole,
        default=EPOCHS,
        metavar="N",
        help="passes over the training pictures (default: %(default)s)",
    )
    cli.add_argument(
        "--data",
        metavar="FOLDER",
        help="where the .h5 files lie (default: $MINIDL_DATA, then datasets/, then stand-ins)",
    )
    return cli


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study and return its exit status."""
    return study.main("own_image", run, parser().parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
