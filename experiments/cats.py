"""Cat or not: the course's deep network on 64 x 64 pictures.

Trains 12288-20-7-5-1 (ReLU, sigmoid) by gradient descent on all 209 pictures at once. What it shows: a network far larger than its
data learns the training pictures almost by heart, yet beats the majority answer on new ones, but not by much. With the real pictures
expect about 0.986 on the 209 training and 0.80 on the 50 test pictures (majority: 0.656 and 0.66). These are the figures of the
course's assignment "Deep neural network for image classification: application", whose initial weights `--seed 1` draws and which
computes in float64: `--dtype float64` repeats them. In float32, the default and twice as fast, the same run rounds differently on
its way, and a test picture or two may come out otherwise (0.78). Without the real files minidl draws stand-ins, which are easier:
their accuracies say nothing about real cats.

It takes some seconds, prints the results, and writes results.json, cost.png and misclassified.png.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minidl
from minidl import (
    L2,
    Adam,
    BinaryCrossEntropy,
    Dropout,
    GradientDescent,
    He,
    Linear,
    Momentum,
    Random,
    ReLU,
    Sequential,
    Sigmoid,
    Xavier,
    Zeros,
)
from minidl.data import load_cats

from .command_line import number, widths, write_whole
from .pictures import cost_picture, misclassified_picture

OPTIMIZERS: dict[str, tuple[Any, float]] = {"gd": (GradientDescent, 0.0075), "momentum": (Momentum, 0.0075), "adam": (Adam, 1e-5)}
INITIALIZERS = {"xavier": Xavier, "he": He, "random": Random, "zeros": Zeros}
QUICK_EPOCHS = 30
EXAMPLES = """examples:
  python -m experiments.cats                                    the course's run
  python -m experiments.cats --data ~/course/datasets           with the real pictures, wherever they lie
  python -m experiments.cats --layers none                      logistic regression, to compare with
  python -m experiments.cats --optimizer adam --batch-size 64 --epochs 300
  python -m experiments.cats --init he --keep-prob 0.8 --l2 0.7 --out results/regularized
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study; return 0, or 1 after an error and 130 after Ctrl-C, each told in one line on stderr."""
    options = parser().parse_args(argv)
    try:
        run(options)
    except KeyboardInterrupt:
        print("cats: interrupted", file=sys.stderr)
        return 130
    except (minidl.MinidlError, OSError, MemoryError) as error:
        print(f"cats: {error}", file=sys.stderr)
        return 1
    return 0


def run(options: argparse.Namespace) -> None:
    """Load, train, report, write."""
    data = load_cats(options.data)
    print(data)
    print("always the commonest class: " + ", ".join(f"{part} {share:.3f} ({name})" for part, (name, share) in data.majority.items()))
    options.out.mkdir(parents=True, exist_ok=True)  # fails before the training rather than after it
    model = build(options, data.train.x.shape[1])
    shape = "-".join(map(str, [data.train.x.shape[1], *options.layers, 1]))
    make, usual_rate = OPTIMIZERS[options.optimizer]
    optimizer = make(usual_rate if options.learning_rate is None else options.learning_rate)
    epochs = min(options.epochs, QUICK_EPOCHS) if options.quick else options.epochs
    print(f"{shape}: {model.parameters.size:,} parameters, {optimizer}, {epochs:,} epochs", flush=True)
    history = model.fit(data.train.x, data.train.y, optimizer=optimizer, epochs=epochs, batch_size=options.batch_size)

    probability = model.predict(data.test.x)[:, 0]
    called = model.predict_classes(data.test.x)
    table = confusion(data.test.labels, called, len(data.classes))
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}
    results = {
        "source": data.source,
        "verified": data.verified,
        "settings": {**settings, "learning_rate": optimizer.learning_rate, "epochs": epochs},
        "majority": {part: share for part, (_, share) in data.majority.items()},
        "train": model.evaluate(data.train.x, data.train.y),
        "test": model.evaluate(data.test.x, data.test.y),
        "classes": data.classes,
        "confusion": table.tolist(),
        "cost_every_100": history.loss[::100],
        "cost_last": history.loss[-1],
        "seconds": history.seconds,
        "versions": {"minidl": minidl.__version__, "numpy": np.__version__, "python": sys.version.split()[0]},
    }
    print(f"accuracy: train {results['train']['accuracy']:.3f}, test {results['test']['accuracy']:.3f}; {history.seconds:.1f} s")
    print(matrix(table, data.classes))
    files = {"results.json": (json.dumps(results, indent=2) + "\n").encode()}
    try:
        files["cost.png"] = cost_picture(history.loss, data, f"{shape}, {optimizer}", penalty=bool(model.penalties))
        files["misclassified.png"] = misclassified_picture(data, called, probability)
    except ImportError:
        print('no pictures: matplotlib is not installed; get it by: pip install -e ".[plot]" (in the checkout)')
    for name, content in files.items():
        write_whole(options.out / name, content)
    print(f"wrote {', '.join(files)} in {options.out}")


def build(options: argparse.Namespace, features: int) -> Sequential:
    """Return the model that the options describe, untrained."""
    init = INITIALIZERS[options.init]()
    layers: list[minidl.Layer] = []
    for width in options.layers:
        layers += [Linear(features, width, init=init), ReLU()] + ([Dropout(options.keep_prob)] if options.keep_prob < 1 else [])
        features = width
    layers += [Linear(features, 1, init=init), Sigmoid()]
    penalties = [L2(options.l2)] if options.l2 else []
    seed = np.random.RandomState(options.seed)  # the course's generator: its seed draws its weights
    return Sequential(layers, loss=BinaryCrossEntropy(), penalties=penalties, seed=seed, dtype=options.dtype)


def confusion(labels: np.ndarray, called: np.ndarray, classes: int) -> np.ndarray:
    """Return how many pictures of each class (row) were called what (column)."""
    return np.bincount(labels * classes + called, minlength=classes**2).reshape(classes, classes)


def matrix(table: np.ndarray, classes: Sequence[str]) -> str:
    """Return the confusion matrix as an aligned table."""
    rows = [["test pictures", *(f"called {name}" for name in classes)]]
    rows += [[f"  really {name}", *map(str, counts)] for name, counts in zip(classes, table, strict=True)]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(row[1:], wide[1:], strict=True))]) for row in rows
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    cli = argparse.ArgumentParser(
        prog="python -m experiments.cats",
        usage="%(prog)s [options]",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole, real = number(int, "a whole number >= 1", lambda n: n >= 1), "%(default)s"
    rates = ", ".join(f"{rate} for {name}" for name, (_, rate) in OPTIMIZERS.items())
    add = cli.add_argument
    add("--epochs", type=whole, default=2500, metavar="N", help=f"passes over the training pictures (default: {real})")
    add("--layers", type=widths, default="20,7,5", metavar="W,W,...", help=f'widths of the hidden layers, or "none" (default: {real})')
    add("--optimizer", choices=OPTIMIZERS, default="gd", help=f"how a step is made (default: {real})")
    add("--learning-rate", type=number(float, "a number > 0", lambda n: n > 0), metavar="R", help=f"size of a step (default: {rates})")
    add("--batch-size", type=whole, metavar="N", help="pictures per step (default: the whole set)")
    add("--l2", type=number(float, "a number >= 0", lambda n: n >= 0), default=0.0, metavar="LAMBDA", help=f"L2 penalty (default: {real})")
    share = number(float, "a number in (0, 1]", lambda n: 0 < n <= 1)
    add("--keep-prob", type=share, default=1.0, metavar="P", help=f"share of hidden units that dropout keeps (default: {real}, no dropout)")
    add("--init", choices=INITIALIZERS, default="xavier", help=f"how the first weights are drawn (default: {real})")
    seed = number(int, "a whole number from 0 to 2**32 - 1", lambda n: 0 <= n < 2**32)
    add("--seed", type=seed, default=1, metavar="N", help=f"where all chance comes from (default: {real}, the course's)")
    add("--dtype", choices=("float32", "float64"), default="float32", help=f"what is computed in (default: {real})")
    add("--data", metavar="FOLDER", help="where the .h5 files lie (default: $MINIDL_DATA, then datasets/, then stand-ins)")
    add("--out", type=Path, default=Path("results/cats"), metavar="DIR", help=f"where the results go (default: {real})")
    add("--quick", action="store_true", help=f"at most {QUICK_EPOCHS} epochs, to try it out")
    return cli


if __name__ == "__main__":
    sys.exit(main())
